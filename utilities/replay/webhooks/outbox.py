"""Webhooks: what of a session's life, and of other resources', is told to a receiver, and in which words.

Pure: sessions are followed, other resources tell of themselves, and what is to be delivered is collected
here; `sender` sends it. A delivery names what happened and to which object, nothing else: the receiver asks
the API for the rest. [doc]
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..ids import make_id
from ..recordings.recording import Event

if TYPE_CHECKING:
    from ..session.session import Session

# The webhook event that an event of the log means. [doc; the names: sdk]
TOLD = {
    "session.status_running": "session.status_run_started",
    "session.status_idle": "session.status_idled",
    "session.status_rescheduled": "session.status_rescheduled",
    "session.status_terminated": "session.status_terminated",
    "session.thread_created": "session.thread_created",
    "session.thread_status_idle": "session.thread_idled",
    "session.thread_status_terminated": "session.thread_terminated",
    "span.outcome_evaluation_end": "session.outcome_evaluation_ended",
    "session.updated": "session.updated",
    "session.deleted": "session.deleted",
}
# What is told of resources that aren't sessions. [doc; the names: sdk]
TOLD_OF = {
    "agent": ("created", "updated", "archived"),
    "environment": ("created", "updated", "archived", "deleted"),
    "memory_store": ("created", "archived", "deleted"),
    "vault": ("created", "archived", "deleted"),
    "vault_credential": ("created", "archived", "deleted"),
    "deployment": ("created", "updated", "paused", "unpaused", "archived"),
    "deployment_run": ("started", "succeeded", "failed"),
}
RESOURCES = ("session", *TOLD_OF)
TYPES = (
    *(*TOLD.values(), "session.created", "session.archived", "session.budget_reached"),
    *(f"{resource}.{what}" for resource, told in TOLD_OF.items() for what in told),
)
# In the SDK, and never sent. Of these nobody says when they come, or they say the same again:
NEVER_TOLD = (
    *("session.pending", "session.running", "session.idled", "session.requires_action"),
    # No route deletes these, and nothing here refreshes a token:
    *("agent.deleted", "deployment.deleted", "vault_credential.refresh_failed"),
    # And these are about what the server doesn't have:
    *(
        "external_key.failed",
        "external_key.recovered",
        "external_storage.failed",
        "external_storage.recovered",
    ),
    *("user_profile.enforcement_action_opened", "user_profile.enforcement_action_resolved"),
    "user_profile.program_status_updated",
)
ORGANIZATION, WORKSPACE = make_id("org"), make_id("wrkspc")


@dataclass(frozen=True)
class Delivery:
    """One webhook event. Its id stays the same however often it is sent. [doc]"""

    id: str
    body: str

    @property
    def data(self) -> dict[str, Any]:
        data: dict[str, Any] = json.loads(self.body)["data"]
        return data

    @property
    def type(self) -> str:
        return str(self.data["type"])


@dataclass
class Outbox:
    """What is still to be delivered.

    Args:
        wanted: the resources whose webhooks are wanted, or single types; others aren't sent, nor will be.
    """

    wanted: Sequence[str] = RESOURCES
    waiting: list[Delivery] = field(default_factory=list)
    count: int = 0
    spent: dict[str, Any] = field(default_factory=dict)  # the budget that each session last reached

    def follow(self, session: Session) -> None:
        """Tell of a new session, and of everything that happens in it from its creation on."""
        self.tell(session.id, "session.created", session.created_at)
        for event in session.log:
            self._hear(session, event)
        session.hear = lambda event: self._hear(session, event)

    def archived(self, session: Session) -> None:
        """That it is terminated, its log has said. [doc]"""
        self.tell(session.id, "session.archived", session.updated_at)

    def take(self) -> list[Delivery]:
        """What has come up since the last time."""
        waiting, self.waiting = self.waiting, []
        return waiting

    def tell(self, about: str, type: str, created_at: str, **more: str) -> None:
        """Add one delivery.

        Args:
            about: the id of the session, the agent, or whatever it is.
            type: of the webhook event.
            created_at: when it happened, RFC 3339, by the recording's clock as in every event.
            more: further fields of its `data`.
        """
        if type not in self.wanted and type.partition(".")[0] not in self.wanted:
            return
        self.count += 1
        id = make_id("whe", about, type, self.count)  # documented; Anthropic's skill writes event_ [doc]
        ids = {"id": about, "organization_id": ORGANIZATION, "workspace_id": WORKSPACE}
        body = {"type": "event", "id": id, "created_at": created_at, "data": {"type": type, **ids, **more}}
        self.waiting.append(Delivery(id, json.dumps(body)))

    def _hear(self, session: Session, event: Event) -> None:
        type, more = TOLD.get(event["type"]), {}
        if type is not None and type.startswith("session.thread_"):
            thread = str(event.get("session_thread_id"))
            if not _was_created(session, thread):
                return  # a session's first thread is the session; these are about the others [ours]
            more = {"session_thread_id": thread}
        if type is not None:
            self.tell(session.id, type, event["processed_at"], **more)
        if type == "session.deleted":
            self.spent.pop(session.id, None)
        reason = (event.get("stop_reason") or {}).get("type")
        if type == "session.status_idled" and reason == "budget_reached":
            self._budget_reached(session, event)

    def _budget_reached(self, session: Session, event: Event) -> None:
        """At most once for each value of the budget. [doc]"""
        if session.id not in self.spent or self.spent[session.id] != session.budget.limit:
            self.spent[session.id] = session.budget.limit
            self.tell(session.id, "session.budget_reached", event["processed_at"])


def _was_created(session: Session, thread: str) -> bool:
    return any(
        event["type"] == "session.thread_created" and event.get("session_thread_id") == thread
        for event in session.log
    )
