"""What JupyterLab is started with."""

from utilities.course.lab import arguments


def test_it_leads_to_the_first_lesson_with_and_without_a_browser():
    for given in ([], ["--no-browser", "--port", "9999"]):
        started = arguments(given, root=False)
        assert "--LabApp.default_url=/lab/tree/notebooks/00_one_turn.ipynb" in started
        assert started[len(started) - len(given) :] == given


def test_another_lesson():
    started = arguments(["notebooks/02_memory_tools.ipynb", "--no-browser"], root=False)
    assert "--LabApp.default_url=/lab/tree/notebooks/02_memory_tools.ipynb" in started
    assert started[-1] == "--no-browser" and "notebooks/02_memory_tools.ipynb" not in started


def test_root_may_start_it():
    assert "--allow-root" in arguments([], root=True)
    assert "--allow-root" not in arguments([], root=False)
