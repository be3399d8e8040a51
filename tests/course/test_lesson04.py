"""Lesson 04's checks: wrong answers fail, each for its own reason, and right ones of another style pass.
What holds for the exercises of every lesson is in test_exercises.py."""

from __future__ import annotations

import itertools
import time
from functools import partial
from typing import Any

import pytest
from anthropic import APIStatusError, ConflictError, NotFoundError

from utilities.course import lesson04
from utilities.course.exercises import Exercise
from utilities.course.lesson04 import watched

pytestmark = pytest.mark.slow

EXERCISES = [exercise for exercise in vars(lesson04).values() if isinstance(exercise, Exercise)]


def test_not_attempted_is_no_error(capsys):
    def nothing(*_: Any) -> None: ...

    for open_ in (nothing, lambda *_: ...):
        lesson04.undoing.check(open_)
        lesson04.appending.check(open_)
        lesson04.grepping.check(..., ...)
        assert [exercise.passed for exercise in EXERCISES] == [None, None, None]
        out = capsys.readouterr().out
        assert [f"Exercise {number}: not attempted yet" in out for number in (1, 2, 3)] == [True] * 3


def digest(sha256: str) -> dict[str, str]:
    return {"type": "content_sha256", "content_sha256": sha256}


# -- 1: undo -------------------------------------------------------------------------------------------


def undo(client: Any, store_id: str, memory_id: str) -> bool:
    """The solution."""
    stores = client.beta.memory_stores
    versions = stores.memory_versions.list(store_id, memory_id=memory_id, view="full")
    now, *before = itertools.islice(versions, 2)
    if not before or before[0].redacted_at:
        return False
    stores.memories.update(
        memory_id, memory_store_id=store_id, path=before[0].path, content=before[0].content,
        precondition=digest(now.content_sha256),
    )  # fmt: skip
    return True


def versions_of(client: Any, store_id: str, memory_id: str) -> list[Any]:
    return list(client.beta.memory_stores.memory_versions.list(store_id, memory_id=memory_id, view="full"))


def put(client: Any, store_id: str, memory_id: str, **fields: Any) -> bool:
    client.beta.memory_stores.memories.update(memory_id, memory_store_id=store_id, **fields)
    return True


def now_of(client: Any, store_id: str, memory_id: str) -> Any:
    return client.beta.memory_stores.memories.retrieve(memory_id, memory_store_id=store_id)


def by_the_memory(client: Any, store_id: str, memory_id: str) -> bool:
    """Right: the memory first, which names its version, then that version's place in the history."""
    now, versions = now_of(client, store_id, memory_id), versions_of(client, store_id, memory_id)
    older = versions[[v.id for v in versions].index(now.memory_version_id) + 1 :]
    if not older or older[0].content is None:
        return False
    fields = {"path": older[0].path, "content": older[0].content}
    return put(client, store_id, memory_id, **fields, precondition=digest(now.content_sha256))


def loose(client: Any, store_id: str, memory_id: str, **changed: Any) -> bool:
    """Right, but for what is passed."""
    options = {"path": True, "guard": True, "which": 1, "empty": True, "redacted": True, **changed}
    versions = versions_of(client, store_id, memory_id)
    if len(versions) < 2:
        return False
    then = versions[options["which"]]
    if (options["redacted"] and then.redacted_at) or not (options["empty"] or then.content):
        return False
    fields: dict[str, Any] = {"content": then.content}
    if options["path"]:
        fields["path"] = then.path
    if options["guard"]:
        fields["precondition"] = digest(versions[0].content_sha256)
    return put(client, store_id, memory_id, **fields)


def any_memory(client: Any, store_id: str, memory_id: str) -> bool:
    """Takes the store's last change for the memory's."""
    versions = list(client.beta.memory_stores.memory_versions.list(store_id, view="full"))
    if len(versions) < 2 or versions[1].redacted_at:
        return False
    return put(client, store_id, memory_id, path=versions[1].path, content=versions[1].content)


