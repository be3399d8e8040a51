"""Agents and the policy beside each other: who was right about which receipt, in money and in minutes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from utilities import TurnResult
from utilities.show.picture import Picture, drawn, outlined

from .policy import MINUTES, RECEIPTS, lane

if TYPE_CHECKING:
    from utilities.show.picture import Axes, Figure

__all__ = ["Judged", "judged", "matrix"]

RIGHT, WRONG, NEEDLESS = "right", "wrong approval", "needless escalation"
STYLES = {RIGHT: ("#E3F1FA", ""), WRONG: ("#E69F00", "////"), NEEDLESS: ("#FFFFFF", "....")}
GROUPS = {"agent": "the agent may decide", "person": "a person has to decide"}


@dataclass
class Judged:
    """An agent's first move for each receipt, against the policy.

    Attributes:
        moves: by receipt: right, a wrong approval, or a needless escalation.
    """

    moves: dict[str, str] = field(default_factory=dict)

    def receipts(self, move: str) -> list[str]:
        """Those of one kind, by id."""
        return sorted(receipt for receipt, made in self.moves.items() if made == move)

    @property
    def money(self) -> str:
        """What would have been paid wrongly, by currency; "nothing"."""
        sums: dict[str, Decimal] = {}
        for receipt in map(RECEIPTS.get, self.receipts(WRONG)):
            assert receipt is not None
            sums[receipt["currency"]] = sums.get(receipt["currency"], Decimal()) + Decimal(receipt["amount"])
        return " and ".join(f"{amount} {currency}" for currency, amount in sums.items()) or "nothing"

    @property
    def minutes(self) -> int:
        """What people spend on what they needn't see."""
        return MINUTES * len(self.receipts(NEEDLESS))


def judged(turn: TurnResult) -> Judged:
    """What an agent did first with each receipt: a refused approval counts as one, whatever it does then."""
    result = Judged()
    for call in turn.tool_calls:
        receipt = call.input.get("receipt")
        if call.name in ("approve", "escalate") and receipt in RECEIPTS:
            right = "agent" if call.name == "approve" else "person"
            wrong = WRONG if call.name == "approve" else NEEDLESS
            result.moves.setdefault(receipt, RIGHT if lane(RECEIPTS[receipt]) == right else wrong)
    return result


def matrix(turns: Mapping[str, Any]) -> Picture:
    """A row for each agent, a column for each receipt, those that the policy leaves to the agent first.

    Args:
        turns: by the agent's name, its turn.
    """
    agents = {name: judged(turn) for name, turn in turns.items()}
    columns = sorted(RECEIPTS, key=lambda receipt: (lane(RECEIPTS[receipt]), receipt))

    def draw(figure: Figure) -> None:
        axes = figure.add_axes((0.005, 0.02, 0.99, 0.96))
        _draw(axes, agents, columns)

    return drawn(draw, 1.25 + 0.5 * len(agents), _alt(agents))


def _draw(axes: Axes, agents: Mapping[str, Judged], columns: list[str]) -> None:
    first = sum(lane(RECEIPTS[receipt]) == "agent" for receipt in columns)
    place = {receipt: 1.0 + n + (0.3 if n >= first else 0.0) for n, receipt in enumerate(columns)}
    width, top = 1.3 + len(columns), -1.3
    for name, start, count in (("agent", 0, first), ("person", first, len(columns) - first)):
        middle = place[columns[start]] + count / 2
        axes.text(middle, top, GROUPS[name], ha="center", va="center", fontsize=9, weight="bold")
    for receipt, x in place.items():
        axes.text(x + 0.5, -0.45, receipt, ha="center", va="center", fontsize=8)
    for y, (name, agent) in enumerate(agents.items()):
        axes.text(0.85, y + 0.5, name, ha="right", va="center", fontsize=10, weight="bold")
        for receipt, x in place.items():
            move = agent.moves.get(receipt)
            if move is None:
                continue
            axes.barh(y + 0.5, 0.94, 0.84, x + 0.03, **outlined(*STYLES[move]))
            said = {RIGHT: "", WRONG: RECEIPTS[receipt]["amount"], NEEDLESS: f"{MINUTES} min"}[move]
            box = {"facecolor": "white", "edgecolor": "none", "pad": 1.0} if said else None
            axes.text(x + 0.5, y + 0.5, said, ha="center", va="center", fontsize=7, bbox=box)
    for n, (move, style) in enumerate(STYLES.items()):
        x = 1.0 + 4.2 * n
        axes.barh(len(agents) + 0.75, 0.5, 0.5, x, **outlined(*style))
        axes.text(x + 0.65, len(agents) + 0.75, move, va="center", fontsize=9)
    axes.set(xlim=(-0.3, width + 0.1), ylim=(len(agents) + 1.2, top - 0.4))
    axes.axis("off")


def _alt(agents: Mapping[str, Judged]) -> str:
    parts = [f"A matrix of {len(agents)} agents and {len(RECEIPTS)} receipts: each agent's first move."]
    for name, agent in agents.items():
        wrong, needless = agent.receipts(WRONG), agent.receipts(NEEDLESS)
        parts.append(
            f"{name}: {len(agent.receipts(RIGHT))} right; {len(wrong)} wrong approvals"
            + (f" ({', '.join(wrong)}; {agent.money})" if wrong else "")
            + f"; {len(needless)} needless escalations"
            + (f" ({', '.join(needless)}; {agent.minutes} minutes)." if needless else ".")
        )
    return " ".join(parts)
