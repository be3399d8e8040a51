"""Turns that many tests play: a plain one, one with calls, one that asks for permission."""

from __future__ import annotations

from typing import Any

from tests.kit.recordings import Script


def a_turn(reason: str = "end_turn", **fields: Any) -> Script:
    """A message, a built-in call and an answer of two messages; it ends for this reason."""
    script = Script()
    script.message("go")
    script.say("working on it")
    script.builtin_result(script.builtin(command="ls"))
    script.say("done")
    script.idle(reason, **fields)
    return script


def one_call(text: str = "", is_error: bool = False) -> Script:
    """A turn with one call of the tool `work`, and what answers it."""
    script = Script()
    script.message("go")
    call = script.custom("work", name="a")
    script.idle("requires_action", [call])
    script.custom_result(call, text, is_error=is_error)
    script.running()
    script.idle()
    return script


def parallel_calls(*batches: list[str], answers: str = "{} ok") -> Script:
    """Calls of the tool `work`, all at once; each batch is what one idle event asks for."""
    script = Script()
    script.message("go")
    calls = {name: script.custom("work", name=name) for batch in batches for name in batch}
    for batch in batches:
        script.idle("requires_action", [calls[name] for name in batch])
        for name in batch:
            script.custom_result(calls[name], answers.format(name))
        script.running()
    script.say("all done")
    script.idle()
    return script


def calls_in_turn(*names: str, answers: str = "{} ok") -> Script:
    """Calls of the tool `work`, each made once the one before has its answer."""
    script = Script()
    script.message("go")
    for name in names:
        call = script.custom("work", name=name)
        script.idle("requires_action", [call])
        script.custom_result(call, answers.format(name))
        script.running()
    script.say("all done")
    script.idle()
    return script


def asking(*verdicts: tuple[str, dict[str, str]]) -> list[Script]:
    """Recordings with one opening, a call that asks, and one continuation for each verdict."""
    scripts = []
    for verdict, fields in verdicts:
        script = Script(f"asking-{verdict}")
        script.message("go")
        call = script.builtin(command="rm -r /", permission="ask")
        script.idle("requires_action", [call])
        script.confirmation(call, verdict, **fields)
        script.running()
        if verdict == "allow":
            script.builtin_result(call, "gone")
        script.say(f"{verdict} it is")
        script.idle()
        scripts.append(script)
    return scripts


def types(events: list[Any]) -> list[str]:
    """What events there are, parsed or as JSON."""
    return [event["type"] if isinstance(event, dict) else event.type for event in events]
