// Resources: lists and their pages, files, skills, memory, dreams, and what is refused.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import Anthropic, { toFile } from '@anthropic-ai/sdk';
import { MODEL, all, client, newSession, untilEndTurn } from './kit.js';

test('a list is read page by page, newest first', async () => {
  const made: string[] = [];
  for (const name of ['a', 'b', 'c']) made.push((await client.beta.agents.create({ name, model: MODEL })).id);
  const page = await client.beta.agents.list({ limit: 1 });
  assert.equal(page.data[0]!.id, made[2]);
  assert.ok(page.hasNextPage());
  const seen: string[] = [];
  for await (const agent of client.beta.agents.list({ limit: 1 })) seen.push(agent.id);
  assert.deepEqual(seen.slice(0, 3), made.toReversed());
});

test('a file goes up, is mounted and deleted; what a session writes comes down', async () => {
  const text = Buffer.from('a,b\n1,2\n');
  const file = await client.beta.files.upload({ file: await toFile(text, 'data.csv', { type: 'text/csv' }) });
  assert.deepEqual([file.filename, file.mime_type, file.size_bytes], ['data.csv', 'text/csv', text.length]);
  await assert.rejects(client.beta.files.download(file.id), Anthropic.BadRequestError); // an upload isn't
  const id = await newSession('tester');
  const mounted = await client.beta.sessions.resources.add(id, {
    type: 'file', file_id: file.id, mount_path: '/data.csv',
  });
  assert.equal(mounted.mount_path, '/mnt/session/uploads/data.csv');
  await untilEndTurn(id, 'go');
  const betas = ['managed-agents-2026-04-01' as const]; // without it, `scope_id` is refused
  const written = await all(client.beta.files.list({ scope_id: id, betas }));
  const [output] = written.filter((each) => each.downloadable);
  assert.equal(await (await client.beta.files.download(output!.id)).text(), 'x = 1\n');
  await client.beta.files.delete(file.id);
  await assert.rejects(client.beta.files.retrieveMetadata(file.id), Anthropic.NotFoundError);
});

test('a skill of two files, a second version, and its zip', async () => {
  const head = '---\nname: notes\ndescription: How notes are taken.\n---\n';
  const files = [
    await toFile(Buffer.from(head), 'notes/SKILL.md'),
    await toFile(Buffer.from('# A form\n'), 'notes/forms/short.md'),
  ];
  const skill = await client.skills.create({ files, display_name: 'Notes' });
  const second = await client.skills.versions.create(skill.id, { files: files.slice(0, 1) });
  const versions = await all(client.skills.versions.list(skill.id));
  assert.equal(versions.length, 2);
  assert.equal((await client.skills.retrieve(skill.id)).latest_version_id, second.id);
  const zip = await client.beta.skills.versions.download(second.id, { skill_id: skill.id });
  assert.equal(Buffer.from(await zip.arrayBuffer()).subarray(0, 2).toString(), 'PK');
  const agent = await client.beta.agents.create({
    name: 'noting', model: MODEL,
    skills: [{ type: 'custom', skill_id: skill.id }], tools: [{ type: 'agent_toolset_20260401' }],
  });
  assert.equal(agent.skills[0]!.version, second.id);
});

test('memory, and a dream of it', async () => {
  const store = await client.beta.memoryStores.create({ name: 'Notes' });
  const memory = await client.beta.memoryStores.memories.create(store.id, { path: '/a.md', content: 'one' });
  const again = client.beta.memoryStores.memories.create(store.id, { path: '/a.md', content: 'two' });
  await assert.rejects(again, (error: InstanceType<typeof Anthropic.ConflictError>) => {
    assert.ok(error instanceof Anthropic.ConflictError);
    assert.deepEqual(
      (error.error as { error: Record<string, unknown> }).error.conflicting_memory_id, memory.id,
    );
    return true;
  });
  const session = await newSession('tester');
  let dream = await client.beta.dreams.create({
    inputs: [
      { type: 'memory_store', memory_store_id: store.id },
      { type: 'sessions', session_ids: [session] },
    ],
    model: MODEL,
  });
  while (dream.status === 'pending' || dream.status === 'running') {
    dream = await client.beta.dreams.retrieve(dream.id);
  }
  assert.equal(dream.status, 'completed');
  const copied = await all(
    client.beta.memoryStores.memories.list(dream.outputs[0]!.memory_store_id, { view: 'full' }),
  );
  assert.deepEqual(copied.map((each) => each.type === 'memory' && each.content), ['one']);
});

test("an error has its class, the service's type, its message and the id of the request", async () => {
  const wrong = client.beta.agents.create({ name: '', model: MODEL });
  await assert.rejects(wrong, (error: unknown) => {
    assert.ok(error instanceof Anthropic.BadRequestError);
    assert.deepEqual([error.status, error.type], [400, 'invalid_request_error']);
    assert.match(error.apiMessage!, /^name: must not be empty/);
    assert.match(error.requestID!, /^req_01/);
    assert.equal(error.requestID, error.headers.get('request-id'));
    return true;
  });
  const missing = client.beta.sessions.retrieve('sesn_none');
  await assert.rejects(missing, (error: unknown) => {
    assert.ok(error instanceof Anthropic.NotFoundError);
    assert.equal(error.type, 'not_found_error');
    return true;
  });
});

test('answers say which request they belong to, and that they are no live ones', async () => {
  const { response, request_id } = await client.beta.agents.list().withResponse();
  assert.equal(request_id, response.headers.get('request-id'));
  assert.ok(response.headers.get('x-replay-server'));
});
