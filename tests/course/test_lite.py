"""What lessons need in a browser, as far as it can be seen without one; `tests/browser_python` runs them."""

import asyncio
import hashlib
import json
import re
import sys
import zipfile

import nbformat
import pytest

from tests.kit.browser_python import browser_python
from tests.kit.calling import AGENT
from tests.kit.places import DATA, NOTEBOOKS
from utilities import connect
from utilities.course import lesson01, lesson03, run_worker
from utilities.course.exercises import TookTooLong, within
from utilities.course.lite import parts
from utilities.course.lite.__main__ import main
from utilities.course.lite.building import front_page
from utilities.course.lite.distribution import COURSE, course_wheel, distribution
from utilities.course.lite.in_browser import in_browser, linked
from utilities.course.workers import WorkerError
from utilities.replay.in_process import InProcessServer
from utilities.show import timeline

CALC = (DATA / "iterate" / "calc.py").read_text("utf-8")


@pytest.mark.slow
@pytest.mark.parametrize(
    "code", [CALC, "print(1)\n" + CALC.replace(" + 1", ""), "no python", "raise SystemExit"]
)
def test_a_suite_has_the_same_outcomes_without_a_process(code):
    with browser_python():
        here = lesson01.run_tests(code)
    assert here == lesson01.run_tests(code)
    assert "calc" not in sys.modules


def test_a_loop_that_never_ends_is_left_without_a_thread():
    def endless():
        while True:
            pass

    before = sys.gettrace()
    with browser_python(), pytest.raises(TookTooLong):
        within(0.01, endless)
    assert sys.gettrace() is before


def test_what_a_function_returns_and_raises_comes_without_a_thread():
    with browser_python():
        assert within(5.0, max, 1, 2) == 2
        with pytest.raises(ZeroDivisionError):
            within(5.0, lambda: 1 / 0)


PARKED = """
import sys
from anthropic import Anthropic
print(Anthropic().beta.sessions.retrieve(sys.argv[1]).id)
"""


def test_a_second_process_is_a_program_in_this_one_with_the_same_service(tmp_path, capsys):
    program = tmp_path / "program.py"
    program.write_text(PARKED, "utf-8")
    with browser_python():
        client = connect()
        agent = client.beta.agents.create(**AGENT)
        environment = client.beta.environments.create(name="e", config={"type": "cloud"})
        session = client.beta.sessions.create(agent=agent.id, environment_id=environment.id)
        done = run_worker(program, session.id, client=client)
        program.write_text("raise ValueError('no')", "utf-8")
        with pytest.raises(WorkerError, match=r"program\.py has ended: ValueError: no"):
            run_worker(program, client=client)
    assert done.stdout == f"{session.id}\n"
    assert "A browser has no second process" in capsys.readouterr().out


@pytest.mark.parametrize(("typed", "said"), [("y", "Approve"), (" Yes", "Approve"), ("", lesson03.OFFER)])
def test_a_person_types_where_a_click_would_not_be_heard(typed, said, monkeypatch):
    monkeypatch.setattr("builtins.input", lambda prompt: typed)
    with asyncio.Runner() as runner:
        runner.get_loop()  # it opens sockets, so before they are forbidden
        with browser_python():
            assert runner.run(lesson03.Person(patience=5.0).asked("Pay?")) == said


def test_connect_takes_the_server_that_this_python_can_have():
    from utilities import client as module

    module._server.cache_clear()
    try:
        with browser_python():
            client = connect()
            assert client.base_url.host.endswith(".localhost")
            assert isinstance(module._server(module.RECORDINGS, False), InProcessServer)
    finally:
        module._server.cache_clear()


def test_words_stand_in_the_place_of_a_picture(monkeypatch):
    events = [
        json.loads(line) for line in (DATA / "recordings/00_primes.jsonl").read_text("utf-8").splitlines()[1:]
    ]
    drawn = timeline(events)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    words = timeline(events)
    data, _ = words._repr_mimebundle_()
    assert drawn.png and not words.png and words.figure is None
    assert data["text/plain"] == words.alt == drawn.alt
    assert "image/png" not in data and words.alt.split(".")[0] in data["text/html"]


