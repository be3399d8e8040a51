"""The notebook runner, on tiny notebooks that do one thing each."""

import json
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from utilities.course.running.__main__ import main
from utilities.course.running.notebooks import differences, dumps, execute, keep_volatile, normalise, read

pytestmark = pytest.mark.slow


def write_notebook(path, *sources, tags=()):
    """A notebook of these code cells, with a line of prose before each; the tags are for the last."""
    cells = [cell for source in sources for cell in (new_markdown_cell("Why."), new_code_cell(source))]
    cells[-1].metadata.tags = list(tags)
    path.parent.mkdir(exist_ok=True)
    nbformat.write(new_notebook(cells=cells), path)
    return path


def a_course(folder):
    """A lesson, one that goes deeper, their solutions, and what JupyterLab keeps; each fails."""
    for name in ("01", "deep/01b", "solutions/01", "solutions/deep/01b", ".ipynb_checkpoints/01"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write_notebook(folder / f"{name}.ipynb", "1 / 0")


def shown(notebook):
    """What was printed, cell by cell."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return ["".join(output.get("text", "") for output in cell.outputs) for cell in cells]


def executed(*texts, source="show()", tags=()):
    """A notebook of one code cell, as if it had been executed and had printed these."""
    cell = new_code_cell(
        source, execution_count=1, outputs=[new_output("stream", text=text) for text in texts]
    )
    cell.id, cell.metadata.tags = "one", list(tags)
    return normalise(new_notebook(cells=[cell]))


# --- the command


def test_the_table_then_a_line_for_each_failure_then_the_trace(tmp_path, capsys):
    write_notebook(tmp_path / "01_good.ipynb", "print('fine')")
    bad = write_notebook(tmp_path / "02_bad.ipynb", "x = 0", "print('seen')\n1 / x")
    before = bad.read_bytes()
    assert main(["--folder", str(tmp_path), "--write"]) == 1
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert lines[0].split() == ["notebook", "outcome", "seconds"]
    assert [line.split()[:2] for line in lines[1:3]] == [
        ["01_good.ipynb", "passed"],
        ["02_bad.ipynb", "failed"],
    ]
    assert lines[3] == "FAILED 02_bad.ipynb, cell [2]: ZeroDivisionError: division by zero"
    assert "----> 2 1 / x" in out and "\x1b" not in out
    assert sorted(line[5:] for line in err.splitlines()) == ["01_good.ipynb passed", "02_bad.ipynb failed"]
    assert bad.read_bytes() == before, "a notebook that failed is not written"


def test_one_notebook_by_the_beginning_of_its_name(tmp_path, capsys):
    write_notebook(tmp_path / "01_good.ipynb", "print('fine')")
    write_notebook(tmp_path / "02_bad.ipynb", "1 / 0")
    assert main(["--folder", str(tmp_path), "01"]) == 0
    assert "02_bad" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("asked", "run"),
    [
        ("", ["01.ipynb"]),
        ("01", ["01.ipynb"]),
        ("deep", ["deep/01b.ipynb"]),
        ("01b", ["deep/01b.ipynb"]),
        ("solutions", ["solutions/01.ipynb", "solutions/deep/01b.ipynb"]),
    ],
)
def test_the_lessons_run_and_others_on_request(tmp_path, capsys, asked, run):
    a_course(tmp_path)
    assert main(["--folder", str(tmp_path), asked]) == 1
    out = capsys.readouterr().out
    assert [line.split()[0] for line in out.splitlines() if " failed " in line] == run


def test_outputs_are_kept_of_all_that_has_this_name(tmp_path, capsys):
    a_course(tmp_path)
    assert main(["--folder", str(tmp_path), "--write", "01"]) == 1
    assert capsys.readouterr().out.count(" failed ") == 4


def test_a_name_that_nothing_has_is_one_line(tmp_path, capsys):
    write_notebook(tmp_path / "01_good.ipynb", "print('fine')")
    assert main(["--folder", str(tmp_path), "99"]) == 2
    assert capsys.readouterr().err == (f"No notebook in {tmp_path} begins with '99'. There are: 01_good\n")


def test_writing_keeps_volatile_outputs_until_their_source_changes(tmp_path):
    clock = "import time\nprint(time.time_ns())"
    path = write_notebook(tmp_path / "01_clock.ipynb", "print('fine')", clock, tags=["volatile"])
    solution = write_notebook(tmp_path / "solutions" / "01_clock.ipynb", "print('solved')")

    assert main(["--folder", str(tmp_path), "--write"]) == 0
    first = path.read_text()
    assert shown(read(path))[0] == "fine\n" and shown(read(solution)) == ["solved\n"]

    assert main(["--folder", str(tmp_path), "--write"]) == 0
    assert path.read_text() == first

    notebook = read(path)
    notebook.cells[-1].source = clock.replace("print(", "print('new',")
    path.write_text(dumps(notebook))
    assert main(["--folder", str(tmp_path), "--write"]) == 0
    assert shown(read(path))[1].startswith("new ")


# --- one execution


def test_the_kernel_is_this_interpreter_on_recordings(tmp_path, monkeypatch):
    spec = tmp_path / "jupyter" / "kernels" / "python3"
    spec.mkdir(parents=True)
    (spec / "kernel.json").write_text(
        json.dumps({"argv": ["false"], "display_name": "A user's own", "language": "python"})
    )
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    monkeypatch.setenv("ANTHROPIC_API_KEY", "a-key")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "https://example.com")
    monkeypatch.setenv("MPLBACKEND", "agg")
    monkeypatch.delenv("COOKBOOK_OFFLINE")
    monkeypatch.delenv("COOKBOOK_STRICT")
    source = """
import os, sys
print(sys.executable)
print(os.getcwd())
print([name for name in os.environ if name.startswith("ANTHROPIC_")])
print([os.environ[name] for name in ("COOKBOOK_OFFLINE", "COOKBOOK_STRICT", "PYTHONHASHSEED")])
print("inline" in os.environ.get("MPLBACKEND", "inline"))
"""
    run = execute(write_notebook(tmp_path / "nb" / "01.ipynb", source))
    assert run.outcome == "passed", run.error
    lines = shown(run.notebook)[0].splitlines()
    assert lines == [sys.executable, str(tmp_path / "nb"), "[]", "['1', '1', '0']", "True"]


def test_a_notebook_stays_on_this_machine(tmp_path):
    source = "import socket\nsocket.create_connection(('192.0.2.1', 443), timeout=1)"
    run = execute(write_notebook(tmp_path / "01.ipynb", source))
    assert run.outcome == "failed" and run.error.name == "NetworkBlocked"
    assert str(run.error).startswith("cell [1]: NetworkBlocked: look-up of '192.0.2.1'")


def test_a_cell_that_takes_too_long(tmp_path):
    run = execute(write_notebook(tmp_path / "01.ipynb", "1", "while True: pass"), timeout=1)
    assert str(run.error) == "cell [2]: TimeoutError: more than 1 s"


def test_a_kernel_that_dies(tmp_path):
    source = "import os, sys\nos.write(2, b'last words')\nos._exit(1)"
    run = execute(write_notebook(tmp_path / "01.ipynb", source))
    assert str(run.error) == "cell [1]: DeadKernelError: Kernel died"


@pytest.mark.parametrize("text", ["not JSON", '{"a": 1}'])
def test_a_file_that_is_no_notebook(tmp_path, text):
    path = tmp_path / "01.ipynb"
    path.write_text(text)
    run = execute(path)
    assert run.outcome == "failed" and str(run.error).startswith("before the first cell: ")


# --- the one form of the outputs


def test_normalise_joins_what_the_kernel_cut():
    assert dumps(executed("one\n", "two\n")) == dumps(executed("one\ntwo\n"))


def test_normalise_keeps_streams_apart():
    cell = new_code_cell("f()", outputs=[new_output("stream", name=n, text=n) for n in ("stdout", "stderr")])
    (normal,) = normalise(new_notebook(cells=[cell])).cells
    assert [output.text for output in normal.outputs] == ["stdout", "stderr"]


def test_normalise_removes_times_versions_and_widget_models():
    view = {"application/vnd.jupyter.widget-view+json": {"model_id": "a1b2"}, "text/plain": "Button()"}
    cell = new_code_cell("Button()", execution_count=7)
    cell.outputs = [new_output("execute_result", data=view, execution_count=7)]
    cell.metadata.execution = {"iopub.status.busy": "2026-01-01T00:00:00Z"}
    notebook = new_notebook(
        cells=[cell], metadata={"language_info": {"name": "python", "version": "3.11.7"}, "widgets": {}}
    )
    text = dumps(normalise(notebook))
    assert not [word for word in ("2026", "3.11", "a1b2", "widget", "7") if word in text.replace(cell.id, "")]
    assert "Button()" in text and cell.execution_count == 7, "the original is left as it was"
    assert json.loads(text)["metadata"]["kernelspec"]["name"] == "python3"


def test_dumps_is_what_nbformat_writes(tmp_path):
    notebook = executed("é\n")
    nbformat.write(notebook, tmp_path / "01.ipynb")
    assert dumps(notebook) == (tmp_path / "01.ipynb").read_text(encoding="utf-8")
    assert "é" in dumps(notebook)


# --- the comparison


def test_the_same_has_no_differences():
    assert differences(executed("a\n"), executed("a\n")) == []


def test_a_difference_is_the_first_line_that_differs():
    (line,) = differences(executed("a\nb\nc\n"), executed("a\nB\nC\n"))
    assert line == r'cell [1]: committed "b\n",, executed "B\n",'


def test_a_difference_far_into_a_line_is_shown():
    (line,) = differences(executed("a" * 500 + "b" * 500), executed("a" * 500 + "c" * 500))
    assert "aaabbb" in line and "aaaccc" in line and len(line) < 300


@pytest.mark.parametrize("texts", [["a\n", "b\n"], []])
def test_more_or_fewer_outputs_are_a_difference(texts):
    assert len(differences(executed("a\n"), executed(*texts))) == 1


def test_other_source_is_a_difference():
    assert differences(executed("a"), executed("a", source="other()")) == ["cell [1]: not the same source"]
    assert differences(executed("a"), new_notebook()) == ["1 code cells committed, 0 executed"]


def test_a_volatile_output_may_differ_but_not_be_of_other_source():
    old = keep_volatile(new_notebook(), executed("1 s", tags=["volatile"]))
    new = executed("2 s", tags=["volatile"])
    assert differences(old, new) == []
    old.cells[0].source = new.cells[0].source = "other()"
    assert differences(old, new) == ["cell [1]: its volatile output was made by other source"]


def test_volatile_outputs_of_a_notebook_are_of_one_run():
    def both(seconds, second="b()"):
        notebook = executed(seconds, source="a()", tags=["volatile"])
        notebook.cells += executed(seconds, source=second, tags=["volatile"]).cells
        return notebook

    old = keep_volatile(new_notebook(), both("1 s"))
    assert shown(keep_volatile(old, both("2 s"))) == ["1 s", "1 s"]
    assert shown(keep_volatile(old, both("2 s", second="c()"))) == ["2 s", "2 s"]
