"""What a scenario's calls look like in a recording, as far as it doesn't depend on the session: no state."""

from __future__ import annotations

import mimetypes
from pathlib import PurePosixPath
from typing import Any

from ..recordings.recording import packed
from .moves import ScriptedCall

DENIED = "The user denied this call."
REFUSED = "The call was not executed: {reason}."  # the words [ours]
GROUNDS = {"ask": "indeterminate", "deny": "high_risk"}  # of a verdict by the policy `auto` [sdk]


def permission(call: ScriptedCall) -> dict[str, Any]:
    """What was found of a call's permission, and how, if the service has judged. [sdk]"""
    if call.auto is None:
        return {"evaluated_permission": "ask" if call.asks else "allow"}
    verdict = {"type": call.auto} | ({} if call.auto == "allow" else {"reason_code": grounds(call)})
    evaluation = {"type": "auto", "evaluated_permission": verdict}
    return {"evaluated_permission": call.auto, "evaluation": evaluation}


def grounds(call: ScriptedCall) -> str:
    """Why the service has judged so."""
    return call.reason_code or GROUNDS[str(call.auto)]


def denied(call: ScriptedCall) -> str:
    """What the agent gets back for a call that doesn't run."""
    if call.auto == "deny":
        return REFUSED.format(reason=grounds(call))
    return call.deny_message or DENIED  # what the hosted API says then is in no public capture [ours]


def text_block(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def described(path: str, data: bytes, now: str) -> dict[str, str]:
    """An output: its name, its kind, when it was there, and what is in it."""
    name, content = PurePosixPath(path).name, packed(data)
    kind = "text/x-python" if name.endswith(".py") else "text/plain"
    if "encoding" in content:
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return {"filename": name, "mime_type": kind, "created_at": now, **content}