def test_what_is_not_in_the_browser_is_said_so(monkeypatch):
    import utilities

    monkeypatch.setitem(sys.modules, "astrocyte", None)
    monkeypatch.delitem(sys.modules, "utilities.memory", raising=False)
    with browser_python():
        assert "can't be had in a browser, and `open_brain` needs it" in utilities._missing(
            "astrocyte", "open_brain"
        )


# -- the folder that a browser loads -------------------------------------------------------------------


def a_wheel(folder, name, needs=()):
    path = folder / f"{name}-1.0-py3-none-any.whl"
    about = "".join(
        [f"Name: {name}\nVersion: 1.0\n", *(f"Requires-Dist: {need}\n" for need in needs), "\nText."]
    )
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(f"{name.lower()}/__init__.py", "")
        wheel.writestr(f"{name}-1.0.dist-info/METADATA", about)
    return path


def test_the_list_has_each_wheel_with_what_it_needs_of_the_others(tmp_path):
    core, to = tmp_path / "core", tmp_path / "made"
    core.mkdir()
    (core / "pyodide.mjs").write_text("core")
    (core / "pyodide-lock.json").write_text(
        json.dumps({"info": {"python": "3.14"}, "packages": {"numpy": {}}})
    )
    needs = ("second.one>=1", "absent", 'extra-only; extra == "x"')
    wheels = [a_wheel(tmp_path, "First_One", needs), a_wheel(tmp_path, "second_one")]
    distribution(core, wheels, to)
    told = json.loads((to / "pyodide-lock.json").read_text("utf-8"))
    assert told["info"] == {"python": "3.14"} and list(told["packages"]) == ["first-one", "second-one"]
    first = told["packages"]["first-one"]
    assert first["depends"] == ["second-one"] and first["imports"] == ["first_one"]
    assert first["sha256"] == hashlib.sha256((to / first["file_name"]).read_bytes()).hexdigest()
    assert (to / "pyodide.mjs").read_text() == "core"


@pytest.mark.slow
def test_the_course_is_a_wheel_with_its_data(tmp_path):
    path = course_wheel(tmp_path)
    assert path.name == f"{COURSE.replace('-', '_')}-0.1.0-py3-none-any.whl"
    with zipfile.ZipFile(path) as wheel:
        names = wheel.namelist()
        record = wheel.read(next(name for name in names if name.endswith("RECORD"))).decode()
        orders = wheel.read("example_data/orders/orders.json")
    assert orders == (DATA / "orders/orders.json").read_bytes()
    assert {f"notebooks/solutions/{lesson}.ipynb" for lesson in parts.LESSONS} <= set(names)
    assert {line.split(",")[0] for line in record.splitlines()} == set(names)
    assert not [name for name in names if "__pycache__" in name]


def test_what_was_not_fetched_is_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(parts, "FOLDER", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["--fetch"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "npm is not on this machine" in line
    with pytest.raises(parts.NotFetched, match="make lite-parts"):
        parts.fetched()


def test_a_lesson_in_the_browser_leads_only_to_what_is_there():
    name = f"{parts.LESSONS[0]}.ipynb"
    lesson, path = nbformat.read(NOTEBOOKS / name, 4), f"notebooks/{name}"
    there = {"notebooks/images/00_one_turn.svg", f"notebooks/{parts.LESSONS[1]}.ipynb"}
    made = in_browser(lesson, path, there)
    assert linked(made, path) == there
    assert linked(lesson, path) > there, "the original stays as it is"
    closing = made.cells[-1].source
    assert f"[01]({parts.LESSONS[1]}.ipynb)" in closing and " · 02 memory" in closing
    assert "](https://platform.claude.com/" in closing
    assert "runs in your browser" in made.cells[1].source
    code = [[cell.source for cell in each.cells if cell.cell_type == "code"] for each in (made, lesson)]
    assert code[0] == code[1]
    nbformat.validate(made)


def test_the_page_in_front_leads_to_each_lesson_and_has_what_jupyterlab_looks_for():
    page = front_page()
    assert re.findall(r'href="lab/index.html\?path=notebooks/(\w+).ipynb"', page) == list(parts.LESSONS)
    assert 'id="jupyter-config-data"' in page and "Lesson 00 · One turn</a>" in page
