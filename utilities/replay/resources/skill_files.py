"""What a skill is uploaded as: a folder of files, or one zip of it, with SKILL.md at its top."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

from ..http.errors import ApiError
from ..http.requests import Upload

INSTRUCTIONS = "SKILL.md"
MOST_BYTES = 30 * 1024 * 1024  # of all files together, unpacked [doc]
MOST_FILES = 1_000  # in a zip, as in a form [ours]
LONGEST_HEAD, DEEPEST_HEAD = 8 * 1024, 50  # characters of SKILL.md's head, levels of brackets in it [ours]
ENTRY = b"PK\x01\x02"  # how a file's entry in a zip's directory begins
NAME = re.compile("[a-z0-9-]{1,64}")  # [doc]
RESERVED = ("anthropic", "claude")  # in a skill's name [doc]
LONGEST_DESCRIPTION = 1024  # characters [doc]
TAG = re.compile(r"</?[A-Za-z][^<>]*>")  # of XML: in no name and no description [doc]
HEAD = re.compile(r"\A\ufeff?---[ \t]*\r?\n(.*?)^---[ \t]*(\r?\n|\Z)", re.S | re.M)
SOME_TIME = (2026, 1, 1, 0, 0, 0)  # of the entries of a zip: it is the same each time


@dataclass(frozen=True)
class Bundle:
    """The files of one version of a skill.

    Attributes:
        name: of SKILL.md's head, or of the folder if it has none. [sdk]
        description: of SKILL.md's head.
        files: by path below the skill's folder.
    """

    name: str
    description: str
    files: dict[str, bytes]

    @cached_property
    def size(self) -> int:
        """Bytes of the files together."""
        return sum(map(len, self.files.values()))

    def zipped(self) -> bytes:
        """The files in a folder of the skill's name, as they are downloaded. [sdk]

        They aren't made smaller: for as long as that takes, nobody else would get an answer.
        """
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as zip:
            for path in sorted(self.files):
                zip.writestr(zipfile.ZipInfo(f"{self.name}/{path}", SOME_TIME), self.files[path])
        return archive.getvalue()


def bundled(uploads: Sequence[Upload]) -> Bundle:
    """The skill in a form's files.

    Raises:
        ApiError: 400, or 413 if they are too large.
    """
    if not uploads:
        raise ApiError(400, "files: Field required, as parts of a multipart/form-data body")
    first = uploads[0]
    if len(uploads) == 1 and (first.filename.endswith(".zip") or first.content.startswith(b"PK\x03\x04")):
        given = list(_unzipped(first.content))
    else:
        given = [(upload.filename, upload.content) for upload in uploads]
    if sum(len(content) for _, content in given) > MOST_BYTES:
        raise _too_large()
    files: dict[str, bytes] = {}
    for filename, content in given:
        path = _path(filename)
        if path in files:
            raise ApiError(400, f"files: {path} is there twice")
        files[path] = content
    folder, files = _opened(files)
    head = _head(files[INSTRUCTIONS])
    name = head.get("name") or folder
    return Bundle(_name(name), _description(head.get("description")), files)


def _unzipped(content: bytes) -> Iterator[tuple[str, bytes]]:
    if content.count(ENTRY) > MOST_FILES:  # before the directory is read
        raise ApiError(400, f"files: more than {MOST_FILES:,} files in the zip, or in archives within it")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            if sum(member.file_size for member in members) > MOST_BYTES:
                raise _too_large()  # before anything is unpacked
            for member in members:
                with archive.open(member) as file:
                    yield member.filename, file.read(member.file_size)  # a bomb says less than it unpacks to
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError) as error:
        raise ApiError(400, f"files: the zip can't be read: {error}") from error


def _path(filename: str) -> str:
    """A file's path in the upload; one that leads elsewhere is refused."""
    path = PurePosixPath(filename.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or not path.parts or "\0" in filename:
        raise ApiError(400, f"files: {filename[:80]!r} is not a path in the skill's folder")
    return str(path)


def _opened(files: dict[str, bytes]) -> tuple[str | None, dict[str, bytes]]:
    """The folder that all files are in, if there is one, and the files below it. [sdk, doc]"""
    tops = {path.partition("/")[0] for path in files}
    inside = {path.partition("/")[2]: content for path, content in files.items()}
    if len(tops) == 1 and "" not in inside and INSTRUCTIONS in inside:
        return tops.pop(), inside
    if INSTRUCTIONS in files:
        return None, files
    found = ", ".join(sorted(files)[:3])
    raise ApiError(400, f"files: no {INSTRUCTIONS} at the top of one folder that has all files, only {found}")


def _head(content: bytes) -> dict[str, Any]:
    """The YAML between the lines `---` that SKILL.md begins with."""
    import yaml  # here: it isn't everywhere, and without skills nobody needs it

    try:
        match = HEAD.match(content.decode("utf-8")[:LONGEST_HEAD])
        head = None
        if match:
            _require_short(yaml.scan(match[1]))
            head = yaml.safe_load(match[1])
    except (UnicodeDecodeError, yaml.YAMLError, RecursionError, ValueError) as error:
        said = " ".join(str(error).split())
        raise ApiError(400, f"{INSTRUCTIONS}: its head can't be read: {said}") from error
    if not isinstance(head, dict):
        within = f", within {LONGEST_HEAD:,} characters" if len(content) > LONGEST_HEAD else ""
        told = f"it must begin with `---`, name: and description:, and `---`{within}"
        raise ApiError(400, f"{INSTRUCTIONS}: {told}")
    return head


def _require_short(tokens: Iterable[Any]) -> None:
    """Refuse YAML of which a few lines take gigabytes, or seconds.

    Raises:
        ValueError: it has aliases, or brackets in brackets in brackets.
    """
    depth = 0
    for token in tokens:
        kind = type(token).__name__
        if kind == "AliasToken":
            raise ValueError("it has an alias (*name); write out what it stands for")
        depth += kind.startswith("Flow") * (kind.endswith("StartToken") - kind.endswith("EndToken"))
        if depth > DEEPEST_HEAD:
            raise ValueError(f"more than {DEEPEST_HEAD} brackets are open at once")


def _name(name: Any) -> str:
    if not isinstance(name, str) or not NAME.fullmatch(name):
        told = "must have 1 to 64 lower-case letters, digits and hyphens"
        raise ApiError(400, f"{INSTRUCTIONS}: name: {str(name)[:80]!r} {told}")
    if word := next((word for word in RESERVED if word in name), None):
        raise ApiError(400, f"{INSTRUCTIONS}: name: {name!r} has the reserved word {word!r} in it")
    return name


def _description(text: Any) -> str:
    if not isinstance(text, str) or not text.strip():
        raise ApiError(
            400, f"{INSTRUCTIONS}: description: must not be empty: it says when the skill is of use"
        )
    if len(text) > LONGEST_DESCRIPTION:
        what = f"1 to {LONGEST_DESCRIPTION} characters, not {len(text)}"
        raise ApiError(400, f"{INSTRUCTIONS}: description: {what}")
    if TAG.search(text):
        raise ApiError(400, f"{INSTRUCTIONS}: description: must have no XML tags")
    return text


def _too_large() -> ApiError:
    return ApiError(413, f"files: more than {MOST_BYTES} bytes together, unpacked")
