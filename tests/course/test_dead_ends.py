"""What a learner sees who runs the cells in another order: a line or two, and which cell to run again."""

import asyncio

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from tests.kit.once import once
from tests.kit.places import NOTEBOOKS
from utilities.course.running.kernel import kernel_environment
from utilities.course.running.notebooks import code_cells, read
from utilities.short_errors import in_short

pytestmark = pytest.mark.slow

CELLS = """
from utilities import connect, made_with, stream_until_end_turn, user_message
client = connect()
made = made_with(client)
---
agent = made(client.beta.agents.create(name="cookbook-tests-green", model="claude-sonnet-4-6"))
environment = made(client.beta.environments.create(name="e"))
---
session = made(client.beta.sessions.create(agent=agent.id, environment_id=environment.id))
---
TASK = "Get the tests green"
said = stream_until_end_turn(client, session.id, TASK, timeout=60).outcome
print(said)
---
with client.beta.sessions.events.stream(session.id) as stream:
    client.beta.sessions.events.send(session.id, events=[user_message(TASK)])
---
print(stream_until_end_turn(client, session.id, "And once more, please", timeout=60).outcome)
---
print(made.end())
---
client.beta.sessions.events.send(session.id, events=[user_message(TASK)])
---
client.beta.sessions.create(agent=agent.id, environment_id=environment.id)
---
client.beta.files.delete("file_nothing")
---
client.with_options(base_url="http://127.0.0.1:9", max_retries=0).beta.agents.list()
---
%tb
---
print(later.id)
---
def mistyped():
    return later.id
mistyped()
---
import signal
signal.raise_signal(signal.SIGINT)
---
client.beta.environments.create(name="one")
client.beta.environments.create(name="one")
---
agent = client.beta.agents.create(name="a", model="claude-sonnet-4-6")
for name in ("b", "c"):
    client.beta.agents.update(agent.id, version=agent.version, name=name)
"""


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """What each cell showed in a kernel of its own, in which the cells ran as they stand there."""
    return once(
        tmp_path_factory.getbasetemp(), "dead_ends", lambda: run_in(tmp_path_factory.mktemp("kernel"))
    )


def run_in(folder):
    notebook = new_notebook(cells=[new_code_cell(source.strip()) for source in CELLS.split("\n---\n")])
    client = NotebookClient(notebook, timeout=60, allow_errors=True, kernel_name="python3")
    environment = kernel_environment(str(folder)) | {"COOKBOOK_STRICT": "0"}
    client.execute(env=environment)
    return [[_text(output) for output in cell.outputs] for cell in notebook.cells]


def _text(output: nbformat.NotebookNode) -> str:
    return "\n".join(output.traceback) if output.output_type == "error" else output.get("text", "")


def test_the_task_cell_run_twice_uses_nothing_up(shown):
    assert "".join(shown[3]).endswith("end_turn\n")
    (told,) = shown[4]
    error, where, advice = told.splitlines()
    assert error.startswith("BadRequestError 400: this session has had this message already")
    assert where == (
        "  in line 2 of the cell: client.beta.sessions.events.send(session.id, events=[user_message(TASK)])"
    )
    assert advice == "Run the cell that creates the session again, then this one."
    assert "".join(shown[5]).endswith("end_turn\n")


@pytest.mark.parametrize(
    ("cell", "advice"),
    [
        (7, "Archived is for good; the notebook's last section does it"),
        (8, "Archived is for good; the notebook's last section does it"),
        (9, "It was deleted, or made before the kernel was restarted"),
        (10, "The server is not there any more: the notebook's last section ends it"),
    ],
)
def test_after_the_last_section_each_cell_says_what_to_run(shown, cell, advice):
    (told,) = shown[cell]
    error, where, do = told.splitlines()
    assert do.startswith(advice) and where.startswith("  in line 1 of the cell: client.")


@pytest.mark.parametrize("cell", [15, 16])
def test_what_is_made_twice_says_what_to_run(shown, cell):
    (told,) = shown[cell]
    error, _, advice = told.splitlines()
    assert error.startswith("ConflictError 409: ")
    assert advice.startswith("This cell has run before: what it makes is there. Run the cells above it again")


def test_all_of_it_can_be_seen(shown):
    assert len("".join(shown[11]).splitlines()) > 20


def test_a_name_of_a_cell_that_has_not_run_says_which_cells_to_run(shown):
    (told,) = shown[12]
    error, where, advice = told.splitlines()
    assert error == "NameError: name 'later' is not defined"
    assert where == "  in line 1 of the cell: print(later.id)"
    assert advice.endswith("run the cells above this one; from the first one, if the kernel was restarted.")
    (in_a_function,) = shown[13]  # of the learner's own: where it is called from is news
    assert "mistyped()" in in_a_function and "run the cells above" not in in_a_function


def test_a_cell_that_was_interrupted_says_how_to_do_it_again(shown):
    (told,) = shown[14]
    error, where, advice = told.splitlines()
    assert (error, where) == (
        "KeyboardInterrupt", "  in line 2 of the cell: signal.raise_signal(signal.SIGINT)"
    )  # fmt: skip
    assert "run the cell that creates the session, then this one" in advice
    assert in_short(asyncio.CancelledError())[1:] == in_short(KeyboardInterrupt())[1:] == [advice]


@pytest.mark.parametrize("lesson", ["02", "04"])
def test_the_last_section_runs_after_a_restart_and_the_first_cell(lesson, tmp_path):
    (path,) = NOTEBOOKS.glob(f"{lesson}_*.ipynb")
    sources = [cell.source for _, cell in code_cells(read(path))]
    end = next(source for source in sources if "made.end()" in source)
    notebook = new_notebook(cells=[new_code_cell(sources[0]), new_code_cell(end)])
    NotebookClient(notebook, timeout=60, kernel_name="python3").execute(env=kernel_environment(str(tmp_path)))


def test_lesson_05_can_be_played_again_after_its_last_section(tmp_path):
    """Its servers go on with the kernel, and what was archived is made anew."""
    sources = [cell.source for _, cell in code_cells(read(NOTEBOOKS / "05_polling_vs_streaming.ipynb"))]

    def with_words(words):
        return next(source for source in sources if words in source)

    end, again = with_words("made.end()"), (with_words('scene.session("Cut")'), with_words("RoughSender"))
    cells = [new_code_cell(source) for source in (*sources[:2], again[0], end, *again, end)]
    client = NotebookClient(new_notebook(cells=cells), timeout=60, kernel_name="python3")
    client.execute(env=kernel_environment(str(tmp_path)))
    ended = [_text(output) for cell in cells if cell.source == end for output in cell.outputs]
    assert ended == ["1 session, 1 environment and 1 agent archived, 1 file deleted\n"] * 2
