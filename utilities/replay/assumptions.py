"""What the server assumes where sources disagree, or nobody says how the hosted API does it.

A program must be right under every answer, so each can be asked for: for the whole server (`--assume
RULE=ANSWER`, repeated or with a blank between; `ReplayServer(assume="RULE=ANSWER")`; the pytest mark's
`assume=`), for every server that isn't told anything (`COOKBOOK_ASSUME` in the environment), or by one
client with each of its requests, in the header `x-replay-assume`. What a client says stands before what
the server was started with; a question that neither answers has its default.

    environment-names=any conflict-type=invalid_request_error

`QUESTIONS` is the one list: the help and the page about fidelity are made from it. To add a question:

1. Add it to `QUESTIONS`. The first answer is the default: the stricter one, unless much speaks against it.
2. Where the rule is, ask `assume.of("my-question")`. A route's function has `call.assume`; hand it on
   as an argument. It is the client's answer that counts, so don't keep it from one request to the next.
   Ask last, where nothing but the answer decides what is done: whatever asks is tested under each answer.
3. Test it under every answer, with `Caller(assume="…")` or `@pytest.mark.parametrize`. The rule's
   `@pytest.mark.rule` has evidence "unsettled" and stands above the test of the default.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

ASSUME_HEADER = "x-replay-assume"
ASSUME_VARIABLE = "COOKBOOK_ASSUME"  # of the environment, for servers that are not told anything
ASKED_VARIABLE = "COOKBOOK_ASKED"  # names a file that gets a line for each answer on which something depended
LONGEST_SPEC = 1000  # characters [ours]


class AssumptionError(ValueError):
    """A spec that says nothing; seen by whoever wrote it. The message lists what there is."""


@dataclass(frozen=True)
class Question:
    """One question: what is not known, and what the server does under each answer.

    Args:
        asks: the question.
        answers: what the server does, by answer. The first one is the default.
        source: who says what.
    """

    asks: str
    answers: Mapping[str, str]
    source: str

    @property
    def default(self) -> str:
        return next(iter(self.answers))


QUESTIONS = {
    "conflict-type": Question(
        "which error type does a 409 have?",
        {
            "conflict_error": "a 409 has the type `conflict_error`",
            "invalid_request_error": "a 409 has the type `invalid_request_error`",
        },
        "the SDK's list of types and the page about errors have `conflict_error`; Anthropic's skill says "
        "that a 409 is an `invalid_request_error`, and that there is no other type for it",
    ),
    "files-by-session": Question(
        "what comes of `files.list(scope_id=…)` without the beta header of managed agents?",
        {
            "beta-needed": "`files.list` with `scope_id` and without the beta header is 400",
            "taken": "`files.list` with `scope_id` is answered without the beta header too",
        },
        "the documentation says that it is needed, and the SDK doesn't add it; Anthropic's skill says that "
        "`scope_id` may be refused without it",
    ),
    "events-page": Question(
        "how many events has a page of a session's events, if no limit is given?",
        {
            "1000": "a page of a session's events has 1,000, as one of a thread's",
            "100": "a page of a session's events has 100",
        },
        "Anthropic's skill says 1,000, and the SDK's docstring says so of a thread's; the documentation "
        "says neither",
    ),
    "second-answer": Question(
        "what comes of a second answer to a call?",
        {
            "refused": "a second answer to the same call is 400",
            "accepted": "a second answer to the same call is accepted and listed, and changes nothing",
        },
        "the documentation says nothing; a capture of somebody else's session has one that was accepted",
    ),
    "message-while-parked": Question(
        "what comes of a message while calls wait for the client?",
        {
            "refused": "a message while calls wait for the client is 400 and names them",
            "queued": "a message while calls wait for the client is accepted, and waits behind their answers",
        },
        "Anthropic's skill says that events can be sent at any time, and are queued; others that have tried "
        "say 400; the documentation only speaks of `system.message`",
    ),
    "interrupt-closes-calls": Question(
        "does an interrupt close the custom calls that wait for the client?",
        {
            "no": "an interrupt leaves custom calls that wait for the client without a result",
            "yes": "an interrupt closes custom calls that wait for the client with an error result",
        },
        "the documentation says yes for a child thread, where it is always so here, and nothing of others; "
        "nor does it say which event is the result: here a `user.custom_tool_result`",
    ),
    "environment-names": Question(
        "can two active environments have one name?",
        {
            "unique": "a name that an active environment has is 409; archiving that one frees it",
            "any": "an environment may have a name that another one has",
        },
        "the documentation asks for a unique name and doesn't say what happens otherwise; Anthropic's "
        "skill, and somebody who tried it, say 409, and the latter that archiving frees the name",
    ),
    "archived-session": Question(
        "which status has an event for an archived session?",
        {
            "409": "an event for an archived session is 409",
            "404": "an event for an archived session is 404",
        },
        "the documentation says that none can be sent; Anthropic's skill says 409, others report 404",
    ),
    "empty-memory-update": Question(
        "what comes of an update of a memory that names neither `content` nor `path`?",
        {
            "accepted": "an update that names neither `content` nor `path` is 200 and changes nothing",
            "refused": "an update that names neither `content` nor `path` is 400",
        },
        "the documentation speaks of `content`, `path` or both, and doesn't say what neither is; the SDK's "
        "own tests send it",
    ),
}


@dataclass(frozen=True)
class Assumptions:
    """The answers that a spec gives; by default there are none.

    Args:
        spec: for example "environment-names=any".

    Raises:
        AssumptionError: a question or an answer that doesn't exist; the message lists those that do.
    """

    spec: str = ""

    def __post_init__(self) -> None:
        if len(self.spec) > LONGEST_SPEC:
            raise AssumptionError(
                f"a spec has at most {LONGEST_SPEC} characters, this one has {len(self.spec)}"
            )
        _ = self.given  # so that a wrong one is refused here

    @cached_property
    def given(self) -> dict[str, str]:
        """What the spec answers, by question."""
        return dict(_answered(text) for text in self.spec.split())

    def of(self, question: str) -> str:
        """The answer to a question, or its default.

        Raises:
            KeyError: there is no such question: a mistake in the server itself.
        """
        if noted := os.environ.get(ASKED_VARIABLE):
            with open(noted, "a", encoding="utf-8") as asked:
                asked.write(f"{question}\n")
        return self.given.get(question) or QUESTIONS[question].default

    def before(self, others: Assumptions) -> Assumptions:
        """These answers, and what `others` answer beside them."""
        return Assumptions(f"{others.spec} {self.spec}".strip()) if self.spec else others


NOTHING_ASSUMED = Assumptions()


def assumed_here() -> Assumptions:
    """What the environment says, for a server that is not told anything."""
    return Assumptions(os.environ.get(ASSUME_VARIABLE, ""))


def _answered(text: str) -> tuple[str, str]:
    name, _, answer = text.partition("=")
    if name not in QUESTIONS:
        raise AssumptionError(f"there is no question {name!r}; there are: {', '.join(map(usage, QUESTIONS))}")
    if answer not in QUESTIONS[name].answers:
        raise AssumptionError(f"{answer!r} is no answer to {name!r}: {usage(name)}")
    return name, answer


def usage(name: str) -> str:
    """How a question is answered: `conflict-type=conflict_error|invalid_request_error`."""
    return f"{name}={'|'.join(QUESTIONS[name].answers)}"


def every_answer() -> list[str]:
    """A spec for each answer that isn't the default: what has to hold under all of them is run with each."""
    return [
        f"{name}={answer}"
        for name, question in QUESTIONS.items()
        for answer in question.answers
        if answer != question.default
    ]


def rounds() -> list[str]:
    """The fewest specs among which each answer that isn't the default is: for what takes long to run."""
    others = {name: [a for a in q.answers if a != q.default] for name, q in QUESTIONS.items()}
    most = max(map(len, others.values()))
    return [
        " ".join(f"{name}={answers[min(number, len(answers) - 1)]}" for name, answers in others.items())
        for number in range(most)
    ]


def help_text() -> str:
    """What `--assume help` prints."""
    lines = ["RULE=ANSWER, the first answer is the default:", ""]
    for name, question in QUESTIONS.items():
        lines += [f"  {usage(name)}", f"      {question.asks}"]
        lines += [f"      {answer}: {does}" for answer, does in question.answers.items()]
        lines += [f"      ({question.source})"]
    return "\n".join(lines)


def markdown_table() -> str:
    """The questions with their answers, for the page about fidelity."""
    lines = ["| question | answers, the default first | who says what |", "|---|---|---|"]
    for name, question in QUESTIONS.items():
        answers = "<br>".join(f"`{name}={answer}`: {does}" for answer, does in question.answers.items())
        lines.append(f"| {question.asks} | {answers} | {question.source} |")
    return "\n".join(lines) + "\n"
