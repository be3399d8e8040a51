"""Answers that the API refuses although their calls wait: once, for good, or one of a batch."""

import anthropic
import pytest

from tests.kit.odd_answers import refusal, results_of
from tests.kit.serving import served
from tests.kit.tools import make_tool
from tests.kit.turn_scripts import asking, one_call, parallel_calls


@pytest.fixture(autouse=True)
def hardly_any_waits(monkeypatch):
    monkeypatch.setattr("utilities.turn.plan.LOOKS", (0.01, 0.01, 0.01))


def refusing(status, message, when, times=99):
    """Refuses sends of which an answer is so, and counts how often in `refused`."""

    def odd(request):
        if len(odd.refused) < times and any(when(answer) for answer in results_of(request)):
            odd.refused.append(len(results_of(request)))
            return refusal(status, message)
        return None

    odd.refused = []
    return odd


def working(kind, *, ran):
    def work(name):
        ran.append(name)
        return f"{name} ok"

    return make_tool(kind, work)


@pytest.mark.parametrize("times", [1, 3])
def test_a_call_that_is_not_known_everywhere_yet_is_answered_again(kind, times):
    ran = []
    with served(parallel_calls(["a", "b"])) as session:
        session.odd = refusing(400, "`x` does not match any `agent.custom_tool_use`", lambda _: True, times)
        result = session.follow(kind, "go", tools=[working(kind, ran=ran)])
    assert (result.outcome, sorted(ran)) == ("end_turn", ["a", "b"])
    assert [call.text for call in result.tool_calls] == ["a ok", "b ok"]
    assert session.odd.refused == [2] * times


@pytest.mark.parametrize(
    ("status", "message"), [(413, "too large"), (400, "image exceeds 5 MB"), (422, "no")]
)
def test_the_agent_is_told_of_a_result_that_is_refused_for_good(kind, status, message):
    ran = []
    with served(one_call(), strict=False) as session:
        session.odd = refusing(status, message, lambda answer: not answer["is_error"])
        result = session.follow(kind, "go", tools=[working(kind, ran=ran)])
    [call] = result.tool_calls
    assert (result.outcome, ran, call.is_error) == ("end_turn", ["a"], True)
    assert (
        call.text.startswith("The tool ran, but its result could not be delivered") and message in call.text
    )


def test_one_bad_result_does_not_take_the_others_down(kind):
    ran = []
    bad = lambda answer: answer["content"][0]["text"] == "b ok"  # noqa: E731
    with served(parallel_calls(["a", "b", "c"]), strict=False) as session:
        session.odd = refusing(413, "too large", bad)
        result = session.follow(kind, "go", tools=[working(kind, ran=ran)])
    assert (result.outcome, sorted(ran)) == ("end_turn", ["a", "b", "c"])
    assert [call.is_error for call in result.tool_calls] == [False, True, False]
    assert session.odd.refused == [3, 1]


def test_a_refusal_of_everything_is_an_error_that_names_the_call(kind):
    ran = []
    with served(one_call()) as session:
        session.odd = refusing(400, "no", lambda _: True)
        with pytest.raises(anthropic.BadRequestError) as caught:
            session.follow(kind, "go", tools=[working(kind, ran=ran)])
        [call] = [event.id for event in session.history() if event.type == "agent.custom_tool_use"]
    assert caught.value.__notes__ == [
        f"session {session.session_id}: it still waits for the answer to {call}"
    ]
    assert ran == ["a"]


def test_it_is_the_answers_own_refusal_that_is_told(kind):
    reasons = iter(["the answer is no good", "nor is what was said instead"])
    with served(one_call()) as session:
        session.odd = lambda request: refusal(400, next(reasons)) if results_of(request) else None
        with pytest.raises(anthropic.BadRequestError, match="the answer is no good"):
            session.follow(kind, "go", tools=[working(kind, ran=[])])


def test_a_reason_that_is_refused_is_left_out_and_the_call_is_denied(kind):
    with served(*asking(("allow", {}), ("deny", {}))) as session:
        session.odd = refusing(400, "deny_message is too long", lambda answer: "deny_message" in answer)
        assert session.follow(kind, "go", confirm=lambda call: "x" * 9999).text == "deny it is"


def test_a_verdict_that_is_refused_is_an_error(kind):
    with served(*asking(("allow", {}))) as session:
        session.odd = refusing(400, "no", lambda _: True)
        with pytest.raises(anthropic.BadRequestError):
            session.follow(kind, "go", confirm=lambda call: True)
