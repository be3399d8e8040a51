"""The harness around the SDK's own tests: its list of exceptions, and the world it seeds."""

import json

import pytest

from tests.conformance import expected_failures, sdk
from tests.conformance.__main__ import chosen
from tests.conformance.expected_failures import gone, listed
from tests.conformance.seeded import RECORDINGS, SeededApi
from tests.kit.places import ROOT
from utilities.replay.http.requests import Request

pytestmark = pytest.mark.slow

pytest_plugins = ["pytester"]

MOST = 38  # lower it when the list gets shorter; it gets longer only when more of the SDK's tests are run

SUITE = """
import pytest

class TestThings:
    @pytest.mark.parametrize("kind", ["loose", "strict"])
    def test_one(self, kind):
        assert {one}

    def test_other(self):
        assert {other}
"""


def test_the_list_only_gets_shorter():
    assert len([test for test in listed(expected_failures.LIST.read_text("utf-8")) if "::" in test]) == MOST


def test_each_exception_has_its_reason():
    assert listed("# why\n\na.py::T::test_x: sends 0\n") == {"a.py::T::test_x": "sends 0"}
    for damaged in ("a.py::T::test_x", "a.py::T::test_x: ", "a: x\na: y"):
        with pytest.raises(ValueError, match="one reason"):
            listed(damaged)


def test_a_listed_test_must_be_there():
    there = ["a.py::T::test_x[loose]", "a.py::T::test_x[strict]", "b.py::test_y"]
    assert gone(["a.py::T::test_x", "b.py::test_y", "c.py::test_not_collected_now"], there) == []
    assert gone(["a.py::T::test_z"], there) == ["a.py::T::test_z"]


@pytest.fixture
def run(pytester, run_here, monkeypatch):
    """Runs these tests with the plugin, and one line in its list of exceptions."""

    def run(line, tests):
        monkeypatch.setattr(expected_failures, "LIST", pytester.path / "expected_failures.txt")
        expected_failures.LIST.write_text(line)
        pytester.makepyfile(test_x=tests)
        return run_here(plugins=(expected_failures,))

    return run


@pytest.mark.parametrize(
    ("one", "other", "status", "outcomes"),
    [
        ("False", "True", 0, {"passed": 1, "xfailed": 2}),
        ("False", "False", 1, {"failed": 1, "xfailed": 2}),
        ("True", "True", 1, {"failed": 2, "passed": 1}),
        ('kind == "loose"', "True", 1, {"failed": 1, "passed": 1, "xfailed": 1}),
    ],
    ids=["as listed", "an unlisted failure", "a listed one passes", "one variant passes"],
)
def test_the_run_fails_unless_all_is_as_listed(run, one, other, status, outcomes):
    result = run("test_x.py::TestThings::test_one: a reason\n", SUITE.format(one=one, other=other))
    result.assert_outcomes(**outcomes)
    assert result.ret == status


def test_what_is_not_served_is_not_run_and_counted(run):
    result = run("test_x.py: no such routes\n", SUITE.format(one="False", other="False"))
    result.assert_outcomes(deselected=3)
    result.stdout.fnmatch_lines("not served: 3 tests of test_x.py: no such routes")


def test_options_leave_the_paths_as_they_are_and_paths_replace_them(tmp_path):
    suite = tmp_path / "tests" / "api_resources" / "beta" / "test_skills.py"
    suite.parent.mkdir(parents=True)
    suite.write_text("")
    everything = chosen(tmp_path, [])
    assert "tests/api_resources/beta/skills" in everything and "tests/api_resources/skills" in everything
    assert chosen(tmp_path, ["-x", "-k", "skills"]) == ["-x", "-k", "skills", *everything]
    for only in (
        "tests/api_resources/beta/test_skills.py",
        "tests/api_resources/beta/test_skills.py::TestSkills",
    ):
        assert chosen(tmp_path, ["-x", only]) == ["-x", only]


def test_a_line_for_a_test_that_is_gone_stops_the_run(run):
    result = run("test_x.py::test_gone: a reason\n", "def test_x():\n    pass\n")
    result.assert_outcomes()
    result.stderr.fnmatch_lines("*no such test, remove its line: test_x.py::test_gone")


def test_any_version_of_the_sdk_can_be_tested_beside_what_the_lock_pins():
    lock = "anthropic==2.14.0\n    # via managed-agents-cookbook\nanyio==4\n"
    assert sdk.others_pinned(lock) == "    # via managed-agents-cookbook\nanyio==4\n"
    whole = sdk.LOCK.read_text("utf-8")
    assert len(whole.splitlines()) - len(sdk.others_pinned(whole).splitlines()) == 1


def ask(api, method, path, body=None):
    raw = b"" if body is None else json.dumps(body).encode()
    return api.handle(Request(method, f"/v1/{path}", body=raw), 0.0)


def test_each_request_meets_the_same_world():
    api, session = SeededApi(RECORDINGS), "sessions/sesn_011CZkZAtmR3yMPDzynEDxu7"
    before = ask(api, "GET", session)
    assert before.status == 200 and before.content["status"] == "idle"
    assert ask(api, "DELETE", session).content["type"] == "session_deleted"
    assert ask(api, "GET", session).content == before.content


def test_only_what_is_seeded_is_there():
    """What the tests don't name is as unknown as on any server, and bad requests are refused."""
    api = SeededApi(RECORDINGS)
    assert ask(api, "GET", "sessions/sesn_011CZkZAtmR3yMPDzynEDxu8").status == 404
    assert ask(api, "POST", "vaults", {"display_name": 7}).status == 400


def test_the_product_knows_nothing_of_those_tests():
    sources = ROOT.joinpath("utilities").rglob("*.py")
    text = "".join(source.read_text("utf-8") for source in sources)
    assert "011C" not in text and "conformance" not in text
