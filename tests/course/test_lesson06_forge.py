"""Lesson 06's forge: what gets to main and what doesn't; the recordings hold what it really answers."""

from __future__ import annotations

import ast
import json
import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from anthropic.lib.tools import ToolError

from tests.kit.places import NOTEBOOKS, RECORDINGS
from utilities.course import lesson06
from utilities.course.lesson06.forge import Forge, Refused
from utilities.course.lesson06.material import HIDDEN
from utilities.course.running.notebooks import code_cells, read
from utilities.replay import Recording
from utilities.replay.testing import ManagedAgentsApi

CODE, TESTS = "src/slugs.py", "tests/test_slugs.py"
FORGES = {"06_a": HIDDEN, "06_b": HIDDEN, "06_c": {}}  # the hidden cases of the forge that each agent had


def new_forge(hidden=HIDDEN, **options) -> Forge:
    return Forge(lesson06.slugs, lesson06.issue, hidden=hidden, **options)


@pytest.fixture(scope="module")
def fix():
    """The code that the first agent has merged."""
    return lesson06.played("06_a", new_forge()).main[CODE]


@pytest.fixture
def ready(fix):
    """A forge with one pull request, green and approved."""
    forge = new_forge()
    forge.open_pull("Keep the letters of titles", {CODE: fix})
    forge.checks(1)
    forge.review(1)
    return forge


def refusal(call, *args):
    with pytest.raises(Refused) as refused:
        call(*args)
    return str(refused.value)


# -- merge ---------------------------------------------------------------------------------------------


def test_what_was_checked_and_approved_is_by_its_hash_what_main_is_then(ready):
    head = ready.pulls[0].head
    assert ready.merge(1, head) == f"pull 1 is merged: main is {head}"
    assert lesson06.commit_of(ready.main) == head
    assert [entry.head for entry in ready.log] == [head] * 4
    assert [entry.what for entry in ready.log] == ["opened", "checked", "approved", "merged"]


def test_a_merge_that_is_repeated_says_the_same_and_happens_once(ready):
    head = ready.pulls[0].head
    with ThreadPoolExecutor(8) as threads:
        said = list(threads.map(lambda _: ready.merge(1, head), range(16)))
    assert len(set(said)) == 1
    assert [entry.what for entry in ready.log].count("merged") == 1
    assert refusal(ready.push, 1, {CODE: lesson06.slugs[CODE] + "# more"}) == "pull 1 is merged"
    assert refusal(ready.merge, 1, "another") == f"pull 1 is at {head}, not at another"


def test_a_push_voids_the_approval_and_the_checks(ready, fix):
    seen = ready.pulls[0].head
    pushed = ready.push(1, {CODE: fix + "# more\n"}).head
    assert refusal(ready.merge, 1, seen) == f"pull 1 is at {pushed}, not at {seen}"
    assert refusal(ready.merge, 1, pushed) == f"the checks of {pushed} haven't been run"
    assert ready.checks(1).green
    assert refusal(ready.merge, 1, pushed) == f"nobody has approved {pushed}: ask for a review of it"
    assert ready.main == lesson06.slugs
    ready.review(1)
    ready.merge(1, pushed)
    assert ready.main[CODE] == fix + "# more\n"


def test_an_approval_comes_back_with_the_review_only_not_with_the_old_state(ready, fix):
    seen = ready.pulls[0].head
    ready.push(1, {CODE: fix + "# more\n"})
    ready.push(1, {CODE: fix})
    assert ready.pulls[0].head == seen
    assert "nobody has approved" in refusal(ready.merge, 1, seen)


def test_what_is_red_or_was_never_checked_gets_no_review_and_no_merge():
    forge = new_forge()
    pull = forge.open_pull("Notes", {"README.md": "Slugs.\n"})
    assert refusal(forge.review, 1) == f"the checks of {pull.head} haven't been run"
    assert forge.checks(1).counts == "visible 3 of 6, hidden 0 of 3"
    told = f"the checks of {pull.head} are red: visible 3 of 6, hidden 0 of 3"
    assert refusal(forge.review, 1) == refusal(forge.merge, 1, pull.head) == told


def test_what_was_built_on_an_older_main_is_not_merged(ready, fix):
    other = ready.open_pull("Notes, too", {CODE: fix, "README.md": "Slugs.\n"})
    ready.merge(1, ready.pulls[0].head)
    ready.checks(2)
    ready.review(2)
    assert "main has changed since" in refusal(ready.merge, 2, other.head)
    head = ready.push(2, {"README.md": "Slugs.\n"}).head
    assert "nobody has approved" not in head and ready.checks(2).green
    ready.review(2)
    ready.merge(2, head)
    assert ready.main["README.md"] == "Slugs.\n"


