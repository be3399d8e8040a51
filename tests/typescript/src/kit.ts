// What the tests share: the client of the replay server, sessions, what a turn has.
import Anthropic from '@anthropic-ai/sdk';

export const BASE_URL = process.env.REPLAY_URL!;
export const client = new Anthropic({ apiKey: 'x', baseURL: BASE_URL, maxRetries: 0 });
export const MODEL = 'claude-sonnet-4-6';

export type Event = Anthropic.Beta.Sessions.BetaManagedAgentsStreamSessionEvents;

/** A session of an agent by this name, which decides the recordings that it can follow. */
export async function newSession(name: string): Promise<string> {
  const agent = await client.beta.agents.create({ name, model: MODEL });
  const environment = await client.beta.environments.create({ name: `for ${agent.id}` }); // names are unique;
  const session = await client.beta.sessions.create({ agent: agent.id, environment_id: environment.id });
  return session.id;
}

export function said(text: string): Anthropic.Beta.Sessions.EventSendParams {
  return { events: [{ type: 'user.message', content: [{ type: 'text', text }] }] };
}

/** The events of a stream up to the end of the turn; `answer` is asked about each. */
export async function untilEndTurn(
  sessionId: string,
  text: string,
  answer: (event: Event) => Promise<unknown> = async () => undefined,
): Promise<Event[]> {
  const stream = await client.beta.sessions.events.stream(sessionId); // before the message is sent
  await client.beta.sessions.events.send(sessionId, said(text));
  const events: Event[] = [];
  for await (const event of stream) {
    events.push(event);
    await answer(event);
    if (event.type === 'session.status_idle' && event.stop_reason.type === 'end_turn') break;
  }
  return events;
}

/** All of a list, page by page: Node 20 has no Array.fromAsync. */
export async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
}

/** Everything that is in a session's history. */
export async function history(sessionId: string): Promise<Anthropic.Beta.Sessions.BetaManagedAgentsSessionEvent[]> {
  return all(client.beta.sessions.events.list(sessionId));
}
