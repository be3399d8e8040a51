"""Follows what the pages link to: in the site, to the file and the place in it. Nothing is fetched."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

PLAIN = re.compile(r'</?span(?: class="[^"]*")?>')  # every word of code is in one: nothing to see in them
IN_STYLES = re.compile(r"url\(\s*['\"]?([^'\")]+)|@import\s+['\"]([^'\"]+)")


@dataclass(eq=False)
class Page(HTMLParser):
    """What of a page matters here.

    Attributes:
        links: of each link, what its element is and where it leads.
        places: the ids in it.
        without_alt: pictures that say nothing to who can't see them.
    """

    links: list[tuple[str, str]] = field(default_factory=list)
    places: set[str] = field(default_factory=set)
    without_alt: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if "id" in given:
            self.places.add(given["id"])
        self.links += [(tag, given[name]) for name in ("href", "src") if name in given and given[name]]
        self.links += [("img", url) for url in _styled(given.get("style", ""))]
        if tag == "img" and not given.get("alt", "").strip():
            self.without_alt.append(given.get("src", "")[:80])


@cache
def read(path: Path) -> Page:
    """A page, read once."""
    page = Page()
    page.feed(PLAIN.sub("", path.read_text("utf-8")))
    return page


def problems(site: Path, *, elsewhere: tuple[str, ...] = ()) -> list[str]:
    """What is wrong with the pages of a folder, one line each, with the page's name.

    Args:
        site: the folder.
        elsewhere: folders in it that others make: not looked into, and a link there is right.
    """
    read.cache_clear()
    pages = [
        page for page in sorted(site.rglob("*.html")) if page.relative_to(site).parts[0] not in elsewhere
    ]
    found = [
        f"{page.relative_to(site).as_posix()}: {what}"
        for page in pages
        for what in _wrong(page, site, elsewhere)
    ]
    for sheet in sorted(site.rglob("*.css")):
        if sheet.relative_to(site).parts[0] not in elsewhere:
            found += [
                f"{sheet.relative_to(site).as_posix()}: gets {url} from elsewhere"
                for url in _styled(sheet.read_text("utf-8"))
                if _is_elsewhere(url)
            ]
    return found


def _wrong(path: Path, site: Path, elsewhere: tuple[str, ...]) -> Iterator[str]:
    page = read(path)
    yield from (f"a picture without alt text: {picture}" for picture in page.without_alt)
    for tag, url in page.links:
        loads = tag != "a"
        if url.startswith("data:") or (_is_elsewhere(url) and not loads):
            continue
        if _is_elsewhere(url):
            yield f"<{tag}> gets {url} from elsewhere"
        elif url.startswith("/"):
            yield f"{url} is no relative link, so it leads nowhere from file://"
        elif not _leads_somewhere(path, url, site, elsewhere):
            yield f"{url} leads nowhere"


def _is_elsewhere(url: str) -> bool:
    return bool(urlsplit(url).scheme or url.startswith("//")) and not url.startswith("data:")


def _leads_somewhere(page: Path, url: str, site: Path, elsewhere: tuple[str, ...]) -> bool:
    parts = urlsplit(url)
    target = (page.parent / unquote(parts.path)).resolve() if parts.path else page.resolve()
    if any(target.is_relative_to(site.resolve() / folder) for folder in elsewhere):
        return True
    if not target.is_relative_to(site.resolve()) or not target.is_file():
        return False
    if target.suffix != ".html":
        return True
    fragment = unquote(parts.fragment)
    return not fragment or fragment in read(target).places


def _styled(css: str) -> Iterator[str]:
    """What a style would get."""
    return (url or imported for url, imported in IN_STYLES.findall(css))
