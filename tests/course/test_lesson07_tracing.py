"""What lesson 07 gives away: a call of any repository traced, also where it does more than add up."""

from __future__ import annotations

import pytest

from utilities.course import lesson07
from utilities.course.lesson07.tracing import reached

FERRY, SHOP = lesson07.FERRY, lesson07.SHOP


@pytest.fixture
def repository(tmp_path):
    """Makes the folder `demo` with files; its package has one module."""

    def make(source, **files):
        folder = tmp_path / "demo"
        package = folder / files.pop("package", "demo")
        package.mkdir(parents=True)
        (package / "__init__.py").write_text(source)
        for name, data in files.items():
            (folder / name).write_bytes(data)
        return folder

    return make


def test_what_a_call_changes_in_the_repository_does_not_stay(repository):
    folder = repository("def f():\n    open('kept', 'a').write('x')\n    return open('kept').read()\n")
    assert reached(folder, "f()").result == reached(folder, "f()").result == "x"
    assert not (folder / "kept").exists() and not list(folder.rglob("__pycache__"))


def test_lines_that_run_in_a_thread_are_seen(repository):
    folder = repository(
        "import threading\ndef work():\n    x = 1\n\ndef f():\n"
        "    thread = threading.Thread(target=work)\n    thread.start()\n    thread.join()\n"
    )
    assert ("demo/__init__.py", 3) in reached(folder, "f()")


def test_a_data_file_that_is_no_text_takes_part(repository):
    folder = repository("def f():\n    return len(open('data', 'rb').read())\n", data=b"\xff\xfe\x00")
    trace = reached(folder, "f()")
    assert trace.result == "3" and "data" in trace.paths


def test_a_data_file_that_the_call_deletes_is_left_out(repository):
    folder = repository("import os\ndef f():\n    open('data').read()\n    os.remove('data')\n", data=b"1")
    assert reached(folder, "f()").paths == ["demo/__init__.py"]
    assert (folder / "data").exists()


@pytest.mark.parametrize("package", ["other", "src/other"])
def test_a_package_that_is_not_called_as_its_folder_is_named(repository, package):
    trace = reached(repository("def f():\n    return 8\n", package=package), "f()", package="other")
    assert trace.result == "8" and trace[f"{package}/__init__.py", 2] == "    return 8"


def test_a_line_that_reads_otherwise_keeps_its_indentation(repository):
    folder = repository("def f():\n    return 7\n")
    place = "demo/__init__.py", 2
    trace = reached(folder, "f()", instead={place: "return 8"})
    assert trace.result == "8" and trace[place] == "    return 8"
    assert reached(folder, "f()").result == "7"


@pytest.mark.parametrize("place", [("demo/no.py", 1), ("../answer.json", 1), ("demo/__init__.py", 9)])
def test_a_line_that_is_not_in_the_repository_is_not_replaced(repository, place):
    with pytest.raises(ValueError, match="in the repository, so it can't be replaced"):
        reached(repository("def f():\n    return 7\n"), "f()", instead={place: "x"})


def test_a_call_that_fails_says_what_python_said():
    with pytest.raises(RuntimeError, match=r"checkout\(.* of shopfront failed: (.|\n)*UnknownItem: 'jug'"):
        reached(SHOP, 'checkout({"jug": 1}, country="NO")')


def test_code_that_ends_its_process_says_so(repository):
    with pytest.raises(RuntimeError, match="it ended the process"):
        reached(repository("def f():\n    raise SystemExit(0)\n"), "f()")