def without_content(client: Any, store_id: str, memory_id: str) -> bool:
    """Lists without view="full"."""
    versions = list(client.beta.memory_stores.memory_versions.list(store_id, memory_id=memory_id))
    if len(versions) < 2 or versions[1].redacted_at:
        return False
    return put(client, store_id, memory_id, path=versions[1].path, content=versions[1].content)


def never_checks(client: Any, store_id: str, memory_id: str) -> bool:
    then = versions_of(client, store_id, memory_id)[1]
    return put(client, store_id, memory_id, path=then.path, content=then.content)


def anew(client: Any, store_id: str, memory_id: str) -> bool:
    """Deletes, and creates another."""
    versions = versions_of(client, store_id, memory_id)
    memories = client.beta.memory_stores.memories
    memories.delete(memory_id, memory_store_id=store_id)
    memories.create(store_id, path=versions[1].path, content=versions[1].content)
    return True


def late_hash(client: Any, store_id: str, memory_id: str) -> bool:
    """Has a precondition, with the hash of whatever is there when it is about to write."""
    versions = versions_of(client, store_id, memory_id)
    if len(versions) < 2 or versions[1].redacted_at:
        return False
    guard = digest(now_of(client, store_id, memory_id).content_sha256)
    return put(
        client, store_id, memory_id, path=versions[1].path, content=versions[1].content, precondition=guard
    )


def keeps_quiet(client: Any, store_id: str, memory_id: str) -> bool:
    try:
        return undo(client, store_id, memory_id)
    except ConflictError:
        return False


def undoes_the_rival(client: Any, store_id: str, memory_id: str) -> bool:
    while True:
        try:
            return undo(client, store_id, memory_id)
        except ConflictError:
            continue


def until_it_is_so(client: Any, store_id: str, memory_id: str) -> bool:
    """Waits for the content to become another one, which it never does."""
    while now_of(client, store_id, memory_id).content:
        pass
    return True


def touches_another(client: Any, store_id: str, memory_id: str) -> bool:
    done = undo(client, store_id, memory_id)
    if done:
        client.beta.memory_stores.memories.create(store_id, path="/log.md", content="undone")
    return done


def test_undo_passes_in_two_ways(passes):
    passes(lesson04.undoing, undo)
    passes(lesson04.undoing, by_the_memory)
    passes(lesson04.undoing, loose)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (any_memory, "whose content was changed: your code raised ConflictError"),
        (without_content, "expected 'milk' at /list.md"),
        (never_checks, "was only created: your code raised IndexError"),
        (anew, "the memory's id is gone"),
        (partial(loose, path=False), "was renamed: the memory is now 'milk' at /kitchen/list.md"),
        (partial(loose, which=-1), "changed twice: the memory is now 'milk'"),
        (partial(loose, empty=False), "was empty before: the memory is now 'bread'"),
        (
            partial(loose, redacted=False),
            "it is as it should be, but undo returned True",
        ),
        (partial(loose, guard=False), "number 2, and it is lost: the memory is 'milk'"),
        (late_hash, "number 2, and it is lost: the memory is 'milk'"),
        (keeps_quiet, "undo returned False); let the ConflictError through"),
        (undoes_the_rival, "which nobody asked for"),
        (touches_another, "another memory of the store has changed, or there is one more"),
        (until_it_is_so, "after 30 requests it was still sending"),
        (lambda *ids: None if undo(*ids) else False, "undo returned None instead of True"),
        (lambda *ids: False, "changed: the memory is now 'bread'"),
    ],
)
def test_a_wrong_undo_fails(wrong, why, fails):
    fails(lesson04.undoing, wrong, why=why)


# -- 3: what grep finds and recall doesn't -------------------------------------------------------------

LONG = (
    "The offsite was long: budget, colours of the new logo, pizza, a quiz that nobody won, "
    "and somewhere in between Zoltan said that he moves to Graz."
)


@pytest.mark.parametrize(
    ("fact", "question"),
    [
        ("RMA88213B: send a blue cable.", "What did the customer with 88213 complain about?"),
        ("2026-03-19: moved.", "Which meeting of the team is on 03-19?"),
        (LONG, "Is Graz where the family vacation is, or the neighbours' new home?"),
    ],
)
def test_a_fact_that_only_grep_finds_passes(fact, question, passes):
    passes(lesson04.grepping, fact, question)
    assert fact not in lesson04.recalled(fact, question)[:3]


