"""What lesson 07's agents work on: a shop whose document is right in all but two facts, and a control."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile

import pytest

from utilities.course import lesson07
from utilities.course.lesson07.tracing import reached

SHOP, FERRY = lesson07.SHOP, lesson07.FERRY
CALL = lesson07.SHOP_CALL


def test_the_shop_has_some_thirty_small_files_and_no_label():
    files = [path for path in SHOP.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    texts = {path.name: path.read_text("utf-8") for path in files}
    assert 28 <= len(files) <= 36
    assert all(len(text.splitlines()) <= 50 for text in texts.values())
    for word in ("stale", "outdated", "legacy", "deprecated", "unused", "dead"):
        assert not [name for name, text in texts.items() if word in text.lower()]


@pytest.mark.parametrize("folder", [SHOP, FERRY], ids=lambda folder: folder.name)
@pytest.mark.slow
def test_its_tests_pass(folder):
    command = [sys.executable, "-B", "-m", "unittest", "discover", "-s", "tests", "-t", "."]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0 and "OK" in done.stderr


def test_the_document_is_wrong_in_two_facts():
    trace = lesson07.shop_trace()
    # Discounts come from campaigns.py, not from the table that the document and tests name.
    assert "shopfront/pricing/campaigns.py" in trace.paths
    assert "shopfront/pricing/discounts.py" not in trace.paths
    # Each line is rounded, and nothing rounds in total.py.
    assert ("shopfront/cart/line.py", 20) in trace
    assert "to_cents" not in (SHOP / "shopfront/pricing/total.py").read_text("utf-8")
    assert "rounded once" in (SHOP / "shopfront/pricing/total.py").read_text("utf-8")  # which repeats it


def test_the_document_is_right_in_the_rest():
    document = " ".join((SHOP / "ARCHITECTURE.md").read_text("utf-8").split())
    trace = lesson07.shop_trace()
    assert f"Line 14 is `{trace['shopfront/orders/numbers.py', 14].strip()}`" in document
    for path in (
        "catalog/items.py",
        "shipping/zones.py",
        "pricing/tax.py",
        "orders/store.py",
        "notify/mail.py",
    ):
        assert f"`shopfront/{path}`" in document and f"shopfront/{path}" in trace.paths
    others = [path for path in (SHOP / "shopfront").rglob("*.py") if path.name != "checkout.py"]
    importing = [path for path in others if "checkout import" in path.read_text("utf-8")]
    assert [path.name for path in importing] == ["__init__.py"]  # which only names it


def test_a_default_that_the_deploy_file_overrides_does_not_run():
    trace = lesson07.shop_trace()
    assert ("shopfront/settings.py", 19) in trace and ("shopfront/settings.py", 20) not in trace
    assert trace["deploy/production.toml", 3] == 'shipping_free_from = "120.00"'


def test_the_call_shows_each_of_the_facts():
    """By the document the customer would pay another sum, and nothing for shipping."""
    assert lesson07.shop_trace().result.splitlines()[1:] == [
        " 12 mug         40.49",
        " 12 plate       50.69",
        "    shipping    15.90",
        "    in all     107.08",
    ]


OTHERWISE = {  # what each of the claimed lines says instead, in the order of exercise 1
    "a": ("shopfront/pricing/campaigns.py", 6, 'LESS = Decimal("0.30")'),
    "b": ("shopfront/cart/line.py", 20, "return exact"),
    "c": ("deploy/production.toml", 3, 'shipping_free_from = "60.00"'),
    "d": ("shopfront/orders/numbers.py", 14, 'return f"{count}"'),
    "e": ("shopfront/pricing/discounts.py", 5, 'TABLE = [(10, Decimal("0.30"))]'),
    "f": ("shopfront/pricing/total.py", 3, "Lines come in rounded."),
    "g": ("shopfront/settings.py", 20, 'return Decimal("60.00")'),
}


@pytest.mark.parametrize(("letter", "line"), OTHERWISE.items())
def test_the_lines_that_decide_are_those_of_exercise_1(letter, line):
    path, number, text = line
    changed = reached(SHOP, CALL, instead={(path, number): text})
    assert (changed.result != lesson07.shop_trace().result) == (letter in lesson07.hold.right)


def test_a_line_may_take_part_and_decide_nothing():
    imported = {("shopfront/pricing/__init__.py", 1): "from .discounts import discount"}
    once = reached(SHOP, CALL, instead=imported)
    assert ("shopfront/pricing/discounts.py", 5) in once
    assert once.result == lesson07.shop_trace().result


def test_the_controls_document_is_right():
    document, trace = (FERRY / "ARCHITECTURE.md").read_text("utf-8"), lesson07.ferry_trace()
    for path, number in (("ferry/prices.py", 5), ("ferry/ages.py", 10), ("ferry/fare.py", 14)):
        assert f"`{trace[path, number].strip()}`" in document


def test_a_zip_has_the_same_bytes_each_time():
    assert lesson07.zip_of(FERRY) == lesson07.zip_of(FERRY)


def test_a_zip_is_without_what_git_and_secrets_are_kept_in(tmp_path):
    for name in (".env", ".git/config", ".venv/pyvenv.cfg", "shop/__init__.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    with zipfile.ZipFile(io.BytesIO(lesson07.zip_of(tmp_path))) as zipped:
        assert [name for name in zipped.namelist() if not name.endswith("/")] == ["shop/__init__.py"]
