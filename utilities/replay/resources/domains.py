"""Which domains a web tool's `allowed_domains` and `blocked_domains` can hold. [doc: the page about tools]"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

Resource = dict[str, Any]

MOST = 64  # domains in a list
LONGEST = 255  # characters of one
LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?")
NUMBER = re.compile(r"\d+|0x[0-9a-f]*")  # as the last label it makes the whole an address: 127.1 too
LOCAL = ("localhost", "local", "internal", "localdomain", "invalid")
# Registry suffixes of two labels, the most used ones: the service has the whole public list. [ours]
SUFFIXES = {
    f"{second}.{country}"
    for country, seconds in {
        "uk": "ac co gov org", "au": "com edu gov net org", "jp": "ac co go or", "nz": "ac co govt org",
        "br": "com gov org", "in": "co gov org", "kr": "co go or", "za": "ac co gov org", "cn": "com gov org",
        "mx": "com gob org", "ar": "com gob org", "tr": "com gov org", "il": "ac co org", "tw": "com gov org",
    }.items()
    for second in seconds.split()
}  # fmt: skip
HOSTED_BOTH = "Only one of allowed_domains or blocked_domains may be set."
HOSTED_EMPTY = "Empty list of domains is ambiguous. Provide at least one domain or null."


def wrong_lists(config: Resource) -> Iterator[str]:
    """What is wrong with the domain lists of one tool's configuration, each as what follows its path."""
    given = {
        name: config[name] for name in ("allowed_domains", "blocked_domains") if config.get(name) is not None
    }
    if len(given) == 2:
        yield f": {HOSTED_BOTH}"
    for name, domains in given.items():
        if not domains:
            yield f".{name}: {HOSTED_EMPTY}"
        elif len(domains) > MOST:
            yield f".{name}: at most {MOST} domains, not {len(domains)}"
        seen: set[str] = set()
        for number, domain in enumerate(domains):
            same = domain.lower().removesuffix("/")
            if told := wrong(domain, with_path=config["name"] == "web_search"):
                yield f".{name}.{number}: {told}"
            elif same in seen:
                yield f".{name}.{number}: {domain!r} is in the list twice"
            seen.add(same)


def wrong(domain: str, *, with_path: bool) -> str | None:
    """What is wrong with one domain; None if nothing is.

    Args:
        domain: as it was sent.
        with_path: whether it may have a path behind the host, as for `web_search`.
    """
    if not 1 <= len(domain) <= LONGEST:
        return f"a domain has 1 to {LONGEST} characters"
    if not domain.isascii():
        return f"{domain!r} is not ASCII; write it in its xn-- form"
    host, slash, path = domain.lower().removesuffix("/").partition("/")
    if "://" in domain:
        return f"{domain!r} is a URL; give the host name only"
    labels = host.split(".")
    if host.startswith("[") or host.count(":") > 1 or NUMBER.fullmatch(labels[-1]):
        return "IP addresses are not supported; list the site's domain name"
    if slash and not with_path:
        return f"{domain!r} has a path; give the host name only"
    if re.search(r"[\s?#$,|^!]", path):
        return f"{domain!r}: a path can't contain blanks or any of ? # $ , | ^ !"
    if not all(LABEL.fullmatch(label) for label in labels):
        return f"{domain!r} is not a plain host name: letters, digits, hyphens, underscores and dots only"
    if labels[-1] in LOCAL:
        return f"{domain!r} is no public name"
    if len(labels) == 1 or host in SUFFIXES:
        return f"{domain!r} is not a full domain, such as example.com"
    return None
