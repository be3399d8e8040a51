"""The SDK's own worker of self-hosted environments, as it is: two turns, with a memory store."""

import asyncio

import pytest
from anthropic import AsyncAnthropic, beta_async_tool
from anthropic.lib.environments import EnvironmentWorker

from tests.kit.calling import AGENT, serving, strict
from tests.kit.recordings import Script
from tests.kit.sessions import message

HOSTED = {"name": "mine", "config": {"type": "self_hosted"}}
KEY = "the-key"


def two_turns():
    script = Script("two turns")
    for text in ("go", "more"):
        script.message(text)
        call = script.builtin("bash", command=f"echo {text}")
        script.idle("requires_action", [call])
        result = {"content": [{"type": "text", "text": text}], "is_error": False}
        script.event("user.tool_result", tool_use_id=call, **result)
        script.running()
        script.say(f"{text} is done")
        script.idle()
    return script


async def worked(client, session, environment, folder):
    """Two turns, between which the worker has given the session back."""
    ran = []

    async def bash(command: str) -> str:
        """Run a command."""
        ran.append(command)
        return command.removeprefix("echo ")

    tools = [beta_async_tool(bash)]
    worker = EnvironmentWorker(
        client, environment_id=environment, environment_key=KEY, tools=tools, workdir=folder, max_idle=0.1
    )
    running, work = asyncio.create_task(worker.run()), client.beta.environments.work
    try:
        for turn, text in enumerate(("go", "more"), start=1):
            await client.beta.sessions.events.send(session, events=[message(text)])
            while [item.state async for item in work.list(environment)] != ["stopped"] * turn:
                await asyncio.sleep(0.05)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    return ran


@pytest.mark.slow
@pytest.mark.rule(
    "a message queues a self-hosted session again when no worker has it; what a poll gives has a `secret` "
    "with a sessions token, which is a credential",
    topic="environments",
    evidence="sdk",
    source="anthropic/lib/environments/_worker.py",
)
def test_the_sdks_worker_serves_two_turns_of_a_session_with_a_store(tmp_path):
    async def run():
        async with strict(server, AsyncAnthropic, KEY) as client, asyncio.timeout(30):
            return await worked(client, session, environment, tmp_path)

    with serving(two_turns(), key=KEY) as server, strict(server, key=KEY) as client:
        agent = client.beta.agents.create(**AGENT).id
        environment = client.beta.environments.create(**HOSTED).id
        store = client.beta.memory_stores.create(name="Notes").id
        client.beta.memory_stores.memories.create(store, path="/a.md", content="known")
        resources = [{"type": "memory_store", "memory_store_id": store}]
        session = client.beta.sessions.create(agent=agent, environment_id=environment, resources=resources).id
        notes = tmp_path / "notes"
        sessions = server.api.sessions
        sessions.items[session]["resources"][0]["mount_path"] = str(notes)  # not this machine's /mnt
        sessions.fitting.chosen[session] = sessions.library.recordings  # whose store was mounted elsewhere
        assert asyncio.run(run()) == ["echo go", "echo more"]
        log = list(client.beta.sessions.events.list(session))
    assert [event.type for event in log].count("user.tool_result") == 2
    assert log[-1].stop_reason.type == "end_turn"
