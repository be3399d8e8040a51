"""What the SDK asks for and the server doesn't have, and what it says then."""

from pathlib import Path

import anthropic
import pytest

from tests.kit.calling import Caller, serving, strict
from tests.newest_sdk.surface import surface
from utilities.replay.http import unserved
from utilities.replay.http.unserved import missing, sdk_routes, shape, why

pytestmark = pytest.mark.slow


def test_every_route_of_the_sdk_is_found():
    """The same as by its syntax tree, which is ten times slower."""
    found = surface(Path(anthropic.__file__).parent)
    assert {f"{method} {path}" for method, path in sdk_routes()} == {*found.routes, *found.elsewhere}


@pytest.mark.rule(
    "of Managed Agents, skills, models and dreams all routes of the SDK are served",
    topic="requests",
    evidence="sdk",
    source="the routes that its resources ask for",
)
def test_what_of_managed_agents_is_not_served():
    ours = {*surface(Path(anthropic.__file__).parent).routes}
    left = [path for method, path in missing(Caller().api.routes) if f"{method} {path}" in ours]
    assert left == []
    served = ("/v1/models", "/v1/dreams")
    assert not [path for _, path in missing(Caller().api.routes) if path.startswith(served)]


def test_the_server_has_no_route_that_the_sdk_does_not_have():
    known = {(method, shape(path)) for method, path in sdk_routes()}
    assert [route for route in Caller().api.routes if (route[0], shape(route[1])) not in known] == []


@pytest.mark.rule(
    "a route that the installed SDK has and this server doesn't is 404, and the message says so and why",
    topic="requests",
    evidence="ours",
)
def test_a_route_that_is_not_served_says_so():
    with serving() as server, pytest.raises(anthropic.NotFoundError) as error:
        strict(server).beta.tunnels.archive("tnl_1")
    told = "this replay server doesn't serve POST /v1/tunnels/{tunnel_id}/archive: a research preview"
    assert told in str(error.value)


def test_every_route_that_is_missing_has_its_reason():
    """A new SDK's route has none yet: give it one in `unserved.REASONS`, or serve it."""
    assert [path for _, path in missing(Caller().api.routes) if why(path) == unserved.NEW] == []


def test_what_nobody_knows_is_no_route(call):
    assert "there is no such route on the replay server" in call.get("/nightmares", 404)
    assert unserved.told("GET", "/v1/nightmares") is None