def test_a_reviewer_who_says_no_is_no_approval(fix):
    forge = new_forge(reviewer=lambda files: "please say why")
    head = forge.open_pull("Keep the letters", {CODE: fix}).head
    forge.checks(1)
    assert forge.review(1) == "please say why"
    assert "nobody has approved" in refusal(forge.merge, 1, head)


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({TESTS: "def test_nothing(): pass"}, "tests/test_slugs.py is protected"),
        ({"Tests/test_slugs.py": ""}, "Tests/test_slugs.py is protected"),
        ({"tests/conftest.py": ""}, "tests/conftest.py is protected"),
        ({"src/../tests/test_slugs.py": ""}, "no path inside the repository"),
        ({"./tests/test_slugs.py": ""}, "no path inside the repository"),
        ({"src//../slugs.py": ""}, "no path inside the repository"),
        ({"/etc/passwd": ""}, "no path inside the repository"),
        ({"..\\slugs.py": ""}, "no path inside the repository"),
        ({"": ""}, "no path inside the repository"),
        ({}, "that changes nothing"),
        ({CODE: lesson06.slugs[CODE]}, "that changes nothing"),
    ],
)
def test_what_no_pull_request_can_do(files, why):
    forge = new_forge()
    assert why in refusal(forge.open_pull, "A change", files)
    assert forge.pulls == [] and forge.log[-1].what == "refused"


@pytest.mark.parametrize("number", [0, 2, -1])
def test_a_pull_request_that_there_isnt(ready, number):
    for call in (ready.checks, ready.review):
        assert refusal(call, number) == f"there is no pull {number}"


# -- checks ----------------------------------------------------------------------------------------------


def checked(code, hidden=HIDDEN, **files):
    return lesson06.run_checks({**lesson06.slugs, CODE: code, **files}, hidden)


def test_the_issues_hint_passes_all_visible_tests_and_no_hidden_case():
    forge = lesson06.played("06_a", new_forge())
    first = next(entry for entry in forge.log if entry.what == "checked")
    assert first.why == "visible 6 of 6, hidden 0 of 3: red"


def test_the_code_under_test_never_sees_what_is_expected_nor_our_environment(monkeypatch):
    monkeypatch.setenv("A_SECRET", "of-ours")
    spy = "import os, sys\ndef slug(title):\n    return repr((sys.argv, sys.path, dict(os.environ)))\n"
    seen = checked(spy).made["Straße 9"]
    assert r"Stra\u00dfe 9" in seen.replace("\\\\", "\\") and "strasse" not in seen
    assert "of-ours" not in seen and "A_SECRET" not in seen
    assert os.environ["A_SECRET"] == "of-ours"


FORGED = json.dumps({"tests": {"test_words": True}, "slugs": dict.fromkeys(HIDDEN, "forged")})


@pytest.mark.parametrize(
    "code",
    [
        "import os\nos._exit(0)",
        "raise SystemExit",
        "def slug(title) -> 'no",
        f"import os\nopen('results.json', 'w').write({FORGED!r})\nos._exit(0)",
        "import os\nopen('results.json', 'w').write('[1]')\nos._exit(0)",
        "import os\nopen('results.json', 'w').write('{\"slugs\": 1}')\nos._exit(0)",
        "import utilities",
        "",
    ],
)
def test_code_that_ends_the_process_or_forges_its_results_is_red(code):
    found = checked(code)
    assert not found.green and not any(found.hidden.values())
    assert list(found.visible) == [*lesson06.run_checks(lesson06.slugs, {}).visible]


def test_code_that_takes_too_long_is_red(monkeypatch):
    monkeypatch.setattr("utilities.course.lesson06.checking.TIME", 0.5)
    assert not checked("while True: pass").green


def test_files_that_cannot_stand_beside_each_other_are_red(fix):
    assert not checked(fix, src="a file where a folder is").green


def test_a_test_file_beside_the_code_is_nobodys(fix):
    assert not checked(lesson06.slugs[CODE], **{"src/test_slugs.py": "def test_words(): pass"}).green
    assert checked(fix, **{"src/test_slugs.py": "raise ValueError"}).green


