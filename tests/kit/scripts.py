"""Recordings that several tests play: calls that wait, a question before a deletion, two ways to go on."""

from __future__ import annotations

from typing import Any

from tests.kit.recordings import Script


def going() -> Script:
    """A turn of ten seconds that writes a file after five."""
    script = Script("going")
    script.message("go")
    script.say("half way", after=5.0)
    written = {
        "filename": "out.py",
        "mime_type": "text/x-python",
        "created_at": script.now,
        "content": "x = 1\n",
    }
    script.outputs.append(written)
    script.say("done", after=5.0)
    script.idle()
    return script


def two_turns() -> Script:
    """A turn that is short, and one of ten seconds."""
    script = Script("two_turns")
    script.message("one")
    script.say("1")
    script.idle()
    script.message("two")
    script.say("2", after=10.0)
    script.idle()
    return script


def windowed(keys: str = "abc", window: int | None = None) -> Script:
    """Calls that wait together; the recording has one idle for all, or a sliding window."""
    script = Script()
    script.message("look up")
    calls = [script.custom("lookup", key=key) for key in keys]
    script.idle("requires_action", calls[:window])
    for number, call in enumerate(calls):
        script.custom_result(call, keys[number].upper())
        if window and number + window < len(calls):
            script.idle("requires_action", calls[number + 1 : number + 1 + window])
    script.running()
    script.say("all there")
    script.idle()
    return script


def asking(name: str, verdict: str, **fields: Any) -> Script:
    """The agent asks before it deletes; the client allows or denies."""
    script = Script(name)
    script.message("clean up")
    script.say("shall I?")
    call = script.builtin("bash", "ask", command="rm -r build")
    script.idle("requires_action", [call])
    script.confirmation(call, verdict, **fields)
    script.running()
    script.builtin_result(call, is_error=verdict == "deny")
    script.say("deleted" if verdict == "allow" else "left alone")
    script.idle()
    return script


def chatty(name: str, lookups: int, answer: str, reply: str, pause: float = 1.0) -> Script:
    """The agent uses its own tools so many times, then asks the client, who answers; then a second turn."""
    script = Script(name)
    script.message("start")
    for number in range(lookups):
        script.builtin_result(script.builtin("read", file_path=f"{name}-{number}"))
    script.say(f"{name} was here", after=pause)
    call = script.custom("choose", options=["left", "right"])
    script.idle("requires_action", [call])
    script.custom_result(call, answer)
    script.running()
    script.say(reply)
    again = script.custom("confirm")
    script.idle("requires_action", [again])
    script.custom_result(again, f"sure, {answer}")
    script.running()
    script.say(f"went {answer}")
    script.idle()
    return script


def weather(name: str = "weather", question: str = "Rain today?", result: str = "rain") -> Script:
    """Another agent, `weather`, asks for a forecast and gives its advice."""
    script = Script(name, agent="weather")
    script.message(question)
    call = script.custom("forecast", city="Bern")
    script.idle("requires_action", [call])
    script.custom_result(call, result)
    script.running()
    script.say("Take an umbrella.")
    script.idle()
    return script