@pytest.mark.parametrize(
    ("fact", "question", "why"),
    [
        ("Zoltan repairs the boiler.", "Who is Zoltan?", "recall finds it too, as number 1; next comes"),
        (
            "LH1187 leaves from B.",
            "Is my seat on 1187 on the aisle?",
            "as number 3; before it come",
        ),
        (
            "Ximena is the cat.",
            "What did the customer complain about?",
            "none of What, customer, complain",
        ),
        ("Ximena is it.", "Is it so?", "none of no words is in it"),
        ("Ximena came with us.", "Who came along with her?", "as number 1"),
        ("He is with Ximena.", "Is it with him?", "'with' is in 8 lines, so grep finds everything"),
        (lesson04.facts()[0], "Do I take sugar in my coffee?", "in the notes already"),
        ("RMA88213B: send a blue cable.", "88213?", "not a question that a person asks"),
        ("RMA88213B: send a blue cable.", "complaint about 88213", "not a question that a person asks"),
        ("a\nb", "What is a?", "one line of at most 200"),
        ("x" * 201, "What is x?", "one line of at most 200"),
        ("", "What is x?", "the fact is a text"),
        ("RMA88213B: send a blue cable.", 7, "the question is a text, not 7"),
    ],
)
def test_a_fact_that_both_find_or_neither_fails(fact, question, why, fails):
    fails(lesson04.grepping, fact, question, why=why)


def test_grep_is_what_an_agent_would_get():
    lines = lesson04.grep("Mr GRAZ-7 and tea.", "Was it in graz-7, at 'Tea' (or with Ida's)?")
    assert list(lines) == ["graz-7", "with", "Ida's"]
    assert lines["graz-7"] == ["Mr GRAZ-7 and tea."]
    assert lines["with"] == [fact for fact in lesson04.facts() if "with" in fact]


# -- 2: a write conflict -------------------------------------------------------------------------------


def append_line(client: Any, store_id: str, memory_id: str, line: str) -> None:
    """The solution."""
    memories = client.with_options(max_retries=0).beta.memory_stores.memories
    while True:
        seen = memories.retrieve(memory_id, memory_store_id=store_id)
        gap = "" if not seen.content or seen.content.endswith("\n") else "\n"
        try:
            memories.update(
                memory_id, memory_store_id=store_id, content=f"{seen.content}{gap}{line}\n",
                precondition=digest(seen.content_sha256),
            )  # fmt: skip
            return
        except ConflictError:
            continue


def append(
    client: Any, store_id: str, memory_id: str, line: str, *, tries: int = 20, retries: int = 0,
    guard: bool = True, catch: Any = ConflictError, join: Any = None, quiet: bool = False,
) -> Any:  # fmt: skip
    """Right, with lines joined in another way, and with something left out on request."""
    join = join or (lambda content, line: "\n".join([*content.splitlines(), line]))
    client = client.with_options(max_retries=retries)
    for attempt in range(1, tries + 1):
        seen = now_of(client, store_id, memory_id)
        fields = {"precondition": digest(seen.content_sha256)} if guard else {}
        try:
            return put(client, store_id, memory_id, content=join(seen.content, line), **fields)
        except catch:
            if attempt == tries and not quiet:
                raise
    return None


def same_again(client: Any, store_id: str, memory_id: str, line: str) -> None:
    """After a conflict it sends the same again, without a look at what is there."""
    seen = now_of(client, store_id, memory_id)
    client = client.with_options(max_retries=0)
    for _ in range(4):
        try:
            content = "\n".join([*seen.content.splitlines(), line])
            put(client, store_id, memory_id, content=content, precondition=digest(seen.content_sha256))
            return
        except ConflictError:
            pass


def new_hash_old_content(client: Any, store_id: str, memory_id: str, line: str) -> None:
    """After a conflict it gets itself the new hash, but not the new content."""
    client = client.with_options(max_retries=0)
    content = "\n".join([*now_of(client, store_id, memory_id).content.splitlines(), line])
    while True:
        guard = digest(now_of(client, store_id, memory_id).content_sha256)
        try:
            put(client, store_id, memory_id, content=content, precondition=guard)
            return
        except ConflictError:
            continue


