"""What another version of the SDK changes is read from its source, and said in lines."""

from pathlib import Path

import anthropic
import pytest

from tests.newest_sdk.compare import differences, report
from tests.newest_sdk.sentences import sentences
from tests.newest_sdk.surface import surface

pytestmark = pytest.mark.slow

ROUTE = '''
class Agents:
    def create(self, name):
        """A comment names /v1/nothing."""
        betas = ["managed-agents-2026-04-01"]
        return self._post("/v1/agents?beta=true", body=name)

    async def retrieve(self, agent_id):
        return await self._get(path_template("/v1/agents/{agent_id}", agent_id=agent_id))
'''
TYPE = '''
class Agent:
    name: str
    """Required, at most 256 characters."""

    note: Optional[str] = None
    """What you like."""

Kind: TypeAlias = Literal["a", "b"]
'''
HELPER = """
class Runner:
    def __init__(self, client: Client, *, timeout: float = 1.0) -> None: ...
    def run(self) -> None: ...
    def _inside(self) -> None: ...
"""
CLIENT = 'headers = {"anthropic-version": "2023-06-01", "max_retries": 2}'


def package(folder: Path, route: str = ROUTE, type: str = TYPE) -> Path:
    """An SDK of four small files."""
    files = {
        "resources/beta/agents/agents.py": route,
        "resources/messages.py": ROUTE.replace("agents", "messages"),
        "types/beta/beta_managed_agents_agent.py": type,
        "types/beta/beta_message.py": TYPE,
        "lib/sessions/runner.py": HELPER,
        "_client.py": CLIENT,
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_routes_types_rules_helpers_and_headers_are_read(tmp_path):
    found = surface(package(tmp_path))
    assert found.routes == {
        "POST /v1/agents": "managed-agents-2026-04-01",
        "GET /v1/agents/{agent_id}": "",
    }
    assert len(found.elsewhere) == 2
    module = "beta_managed_agents_agent"
    assert found.types == {
        f"{module}.Agent.name": "str",
        f"{module}.Agent.note": "Optional[str]",
        f"{module}.Kind": "Literal['a', 'b']",
    }
    assert found.rules == {f"{module}.Agent.name": "Required, at most 256 characters."}
    assert found.helpers == {
        "sessions.runner.Runner": "",
        "sessions.runner.Runner.__init__": "self, client: Client, *, timeout: float=1.0",
        "sessions.runner.Runner.run": "self",
    }
    assert found.headers == {"anthropic-version": "'2023-06-01'"}


def test_what_has_changed_is_said_by_part(tmp_path):
    before = surface(package(tmp_path / "before"))
    route = ROUTE.replace("{agent_id}", "{agent_id}/more").replace("2026-04-01", "2027-01-01")
    after = surface(package(tmp_path / "after", route, TYPE.replace("256", "300")))
    assert list(report(before, after)) == [
        "routes: 3 changed",
        "  - GET /v1/agents/{agent_id}",
        "  + GET /v1/agents/{agent_id}/more",
        "  ~ POST /v1/agents: managed-agents-2026-04-01 -> managed-agents-2027-01-01",
        "elsewhere: nothing changed",
        "types: nothing changed",
        "rules: 1 changed",
        "  ~ beta_managed_agents_agent.Agent.name: "
        "Required, at most 256 characters. -> Required, at most 300 characters.",
        "helpers: nothing changed",
        "headers: nothing changed",
    ]


def test_of_a_long_union_only_what_comes_and_goes_is_said():
    names = [f"Event{number:02}" for number in range(40)]
    before, after = f"Union[{', '.join(names)}]", f"Union[{', '.join([*names[1:], 'New'])}]"
    assert differences({"Event": before}, {"Event": after}) == ["~ Event: loses Event00; gains New"]


def test_nothing_of_the_installed_sdk_is_overlooked_whole():
    found = surface(Path(anthropic.__file__).parent)
    assert all((found.routes, found.types, found.rules, found.helpers, found.headers))
    routes = found.routes
    assert routes["POST /v1/agents"] == "managed-agents-2026-04-01"
    assert "GET /v1/sessions/{session_id}/events/stream" in routes and "GET /v1/files" in routes


SAID = '''
class Params(TypedDict, total=False):
    """An agent. Its name must be unique.

    Unique ID of nothing.
    """

    name: Required[str]
    """The name. Up to 256 characters; a name of another agent is
    rejected. Write-only. What you like.
    """
'''
METHOD = '''
class Agents:
    def archive(self, agent_id):
        """Archive it. An archived agent cannot be changed.

        Args:
          agent_id: must be there
        """
'''


def test_sentences_that_say_what_must_be_are_found_once_each(tmp_path):
    files = {
        "types/beta/agent_params.py": SAID,
        "types/beta/agent_other_params.py": SAID,
        "types/beta/message_params.py": SAID.replace("256", "1"),
        "resources/beta/agents/agents.py": METHOD,
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert list(sentences(tmp_path).values()) == [
        ("agent_other_params.Params", "Its name must be unique."),
        ("agent_other_params.Params.name", "Up to 256 characters; a name of another agent is rejected."),
        ("agents/agents.archive", "An archived agent cannot be changed."),
    ]
