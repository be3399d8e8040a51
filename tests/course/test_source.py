"""Code that is shown in the page: text first, HTML that shows and does nothing."""

import pytest

from utilities.course import DATA, show_source
from utilities.course.table import Table


def test_a_function_with_its_place():
    shown = show_source(show_source)
    assert str(shown).startswith("# utilities/course/source.py, line ")
    assert shown.code.startswith("def show_source(thing:") and shown.code.endswith("rstrip())")
    assert show_source(Table).code.startswith("@dataclass")
    assert show_source(Table.__str__).code.startswith("def __str__")


def test_a_file_by_its_path_or_its_name_in_the_data(tmp_path):
    path = DATA / "iterate" / "calc.py"
    for thing in (path, "iterate/calc.py"):
        shown = show_source(thing)
        assert (shown.where, shown.code) == ("example_data/iterate/calc.py", path.read_text("utf-8").rstrip())
    elsewhere = tmp_path / "x.py"
    elsewhere.write_text("a = 1\n")
    assert str(show_source(elsewhere)) == "# x.py\na = 1"


def test_the_page_has_all_of_it_and_escaped(tmp_path):
    path = tmp_path / "x.py"
    path.write_text("if a < b:\n    print('<script>$x$</script>')\n")
    page = show_source(path)._repr_mimebundle_()
    assert list(page) == ["text/plain", "text/html"]
    assert "<script>" not in page["text/html"] and "&lt;script&gt;$x$&lt;/script&gt;" in page["text/html"]
    assert "tex2jax_ignore" in page["text/html"]
    assert '<span style="color:var(--jp-mirror-editor-keyword-color)">if</span>' in page["text/html"]


@pytest.mark.parametrize("thing", ["nothing.py", print])
def test_what_has_no_source_is_told(thing):
    with pytest.raises(
        (FileNotFoundError, TypeError), match=r"there is no file nothing|has no source to show"
    ):
        show_source(thing)
