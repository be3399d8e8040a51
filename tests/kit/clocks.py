"""A driver for which time passes only when a plan waits."""

from __future__ import annotations

from typing import Any

from utilities.turn.drive import Sync
from utilities.turn.steps import Pause, Step


class Clock(Sync):
    """What is waited for has passed.

    Attributes:
        now: seconds that have passed.
        waited: each wait.
    """

    now = 0.0
    waited: tuple[float, ...] = ()

    def do(self, step: Step) -> Any:
        if not isinstance(step, Pause):
            return super().do(step)
        self.waited = (*self.waited, step.seconds)
        self.now += step.seconds
        return None
