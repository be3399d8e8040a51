"""What README, CONTRIBUTING and the notebooks point at is there."""

import re
from pathlib import Path

import pytest

from tests.kit.places import NOTEBOOKS, ROOT
from utilities.course.running.notebooks import read

READMES = [ROOT / "README.md", ROOT / "utilities/replay/README.md"]
PAGES = [*READMES, ROOT / "CONTRIBUTING.md", *sorted(NOTEBOOKS.rglob("*.ipynb"))]
PAGES = [path for path in PAGES if ".ipynb_checkpoints" not in path.parts]
# Files and folders of the project, when a sentence names one: `utilities/turn/`, `tests/kit/offline`.
NAMED = re.compile(r"`((?:utilities|tests|notebooks|example_data)/[\w./]*)`")
WRITTEN = {"utilities/replay/live.json"}  # by `make confirm-live`, when somebody with a key has run it
LINK = re.compile(r"\]\(([^)\s]+)\)")


def prose(path: Path) -> str:
    if path.suffix == ".md":
        return path.read_text("utf-8")
    return "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_and_names_of_files_lead_somewhere(path):
    text = prose(path)
    links = [link.partition("#")[0] for link in LINK.findall(text) if not re.match(r"\w+:|#", link)]
    missing = [link for link in links if not (path.parent / link).exists()]
    missing += [
        name
        for name in NAMED.findall(text)
        if "NN" not in name and name not in WRITTEN and not (ROOT / name).exists()
    ]
    assert missing == []


@pytest.mark.parametrize(
    "path", PAGES[: len(READMES) + 1], ids=lambda path: path.relative_to(ROOT).as_posix()
)
def test_every_make_target_that_is_named_is_there(path):
    targets = re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text("utf-8"), re.M)
    assert set(re.findall(r"\bmake ([a-z-]+)`", path.read_text("utf-8"))) <= set(targets)


@pytest.mark.parametrize(
    "path", PAGES[: len(READMES) + 1], ids=lambda path: path.relative_to(ROOT).as_posix()
)
def test_every_module_that_is_run_is_there(path):
    for module in re.findall(r"python -m ((?:utilities|tests)[\w.]*)", path.read_text("utf-8")):
        file = ROOT / module.replace(".", "/")
        assert file.with_suffix(".py").is_file() or (file / "__main__.py").is_file(), module


def test_the_readme_leads_to_every_lesson_and_to_what_goes_deeper():
    notebooks = [*NOTEBOOKS.glob("*.ipynb"), *NOTEBOOKS.glob("deep/*.ipynb")]
    links = LINK.findall(prose(ROOT / "README.md"))
    assert {path.relative_to(ROOT).as_posix() for path in notebooks} <= set(links)
