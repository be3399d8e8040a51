"""Deployments: an agent with all that it needs to run by itself, by hand or on a schedule."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import Any

from anthropic.types.beta.deployment_create_params import DeploymentCreateParams
from anthropic.types.beta.deployment_update_params import DeploymentUpdateParams

from ..faults import NO_FAULTS, Faults
from ..http.errors import UNRECORDED, ApiError
from ..http.paging import Query, page_of
from ..http.validation import Resource
from ..session import budgets
from . import limits
from .collection import Clock, Collection, checked_metadata, patched_metadata
from .cron import Cron, CronError
from .deployment_runs import DeploymentRuns, Refusal, refusal
from .multiagent import models_of
from .schedules import Schedules
from .sessions import Sessions

MOST_SCHEDULED = 1_000  # deployments with a schedule [doc]
MANUAL = {"type": "manual"}
# What a run fails with that may be better the next time: such a failure doesn't pause. [doc; sdk: which]
RECOVERABLE = ("session_rate_limited_error", "session_creation_rejected_error")
SECRETS = ("authorization_token",)  # write-only, and of no use here
WIDE = ("description", "schedule", "budget")  # what null clears


class Deployments(Collection):
    """The deployments of a server; their runs are in `runs`.

    Args:
        clock: the recordings' time.
        sessions: where runs start sessions, with the server's agents, environments, files, stores and vaults.
        started: is told of each session that a run has started.
    """

    kind, prefix = "Deployment", "depl"

    def __init__(self, clock: Clock, sessions: Sessions, started: Callable[[Resource], object]) -> None:
        super().__init__(clock)
        self.sessions, self.started = sessions, started
        self.runs, self.schedules = DeploymentRuns(clock), Schedules(clock)

    # -- the resource ---------------------------------------------------------------------------

    def create(self, body: Any, now: float) -> Resource:
        given = limits.checked(DeploymentCreateParams, body)
        wanted = self._resolved(given)
        deployment = {
            "id": "",
            "type": "deployment",
            "name": given["name"],
            "description": None,
            "resources": [],
            "vault_ids": [],
            "schedule": None,
            "budget": None,
            **wanted,
            "metadata": checked_metadata(given.get("metadata") or {}),
            "status": "active",
            "paused_reason": None,
        }
        self._check(deployment, given)
        cron = self._cron(deployment, adds=deployment["schedule"] is not None)
        deployment |= {"id": self.new_id(), **self._stamps()}
        self.items[deployment["id"]] = deployment
        self.schedules.set(deployment["id"], cron, now, runs=True)
        self.tell(deployment, "created")
        return self.shown(deployment["id"], now)

    def update(self, id: str, body: Any, now: float) -> Resource:
        """What is left out stays; events, resources, vaults, schedule and budget are replaced whole. [sdk]"""
        given = limits.checked(DeploymentUpdateParams, body)
        deployment = self._open(id)
        changed = {**deployment, **self._resolved(given)}
        changed["metadata"] = patched_metadata(deployment["metadata"], given.get("metadata"))
        self._check(changed, given)
        adds = changed["schedule"] is not None and deployment["schedule"] is None
        cron = self._cron(changed, adds=adds)
        if changed != deployment:
            self.items[id] = {**changed, "updated_at": self.clock.tick()}
            if changed["schedule"] != deployment["schedule"]:
                self.schedules.set(id, cron, now, runs=changed["status"] == "active")
            self.tell(changed, "updated")
        return self.shown(id, now)

    def list_deployments(self, query: Query, now: float) -> dict[str, Any]:
        """Newest first. [ours: the order]"""
        archived, status = query.flag("include_archived"), query.text("status")
        if status is not None and status not in ("active", "paused"):
            raise ApiError(400, f"status: must be active or paused, not {status!r}")
        if status is not None and archived:
            raise ApiError(400, "status: can't be combined with include_archived")
        within, agent = query.within("created_at"), query.text("agent_id")
        rows = [
            item
            for item in self.items.values()
            if (archived or not item["archived_at"])
            and status in (None, item["status"])
            and agent in (None, item["agent"]["id"])
            and (within is None or within(item["created_at"]))
        ]
        page = page_of(rows, query, default=20, most=100, order="desc")
        return {**page, "data": [self.shown(item["id"], now) for item in page["data"]]}

    def shown(self, id: str, now: float) -> Resource:
        """A deployment with the next times of its schedule; without a budget there is no such key. [sdk]"""
        deployment = dict(self.get(id))
        if deployment["budget"] is None:
            del deployment["budget"]
        if deployment["schedule"] is not None:
            ahead = [] if deployment["archived_at"] else self.schedules.upcoming(id, now)
            times = {"last_run_at": self.runs.last_scheduled(id), "upcoming_runs_at": ahead}
            deployment["schedule"] = {**deployment["schedule"], **times}
        return deployment

    def archive_deployment(self, id: str, now: float) -> Resource:
        """For good: it runs no more, and can't be changed. A paused one says active again. [sdk, doc]"""
        deployment = self.archive(id)
        deployment |= {"status": "active", "paused_reason": None}
        self.schedules.stop(id)
        return self.shown(id, now)

    def archive_agent(self, id: str, now: float) -> Resource:
        """Archive an agent, and with it, in the same operation, its deployments. [doc]"""
        agent = self.sessions.agents.archive(id)
        for deployment in self.items.values():
            if deployment["agent"]["id"] == id:
                self.archive_deployment(deployment["id"], now)
        return agent

    def pause(self, id: str, now: float) -> Resource:
        """No scheduled runs from here on; one that is paused stays as it is. [ours: the latter]"""
        deployment = self._open(id)
        if deployment["status"] == "active":
            self._paused(deployment, MANUAL)
        return self.shown(id, now)

    def unpause(self, id: str, now: float) -> Resource:
        """Run as scheduled again, from the next time on; nothing is made up for. [doc]"""
        deployment = self._open(id)
        if deployment["status"] == "paused":
            deployment |= {"status": "active", "paused_reason": None, "updated_at": self.clock.tick()}
            self.schedules.resume(id, now)
            self.tell(deployment, "unpaused")
        return self.shown(id, now)

    # -- runs -----------------------------------------------------------------------------------

    def run(self, id: str, now: float, faults: Faults = NO_FAULTS) -> Resource:
        """A session at once, whatever the schedule says, also of a paused one. [doc]

        Raises:
            ApiError: 400, it is archived, or no recording goes on with its events. What else is wrong is in
                the run that comes back.
        """
        return self._start(self._open(id), MANUAL, now, faults)

    def advance(self, now: float) -> float | None:
        """Start what has come due by `now`; returns when the next will be, of all schedules."""
        for id, moment, then in self.schedules.passed(now):
            context = {"type": "schedule", "scheduled_at": moment}
            self._start(self.items[id], context, then, NO_FAULTS)
        return self.schedules.next_due()

    def _start(self, deployment: Resource, context: Resource, now: float, faults: Faults) -> Resource:
        """One attempt, on record: a session, or the reason why there is none."""
        is_scheduled = context["type"] == "schedule"
        run = self.runs.new(deployment, context)
        if is_scheduled:
            self.runs.tell(run, "started")
        try:
            run["session_id"] = self._session(deployment, now, faults)
        except Refusal as error:
            run["error"] = {"type": error.type, "message": str(error)}
        except ApiError as error:
            if error.code == UNRECORDED and not is_scheduled:
                raise  # not the deployment's fault: whoever asked for the run must hear what isn't recorded
            run["error"] = {"type": "session_creation_rejected_error", "message": error.message}
        self.runs.keep(run)
        if is_scheduled:
            self.runs.tell(run, "failed" if run["error"] else "succeeded")
            if run["error"] and run["error"]["type"] not in RECOVERABLE:
                self._paused(deployment, {"type": "error", "error": {"type": run["error"]["type"]}})
        return run

    def _session(self, deployment: Resource, now: float, faults: Faults) -> str:
        """A new session as the deployment describes it; its id."""
        if reason := refusal(deployment, self.sessions):
            raise reason
        keys = ("agent", "environment_id", "resources", "vault_ids", "budget")
        body = {key: deployment[key] for key in keys if deployment[key] is not None}
        events = deployment["initial_events"]
        session = self.sessions.create(body, now, faults, events=events, deployment_id=deployment["id"])
        self.started(session)
        return str(session["id"])

    # -- what is sent ---------------------------------------------------------------------------

    def _open(self, id: str) -> Resource:
        """One that can be changed and run."""
        deployment = self.get(id)
        if deployment["archived_at"]:
            raise ApiError(400, f"Deployment {id} is archived, for good: it can't be changed or run.")
        return deployment

    def _resolved(self, given: Resource) -> Resource:
        """The fields that were sent, as they are kept."""
        wanted: Resource = {key: given[key] for key in ("name", "environment_id") if key in given}
        wanted |= {key: given[key] or None for key in WIDE if key in given}
        wanted |= {key: list(given[key] or ()) for key in ("resources", "vault_ids") if key in given}
        if "initial_events" in given:
            wanted["initial_events"] = list(given["initial_events"])
        if "resources" in wanted:
            wanted["resources"] = [
                {key: value for key, value in resource.items() if key not in SECRETS}
                for resource in wanted["resources"]
            ]
        if "agent" in given:
            reference: Resource = (
                {"id": given["agent"]} if isinstance(given["agent"], str) else given["agent"]
            )
            agent = self.sessions.agents.version(reference["id"], reference.get("version"))
            if agent["archived_at"]:
                raise ApiError(400, f"Agent {agent['id']} is archived and can't be deployed.")
            wanted["agent"] = {"type": "agent", "id": agent["id"], "version": agent["version"]}
        return wanted

    def _check(self, deployment: Resource, given: Resource) -> None:
        """Refuse what was sent if no run could start with it. [ours: that it is looked at so early]"""
        budgets.checked(deployment["budget"])
        agent = self.sessions.agents.version(deployment["agent"]["id"], deployment["agent"]["version"])
        if deployment["budget"] is not None:  # [sdk]
            limits.check_prices(models_of(agent))
        if any(event["type"] == "system.message" for event in deployment["initial_events"]):
            limits.check_system_messages(agent["model"]["id"])
        if "environment_id" in given or "resources" in given:
            environment = self.sessions.environments.get(deployment["environment_id"])
            if environment["archived_at"]:
                message = f"Environment {environment['id']} is archived and can't be used by deployments."
                raise ApiError(400, message, code="environment_archived")
            self.sessions.resources.attachable(deployment["resources"], environment)
        if "vault_ids" in given:
            self.sessions.vaults.require_usable(deployment["vault_ids"])

    def _cron(self, deployment: Resource, *, adds: bool) -> Cron | None:
        schedule = deployment["schedule"]
        if schedule is None:
            return None
        if adds and len(self._scheduled()) >= MOST_SCHEDULED:
            raise ApiError(400, f"schedule: at most {MOST_SCHEDULED} deployments have one; archive one first")
        try:
            return Cron.parse(schedule["expression"], schedule["timezone"])
        except CronError as error:
            raise ApiError(400, f"schedule.{error}") from error

    def _scheduled(self) -> builtins.list[Resource]:
        return [item for item in self.items.values() if item["schedule"] and not item["archived_at"]]

    def _paused(self, deployment: Resource, reason: Resource) -> None:
        if deployment["status"] == "paused":
            return
        deployment |= {"status": "paused", "paused_reason": reason, "updated_at": self.clock.tick()}
        self.schedules.stop(deployment["id"])
        self.tell(deployment, "paused")
