"""What lesson 04 prints of an agent's lookups: short, the same in every run, and harmless."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

from utilities.course import lesson04


def turn(*calls: tuple[str, dict[str, Any], str], text: str = "Done.") -> Any:
    """What `looked_up` takes of a turn's result."""
    made = [SimpleNamespace(name=name, input=given, text=back) for name, given, back in calls]
    return SimpleNamespace(tool_calls=made, text=text)


def test_a_recall_shows_its_texts_and_a_stored_memory_no_random_id(capsys):
    hits = json.dumps({"hits": [{"text": "Ada sings."}, {"text": "Ada dances."}]})
    stored = '{"stored": true, "memory_id": "0123456789abcdef"}'
    recall = ("memory_recall", {"query": "song?", "max_results": 2}, hits)
    lesson04.looked_up(turn(recall, ("memory_retain", {"content": "x"}, stored), text="I see.\n\nShe sings."))
    assert capsys.readouterr().out == (
        "[memory_recall] song?\n    Ada sings.; Ada dances.\n"
        '[memory_retain] x\n    {"stored": true, "memory_id": "#"}\n'
        "→ She sings.\n"
    )


def test_what_is_long_is_cut_and_what_would_act_is_shown(capsys):
    lesson04.looked_up(turn(("bash", {"command": "ls " * 50}, "\x1b[31m" + "word " * 100), text="ok\x07"))
    out = capsys.readouterr().out
    assert "\x1b" not in out and "\x07" not in out and "[...]" in out
    assert all(len(line) <= 100 for line in out.splitlines())


def test_a_call_without_a_known_input_and_a_turn_without_words(capsys):
    lesson04.looked_up(turn(("memory_forget", {"memory_ids": "a"}, ""), text=""))
    assert capsys.readouterr().out.startswith("[memory_forget] {'memory_ids': 'a'}\n")