def test_no_tests_are_no_success(fix):
    assert not lesson06.run_checks({CODE: fix}, {}).green
    assert not lesson06.run_checks({CODE: fix, TESTS: "not Python"}, {}).green


# -- what an agent gets ------------------------------------------------------------------------------------


def test_no_tool_says_how_checks_or_a_review_come_out():
    tools = {tool.name: tool for tool in lesson06.forge_tools(new_forge())}
    assert list(tools) == ["read_issue", "open_pull", "push", "run_checks", "ask_review", "merge"]
    assert tools["run_checks"].input_schema["properties"].keys() == {"number"}
    assert tools["ask_review"].input_schema["properties"].keys() == {"number"}


def answers(recording: str) -> list[tuple[str, bool, str]]:
    """For each call of the forge what was recorded: the tool, whether it was refused, the text."""
    events = Recording.load(RECORDINGS / f"{recording}.jsonl").events
    calls = {event["id"]: event for event in events if event["type"] == "agent.custom_tool_use"}
    results = [event for event in events if event["type"] == "user.custom_tool_result"]
    return [(calls[r["custom_tool_use_id"]]["name"], r["is_error"], r["content"][0]["text"]) for r in results]


def said_by(forge: Forge, recording: str) -> list[tuple[str, bool, str]]:
    """For each call in this recording what the forge says itself."""
    tools, said = {tool.name: tool for tool in lesson06.forge_tools(forge)}, []
    for event in Recording.load(RECORDINGS / f"{recording}.jsonl").events:
        if event["type"] == "agent.custom_tool_use":
            try:
                said.append((event["name"], False, tools[event["name"]].call(event["input"])))
            except ToolError as error:
                said.append((event["name"], True, str(error)))
    return said


@pytest.mark.parametrize(("recording", "hidden"), FORGES.items())
def test_the_recorded_answers_are_the_forges_own(recording, hidden):
    assert answers(recording) == said_by(new_forge(hidden), recording) != []


def test_the_recorded_merge_is_the_forges_own_too(ready):
    assert answers("06_merge") == said_by(ready, "06_merge") != []


def test_three_agents_end_with_one_sentence_and_only_main_tells_them_apart():
    ends, green = [], []
    for recording, hidden in FORGES.items():
        events = Recording.load(RECORDINGS / f"{recording}.jsonl").events
        [*_, last] = [event for event in events if event["type"] == "agent.message"]
        ends.append(last["content"][0]["text"].splitlines()[-1])
        forge = lesson06.played(recording, new_forge(hidden))
        green.append((forge.pulls[-1].state, lesson06.run_checks(forge.main, HIDDEN).green))
    assert set(ends) == {"The fix is merged and all checks pass."}
    assert green == [("merged", True), ("open", False), ("merged", False)]


@pytest.mark.parametrize("recording", FORGES)
def test_no_hidden_case_is_in_what_an_agent_was_told(recording):
    events = Recording.load(RECORDINGS / f"{recording}.jsonl").events
    told = [event for event in events if event["type"] in ("user.message", "user.custom_tool_result")]
    whole = json.dumps(told, ensure_ascii=False)
    assert not [title for title in HIDDEN if title in whole]


def test_the_notebooks_cases_are_those_of_the_exercise():
    for path in (
        NOTEBOOKS / "06_from_issue_to_merge.ipynb",
        NOTEBOOKS / "solutions/06_from_issue_to_merge.ipynb",
    ):
        [source] = [cell.source for _, cell in code_cells(read(path)) if "HIDDEN = " in cell.source]
        assigned = next(node for node in ast.parse(source).body if isinstance(node, ast.Assign))
        assert ast.literal_eval(assigned.value) == HIDDEN


# -- a repository's token ----------------------------------------------------------------------------------


def test_a_repositorys_token_is_in_nothing_that_is_kept():
    with ManagedAgentsApi([RECORDINGS / "06_checkout.jsonl"]) as api:
        token, newer = "made-up-1", "made-up-2"
        url = "https://github.com/example/slugs"
        repository = {"type": "github_repository", "url": url, "authorization_token": token}
        session = api.create_session("06_checkout", resources=[repository])
        [mounted] = api.client.beta.sessions.resources.list(session)
        with lesson06.logged("anthropic") as lines:
            api.client.beta.sessions.resources.update(
                mounted.id, session_id=session, authorization_token=newer
            )
        kept = lesson06.kept(api.client, session)
        assert url in kept and token not in kept and newer not in kept
        assert lines