def unless_it_is_there(client: Any, store_id: str, memory_id: str, line: str) -> None:
    if line not in now_of(client, store_id, memory_id).content.splitlines():
        append_line(client, store_id, memory_id, line)


def twice(client: Any, store_id: str, memory_id: str, line: str) -> None:
    append_line(client, store_id, memory_id, line)
    append_line(client, store_id, memory_id, line)


def asks_first(client: Any, store_id: str, memory_id: str, line: str) -> None:
    """Tells the caller in another way than the API does."""
    if now_of(client, store_id, memory_id).content_size_bytes + len(line) > lesson04.LIMIT:
        raise ValueError("full")
    append_line(client, store_id, memory_id, line)


def test_appending_passes_in_several_ways(passes):
    passes(lesson04.appending, append_line)
    passes(lesson04.appending, append)
    passes(lesson04.appending, partial(append, tries=4))


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (partial(append, guard=False), "'rival 1' is lost"),
        (
            partial(append, retries=2),
            "wrote 1 time between your read and your update: you sent GET POST POST POST GET POST;",
        ),
        (partial(append, retries=2, tries=1), "you sent GET POST POST POST;"),
        (partial(append, tries=1), "wrote 1 time between your read and your update, and you gave"),
        (partial(append, tries=2), "wrote 3 times between your read and your update, and you"),
        (
            partial(append, tries=2, quiet=True),
            "wrote 3 times between your read and your update: 'bread' is lost",
        ),
        (same_again, "you sent GET POST POST POST POST;"),
        (new_hash_old_content, "'rival 1' is lost"),
        (
            partial(append, tries=99, catch=APIStatusError),
            "after 30 requests it was still sending; try again after a conflict only",
        ),
        (partial(append, catch=APIStatusError, tries=4, quiet=True), "as if the line were written"),
        (asks_first, "should reach the caller: your code raised ValueError: full"),
        (
            partial(append, join=lambda content, line: content + line + "\n"),
            "without a newline: 'milk', 'bread' is lost; the memory is 'milkbread",
        ),
        (
            partial(append, join=lambda content, line: f"{content.rstrip()}\n{line}"),
            "an empty memory: the memory's lines are ['', 'bread']",
        ),
        (unless_it_is_there, "ends with the same text: the memory's lines are ['milk', 'bread']"),
        (twice, "the memory's lines are ['milk', 'bread', 'bread']"),
        (lambda client, store, memory, line: now_of(client, memory, store), "raised NotFoundError"),
    ],
)
def test_wrong_appending_fails(wrong, why, fails):
    fails(lesson04.appending, wrong, why=why)


def test_lines_of_two_threads_at_the_wrong_end_fail(fails):
    def reverses(client: Any, store_id: str, memory_id: str, line: str) -> None:
        """Appends, but for the threads' lines, which it puts at the top."""
        join = (lambda content, line: f"{line}\n{content}") if line.startswith(("a ", "b ")) else None
        append(client, store_id, memory_id, line, join=join)

    fails(lesson04.appending, reverses, why="two threads with ten lines each: of one thread")


def test_waiting_for_ever_fails_the_check_instead_of_hanging_it(monkeypatch, fails):
    monkeypatch.setattr(watched, "PATIENCE", 0.2)
    asleep = lambda *given: (now_of(*given[:3]), time.sleep(5))  # noqa: E731
    fails(lesson04.appending, asleep, why="it was still at it after 0 s")


def test_a_function_that_catches_everything_is_stopped_all_the_same(fails):
    calls = itertools.count()

    def stubborn(client: Any, store_id: str, memory_id: str) -> None:
        while True:
            try:
                next(calls)
                now_of(client, memory_id, store_id)
            except (NotFoundError, Exception):
                continue

    fails(lesson04.undoing, stubborn, why="after 30 requests it was still sending")
    assert next(calls) == 31  # and it is not running on behind the check
