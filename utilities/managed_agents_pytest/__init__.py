"""The pytest fixture `managed_agents_api`: test your agent program on recordings, without key or network.

    def test_my_agent(managed_agents_api):
        my_program.main()                      # unmodified: finds the server by the environment
        managed_agents_api.assert_finished()   # and did all that was recorded

`@pytest.mark.managed_agents(recordings=…, strict=…, speed=…, faults=…, assume=…)` on a test, a class or a
module (`pytestmark`) says on what. Recordings are files or folders, relative to the test's file;
without the mark it is the ini option `managed_agents_recordings` (relative to the ini file), and
without that the folder `recordings` beside the test, if there is one. `requests=False` is for a test that
is to send nothing, `allow=["db.example"]` names hosts that it may reach. The other options are those
of `utilities.replay.ReplayServer`. The fixture's value is a `utilities.replay.testing.ManagedAgentsApi`.

pytest loads this module into every suite of an environment, so it imports nothing else before the
fixture is used, and its import name is its own: a project may well have a `utilities` of its own.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Generator, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from utilities.replay.testing import ManagedAgentsApi

MARK = "managed_agents"
INI = "managed_agents_recordings"
SERVER = ("recordings", "strict", "speed", "faults", "assume")
OPTIONS = (*SERVER, "requests", "allow")
API = pytest.StashKey["ManagedAgentsApi"]()
ASTRAY = (
    "No request leaves a test that uses this fixture. Its client was made before the test began, at import "
    "perhaps, or with a base_url of its own: make it in the function that uses it, or name in the mark the "
    "hosts that may be reached, allow=[…]"
)
STOPPED = pytest.StashKey[list[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini(INI, "recordings that `managed_agents_api` serves: files or folders", "paths", default=None)


def pytest_configure(config: pytest.Config) -> None:
    takes = "recordings, strict=True, speed=0, faults=…, assume=…, requests=True, allow=[]"
    config.addinivalue_line("markers", f"{MARK}({takes}): what managed_agents_api serves")


@pytest.fixture
def managed_agents_api(request: pytest.FixtureRequest) -> Iterator[ManagedAgentsApi]:
    """A replay server for this test; `ANTHROPIC_BASE_URL` and `ANTHROPIC_API_KEY` lead to it.

    When the test is over, it fails if the program sent what no recording continues, even if the
    program swallowed the server's refusal. A test that provokes this ends with `unrecorded.clear()`.
    It also fails if no request came (but for `requests=False` in the mark), or if one was on its way to
    another host than this machine or those of `allow`: none gets there while this fixture is in use.

    That holds for requests by `httpx2`, which the SDK uses, and for connections by Python's own sockets.
    Where something else connects (uvloop, a library in C such as libpq, libcurl or gRPC, another process),
    requests by HTTP meet a proxy that isn't there if they ask the environment for one, as most do; what
    doesn't ask, or isn't HTTP, isn't stopped. To rule that out too, take the network away around pytest,
    on Linux: `unshare -rn sh -c "ip link set lo up && pytest"`.
    """
    with ExitStack() as stack:
        try:
            options = _options(request)
            api = stack.enter_context(_api(options))
            request.node.stash[STOPPED] = stack.enter_context(_loopback_only(options.get("allow", ())))
        except (ValueError, OSError) as error:
            raise _failure(str(error)) from None
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        for name, value in api.environment.items():
            patch.setenv(name, value)
        patch.delenv("COOKBOOK_OFFLINE", raising=False)  # `connect()` too is to come here
        request.node.stash[API] = api
        yield api
        del request.node.stash[API]


def _loopback_only(allow: Collection[str]) -> AbstractContextManager[list[str]]:
    """No request leaves this machine, nor reaches the server that was this process's before the test."""
    from utilities.loopback import loopback_only

    try:
        before = urlsplit(os.environ.get("ANTHROPIC_BASE_URL", ""))
        never = f"{before.hostname}:{before.port}"
    except ValueError as error:
        raise ValueError(f"ANTHROPIC_BASE_URL is no address: {error}") from error
    return loopback_only(
        lambda what: _failure(f"{what} was stopped. {ASTRAY}"),
        allow=[allow] if isinstance(allow, str) else allow,
        never=[never],
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Here and not in the fixture's end, so that a test has one result, failed or passed."""
    try:
        result = yield
        api = item.stash.get(API, None)
        if api:
            _check(item, api)
        return result
    except (Exception, pytest.fail.Exception) as error:
        if api := item.stash.get(API, None):
            item.add_report_section(
                "call", "managed_agents_api", "\n".join([api.summary(), *_empty(item, api)])
            )
            if not item.config.getoption("fulltrace"):
                _shorten(error)
        raise


def _shorten(error: BaseException) -> None:
    from utilities.replay.traces import shorten  # as the fixture has loaded the rest

    shorten(error)


def _check(item: pytest.Item, api: ManagedAgentsApi) -> None:
    """What fails a test that has passed as far as it can tell."""
    if api.strict and api.unrecorded:
        errors = dict.fromkeys(exchange.error for exchange in api.unrecorded)
        raise _failure("\n".join([*errors, *_empty(item, api)]))
    if stopped := item.stash[STOPPED]:
        raise _failure(f"{stopped[0]} was stopped. {ASTRAY}")
    if all(mark.kwargs.get("requests", True) for mark in item.iter_markers(MARK)):
        try:
            api.assert_reached()
        except AssertionError as error:
            raise _failure(str(error)) from None


def _empty(item: pytest.Item, api: ManagedAgentsApi) -> list[str]:
    """Where a server without recordings has looked for them, and what makes them."""
    if api.library.recordings or api.library.exchanges:
        return []
    looked = item.config.getini(INI) or [item.path.parent / "recordings"]
    asked = next((mark for mark in item.iter_markers(MARK) if mark.args or "recordings" in mark.kwargs), None)
    where = "what the mark names" if asked else ", ".join(map(str, looked))
    make = "python -m utilities.replay.scenario FOLDER_OF_SCENARIOS --write"
    return [
        f"there are no recordings in {where}: `{make}` makes them beside the folder, "
        "`python -m utilities.replay.export SESSION_ID FILE.jsonl` records a live session"
    ]


def _failure(message: str) -> BaseException:
    """What pytest shows without a trace: nothing in it would help."""
    return pytest.fail.Exception(f"managed_agents_api: {message}", pytrace=False)


def _api(options: dict[str, Any]) -> ManagedAgentsApi:
    try:
        from utilities.replay.testing import ManagedAgentsApi  # takes a second or two, so only when needed
    except ModuleNotFoundError as error:
        import utilities

        where = getattr(utilities, "__file__", None) or list(utilities.__path__)
        raise _failure(f"{error}: it needs the cookbook's package `utilities`, here it is {where}") from None
    return ManagedAgentsApi(**{name: options[name] for name in SERVER if name in options})


def _options(request: pytest.FixtureRequest) -> dict[str, Any]:
    """What the marks say, the closest one first, then the ini file, then the folder beside the test."""
    beside = request.path.parent
    options: dict[str, Any] = {}
    for mark in reversed(list(request.node.iter_markers(MARK))):
        options |= dict(zip(OPTIONS[:1], mark.args, strict=False)) | mark.kwargs
        unknown = [*map(repr, mark.args[1:]), *(name for name in mark.kwargs if name not in OPTIONS)]
        if unknown:
            raise ValueError(f"the mark doesn't know {', '.join(unknown)}; it takes {', '.join(OPTIONS)}")
    if "recordings" in options:
        given = options["recordings"]
        sources = given if isinstance(given, list | tuple) else [given]
        return options | {"recordings": [beside / s if isinstance(s, str | Path) else s for s in sources]}
    folder = beside / "recordings"
    default = [folder] if folder.is_dir() else []
    return options | {"recordings": request.config.getini(INI) or default}
