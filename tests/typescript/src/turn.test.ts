// Turns: followed by hand, by the SDK's tool runner, and by its worker of self-hosted environments.
import assert from 'node:assert/strict';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { betaTool } from '@anthropic-ai/sdk/helpers/beta/json-schema';
import { EnvironmentWorker } from '@anthropic-ai/sdk/helpers/beta/environments';
import { BASE_URL, MODEL, all, client, history, newSession, said, untilEndTurn } from './kit.js';

const PATIENCE = 20_000; // milliseconds, for a test that would hang

test('a turn, streamed: the same events as in the list, in the same order', async () => {
  const id = await newSession('tester');
  const events = await untilEndTurn(id, 'go');
  assert.deepEqual(events.map((event) => 'id' in event && event.id), (await history(id)).map((event) => event.id));
  const texts = events.flatMap((event) => (event.type === 'agent.message' ? event.content : []));
  assert.deepEqual(texts.map((block) => block.type === 'text' && block.text), ['half way', 'done']);
});

test('a call that asks first, allowed and denied', async () => {
  for (const [result, end] of [['allow', 'deleted'], ['deny', 'left alone']] as const) {
    const id = await newSession('tester');
    const events = await untilEndTurn(id, 'clean up', async (event) => {
      if (event.type !== 'session.status_idle' || event.stop_reason.type !== 'requires_action') return;
      const [tool_use_id] = event.stop_reason.event_ids;
      const verdict = { type: 'user.tool_confirmation', tool_use_id: tool_use_id!, result } as const;
      await client.beta.sessions.events.send(id, { events: [verdict] });
    });
    const last = events.filter((event) => event.type === 'agent.message').at(-1)!;
    assert.deepEqual(last.content, [{ type: 'text', text: end }]);
  }
});

test("the SDK's tool runner answers a custom tool's call", { timeout: PATIENCE }, async () => {
  const id = await newSession('weather');
  const cities: string[] = [];
  const forecast = betaTool({
    name: 'forecast',
    description: 'The weather of a city.',
    inputSchema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
    run: ({ city }) => {
      cities.push(city);
      return 'rain';
    },
  });
  const runner = client.beta.sessions.events.toolRunner(id, { tools: [forecast], maxIdleMs: 100 });
  await client.beta.sessions.events.send(id, said('Rain today?'));
  const calls = await all(runner);
  assert.deepEqual(calls.map((call) => [call.name, call.isError, call.posted]), [['forecast', false, true]]);
  assert.deepEqual(cities, ['Bern']);
  const events = await history(id);
  assert.equal(events.filter((event) => event.type === 'user.custom_tool_result').length, 1);
  assert.equal(events.at(-1)!.type, 'session.status_idle');
});

test("the SDK's worker serves two turns of a session of a self-hosted environment", { timeout: PATIENCE }, async () => {
  const agent = await client.beta.agents.create({ name: 'worked', model: MODEL });
  const environment = await client.beta.environments.create({ name: 'mine', config: { type: 'self_hosted' } });
  const session = await client.beta.sessions.create({ agent: agent.id, environment_id: environment.id });
  const ran: string[] = [];
  const bash = betaTool({
    name: 'bash',
    description: 'Run a command.',
    inputSchema: { type: 'object', properties: { command: { type: 'string' } }, required: ['command'] },
    run: ({ command }) => {
      ran.push(command);
      return command.replace('echo ', '');
    },
  });
  const stop = new AbortController();
  const worker = new EnvironmentWorker({
    client: new Anthropic({ authToken: 'x', apiKey: null, baseURL: BASE_URL }),
    environmentId: environment.id,
    environmentKey: 'x',
    tools: [bash],
    workdir: await mkdtemp(join(tmpdir(), 'worker-')),
    maxIdleMs: 100,
    signal: stop.signal,
  });
  const working = worker.run();
  const states = async () =>
    (await all(client.beta.environments.work.list(environment.id))).map((item) => item.state);
  for (const [turn, text] of ['go', 'more'].entries()) {
    await client.beta.sessions.events.send(session.id, said(text));
    const over = Array(turn + 1).fill('stopped').join();
    while ((await states()).join() !== over) await new Promise((resolve) => setTimeout(resolve, 50));
  }
  stop.abort();
  await working;
  assert.deepEqual(ran, ['echo go', 'echo more']);
  assert.equal((await history(session.id)).filter((event) => event.type === 'user.tool_result').length, 2);
});
