"""`python -m tests.live` (`make confirm-live`): ask the hosted service what FIDELITY.md can't know.

    make confirm-live                            the probes that start no turn
    make confirm-live LIVE="--spend 60"          those that do as well, for at most 60 US cents
    make confirm-live LIVE="--long"              those that take minutes, too
    make confirm-live LIVE="--list"              what would be asked; no key is needed
    make confirm-live LIVE="--unasked"           the rules about which nothing is asked
    make confirm-live LIVE="--clean-up"          take away what an earlier run has left

Needs ANTHROPIC_API_KEY. It says what it will make and what that costs, and asks before it begins.
"""

from __future__ import annotations

import argparse
import os
import secrets
import sys
from collections import Counter
from datetime import date
from pathlib import Path

import anthropic
from anthropic import Anthropic, APIError

from tests.live import results
from tests.live.cleaning import clean_up
from tests.live.probe import Finding, Probe
from tests.live.probes import PROBES
from tests.live.run import MADE_BY, Run

MODEL = "claude-haiku-4-5"
NO_KEY = """\
confirm-live: ANTHROPIC_API_KEY is not set, so nothing was asked and nothing is known any better.
With a key it puts {count} questions to the hosted service (utilities/replay/README.md); --list shows them."""


def main(arguments: list[str]) -> int:
    """0: everything that could be asked was. 1: something is left behind. 2: nothing was asked."""
    options = _options(arguments)
    chosen = [probe for probe in PROBES.values() if options.only is None or probe.name in options.only]
    if options.list:
        for probe in chosen:
            print(f"{_cost(probe):>9}  {probe.name}: {probe.says}")
        return 0
    texts = results.rules()
    if options.unasked:
        asked = results.asked(PROBES.values(), texts)
        print("\n".join(text for text in texts if text not in asked))
        return 0
    if not os.environ.get("ANTHROPIC_API_KEY"):
        print(NO_KEY.format(count=len(PROBES)), file=sys.stderr)
        return 2
    with Anthropic() as client:
        try:
            replayed = _is_replay_server(client)
            if options.clean_up:
                return _clean(client, None, options.pause)
            return _confirm(client, chosen, options, replayed)
        except (APIError, LookupError) as error:
            print(f"confirm-live: {error}", file=sys.stderr)
            return 2


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.live", description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--spend", type=int, default=0, metavar="CENTS", help="start turns, for at most so much"
    )
    parser.add_argument("--only", nargs="+", metavar="PROBE", choices=list(PROBES), help="these probes")
    parser.add_argument("--model", default=MODEL, help=f"of the agents that take turns (default {MODEL})")
    parser.add_argument("--yes", action="store_true", help="begin without asking")
    parser.add_argument("--list", action="store_true", help="show the probes, and ask nothing")
    parser.add_argument("--unasked", action="store_true", help="list the rules that no probe asks about")
    parser.add_argument("--long", action="store_true", help="ask what takes minutes, too")
    parser.add_argument("--clean-up", action="store_true", help="take away what all runs have made")
    parser.add_argument("--to", type=Path, default=results.LIVE, help="where results are kept")
    parser.add_argument("--pause", type=float, default=1.0, help="seconds between two looks (default 1)")
    return parser.parse_args(arguments)


def _confirm(client: Anthropic, chosen: list[Probe], options: argparse.Namespace, replayed: bool) -> int:
    texts = results.rules()
    rules = {probe: results.rule_of(probe, texts) for probe in chosen}  # before anything is spent
    run = Run(client, secrets.token_hex(4), options.model, options.spend, options.pause, options.long)
    print(_plan(run, chosen))
    if not options.yes and not _agreed():
        print("confirm-live: nothing was asked (--yes begins without asking)", file=sys.stderr)
        return 2
    found: dict[Probe, Finding] = {}
    try:
        _ask(run, chosen, found)
    except KeyboardInterrupt:
        print("\nStopped: what was found by then stays.")
    finally:  # kept before it cleans up: that can fail too
        if replayed:
            print(
                "A replay server answered, not the hosted service: nothing of this is live, nothing is kept."
            )
        else:
            _keep(found, rules, options.to)
        left = _clean(client, run.id, options.pause)
    return left


def _ask(run: Run, chosen: list[Probe], found: dict[Probe, Finding]) -> None:
    """Ask one after the other, and print what comes."""
    for probe in chosen:
        found[probe] = finding = run.ask(probe)
        print(f"{finding.verdict:<10} {probe.name}: {probe.says}")
        print(f"{'':<10} {finding.seen[:300]}")
    counted = Counter(finding.verdict for finding in found.values())
    print("\n" + ", ".join(f"{verdict}: {count}" for verdict, count in counted.items()))
    print(f"Turns have cost {run.spent()} of {run.cap} cents.")


def _keep(found: dict[Probe, Finding], rules: dict[Probe, str], path: Path) -> None:
    today, sdk = date.today().isoformat(), anthropic.__version__
    entries = [results.entry(probe, rules[probe], finding, today, sdk) for probe, finding in found.items()]
    results.write(path, entries)
    print(f"Kept in {path}; make fidelity shows it in FIDELITY.md.")


def _plan(run: Run, chosen: list[Probe]) -> str:
    turns = [probe for probe in chosen if 0 < probe.cents <= run.cap]
    cost = min(run.cap, sum(probe.cents for probe in turns))
    return "\n".join(
        [
            f"confirm-live {run.id}, with anthropic {anthropic.__version__} at {run.client.base_url}:",
            f"  {sum(not probe.cents for probe in chosen)} probes that start no turn; they make agents, "
            "environments, sessions, deployments, files, memory stores and vaults",
            f"  {len(turns)} that start one, with {run.model}: at most {cost} of the {run.cap} cents",
            f"  all of it is named confirm-live-{run.id}-… and marked made_by={MADE_BY!r}, run={run.id!r}; "
            "it is taken away at the end, agents and deployments are archived",
        ]
    )


def _agreed() -> bool:
    if not sys.stdin.isatty():
        return False
    return input("Begin? [y/N] ").strip().lower() in ("y", "yes")


def _clean(client: Anthropic, run: str | None, pause: float) -> int:
    """1 if something is left."""
    left = clean_up(client, run, pause)
    for line in left:
        print(f"left behind: {line}", file=sys.stderr)
    print(
        "Some of what was made is left: --clean-up tries again."
        if left
        else "All that was made is taken away."
    )
    return int(bool(left))


def _is_replay_server(client: Anthropic) -> bool:
    """Whether what answers is a replay server; the first request, so a wrong key is said at once."""
    return "x-replay-server" in client.beta.agents.with_raw_response.list(limit=1).headers


def _cost(probe: Probe) -> str:
    return f"{probe.cents} cents" if probe.cents else "no turn"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
