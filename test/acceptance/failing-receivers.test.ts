import { ListQueuesCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AcceptanceBus, startBus } from './bus.ts';
import { type Answerer, type Sink, startSink } from './sink.ts';

let bus: AcceptanceBus;
let sqs: SQSClient;
const sinks: Sink[] = [];

beforeAll(async () => {
  bus = await startBus();
  sqs = new SQSClient({
    endpoint: bus.awsUrl,
    region: 'us-east-1',
    credentials: bus.awsCredentials,
  });
});

afterAll(async () => {
  await Promise.all(sinks.map((sink) => sink.close()));
  expect(await bus?.stop()).toBe(0);
});

/** A receiver whose endpoint responds with `answer`, and one event for it. */
async function invoke(
  receiver: string,
  answer: Answerer,
  settings: Record<string, unknown> = {},
): Promise<Sink> {
  const sink = await startSink(answer);
  sinks.push(sink);
  await bus.call('PUT', `/v1/receivers/${receiver}`, { endpoint: sink.url, ...settings });
  const invoked = await bus.call('POST', `/v1/receivers/${receiver}/events`, {
    type: 'test',
    id: 'one',
    data: {},
  });
  expect(invoked.status).toBe(202);
  return sink;
}

/** Waits for the next dead letter of a receiver by a long poll. */
async function deadLetter(receiver: string) {
  const { QueueUrls = [] } = await sqs.send(
    new ListQueuesCommand({ QueueNamePrefix: `busbar-${receiver}-dead` }),
  );
  const { Messages = [] } = await sqs.send(
    new ReceiveMessageCommand({
      QueueUrl: QueueUrls[0],
      WaitTimeSeconds: 15,
      MessageAttributeNames: ['All'],
    }),
  );
  const [message] = Messages;
  if (message === undefined) throw new Error('There is no dead letter.');
  const attributes = Object.entries(message.MessageAttributes ?? {}).map(([name, value]) => [
    name,
    value.StringValue,
  ]);
  return { body: message.Body ?? '', attributes: Object.fromEntries(attributes) };
}

const status =
  (...statuses: number[]): Answerer =>
  (_, response, earlier) =>
    response.writeHead(statuses[Math.min(earlier, statuses.length - 1)] ?? 204).end();

describe('an endpoint that fails', () => {
  it('is retried after the delays of its policy, with the same id and a new attempt number', async () => {
    const sink = await invoke('flapping', status(500, 502, 204), { retry: { delaysSeconds: [1, 1] } });
    const attempts = await sink.waitFor(3);
    expect(attempts.map(({ headers }) => headers['busbar-attempt'])).toEqual(['1', '2', '3']);
    expect(new Set(attempts.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    const [first, second] = attempts;
    expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThanOrEqual(1000);
  });

  it('causes a dead letter with an explanation when the attempts are used up', async () => {
    const sink = await invoke(
      'broken',
      (_, response) => response.writeHead(500).end('the database is down'),
      { retry: { delaysSeconds: [0] } },
    );
    await sink.waitFor(2);
    const { body, attributes } = await deadLetter('broken');
    expect(JSON.parse(body)).toMatchObject({ id: 'one', type: 'test' });
    expect(attributes).toMatchObject({
      'busbar-cause': 'http-500',
      'busbar-detail': 'the database is down',
      'busbar-attempts': '2',
    });
    expect(attributes['busbar-delivery-id']).toBe(sink.arrivals[0]?.headers['webhook-id']);
    expect(sink.arrivals).toHaveLength(2);
  });

  it('counts as delivered with any 2xx, even if its body never ends', async () => {
    const sink = await invoke('chatty', (_, response) => {
      response.writeHead(200);
      response.write('x'.repeat(10 * 1024 * 1024));
      response.end();
    });
    await sink.waitFor(1);
    await bus.call('POST', '/v1/receivers/chatty/events', { type: 'test', id: 'two', data: {} });
    await sink.waitFor(2);
    expect(sink.arrivals.map(({ headers }) => headers['busbar-attempt'])).toEqual(['1', '1']);
  });

  it('is not called again after a 410, and gets its events when the receiver is put again', async () => {
    const sink = await invoke('gone', status(410, 204));
    await sink.waitFor(1);
    await expect
      .poll(async () => (await bus.call('GET', '/v1/receivers/gone')).body, { timeout: 10_000 })
      .toMatchObject({ state: 'disabled', stateReason: expect.stringContaining('410') });
    await bus.call('POST', '/v1/receivers/gone/events', { type: 'test', id: 'waits', data: {} });
    await bus.call('PUT', '/v1/receivers/gone', { endpoint: sink.url });
    const [arrival] = await sink.waitFor(1, ({ body }) => body.includes('"waits"'));
    expect(arrival).toBeDefined();
  });

  it('does not affect other receivers', async () => {
    await invoke('stuck', () => undefined, { timeoutSeconds: 10 });
    const events = Array.from({ length: 100 }, (_, n) => ({ type: 'test', id: `stuck-${n}`, data: {} }));
    await bus.call('POST', '/v1/receivers/stuck/events', events);
    const quick = await invoke('quick', status(204));
    await quick.waitFor(1);
  });
});
