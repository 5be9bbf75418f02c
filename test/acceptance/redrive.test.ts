import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AcceptanceBus, startBus } from './bus.ts';
import { type Arrival, type Sink, startSink } from './sink.ts';

let bus: AcceptanceBus;
const sinks: Sink[] = [];

beforeAll(async () => {
  bus = await startBus();
});

afterAll(async () => {
  await Promise.all(sinks.map((sink) => sink.close()));
  expect(await bus?.stop()).toBe(0);
});

const idOf = ({ body }: Arrival) => JSON.parse(body).id;

/** A receiver with dead letters of these events, and a function that repairs its endpoint. */
async function brokenReceiver(name: string, ids: readonly string[], status = 500) {
  let answer: number | undefined = status;
  const sink = await startSink((_, response) => response.writeHead(answer ?? 204).end('no'));
  sinks.push(sink);
  // These failures are intended. An open breaker would delay the rest of them.
  await bus.call('PUT', `/v1/receivers/${name}`, {
    endpoint: sink.url,
    retry: { delaysSeconds: [] },
    breaker: { minimumAttempts: 10_000 },
  });
  await bus.call(
    'POST',
    `/v1/receivers/${name}/events`,
    ids.map((id) => ({ type: 'test', id, source: '/test', data: { id } })),
  );
  await expect.poll(async () => (await list(name)).deadLetters.length, { timeout: 20_000 }).toBe(ids.length);
  return { sink, mend: () => (answer = undefined) };
}

const list = async (name: string, query = '') =>
  (await bus.call('GET', `/v1/receivers/${name}/dead-letters${query}`)).body;
const redriveOf = async (name: string) => (await bus.call('GET', `/v1/receivers/${name}/redrive`)).body;

describe('dead letters', () => {
  it('are listed by cause with an example each, in pages, and shown with their event', async () => {
    await brokenReceiver('listed', ['a', 'b', 'c']);
    const first = await list('listed', '?limit=2');
    expect(first).toMatchObject({
      receiver: 'listed',
      waiting: 0,
      clusters: [{ cause: 'http-500', count: 3, example: { status: 500, detail: 'no', attempts: 1 } }],
    });
    expect(first.deadLetters).toHaveLength(2);
    const second = await list('listed', `?limit=2&cursor=${first.cursor}`);
    expect(second).not.toHaveProperty('cursor');
    const all = [...first.deadLetters, ...second.deadLetters];
    expect(all.map(({ eventId }) => eventId).sort()).toEqual(['a', 'b', 'c']);
    expect((await list('listed', '?cause=timeout')).deadLetters).toEqual([]);
    const shown = await bus.call('GET', `/v1/receivers/listed/dead-letters/${all[0].id}`);
    expect(JSON.parse(shown.body.body)).toMatchObject({ id: all[0].eventId, data: { id: all[0].eventId } });
  });

  it('that SQS itself moved are also listed and redriven', async () => {
    const { sink, mend } = await brokenReceiver('poisoned', []);
    const sqs = new SQSClient({
      endpoint: bus.awsUrl,
      region: 'us-east-1',
      credentials: bus.awsCredentials,
    });
    await sqs.send(
      new SendMessageCommand({
        QueueUrl: `${bus.awsUrl}/000000000000/busbar-poisoned-dead-letters`,
        MessageBody: JSON.stringify({ specversion: '1.0', id: 'p', source: '/test', type: 'test' }),
      }),
    );
    expect((await list('poisoned')).clusters).toMatchObject([
      { cause: 'poison', count: 1, example: { eventId: 'p' } },
    ]);
    mend();
    await bus.call('POST', '/v1/receivers/poisoned/redrive', {});
    const [arrival] = await sink.waitFor(1);
    expect(arrival && idOf(arrival)).toBe('p');
  });

  it('refuse an invalid query and name the parameter', async () => {
    await brokenReceiver('asked', []);
    for (const query of ['?limit=0', '?cursor=x', '?page=2']) {
      expect(await bus.call('GET', `/v1/receivers/asked/dead-letters${query}`)).toMatchObject({
        status: 400,
        body: { code: 'invalid_request' },
      });
    }
  });
});

describe('a redrive', () => {
  it('sends every letter with its delivery id and a new attempt count, and shows its progress', async () => {
    const ids = Array.from({ length: 25 }, (_, n) => `e${n}`);
    const { sink, mend } = await brokenReceiver('mended', ids);
    const before = new Map(sink.arrivals.map((arrival) => [idOf(arrival), arrival.headers['webhook-id']]));
    mend();
    const started = await bus.call('POST', '/v1/receivers/mended/redrive', {});
    expect(started).toMatchObject({ status: 202, body: { receiver: 'mended', state: 'collecting' } });
    await expect
      .poll(() => redriveOf('mended'), { timeout: 30_000 })
      .toMatchObject({ id: started.body.id, state: 'done', total: 25, sent: 25, missing: 0 });
    const after = (await sink.waitFor(50)).slice(25);
    expect(after.map(idOf).sort()).toEqual([...ids].sort());
    for (const arrival of after) {
      expect(arrival.headers['webhook-id']).toBe(before.get(idOf(arrival)));
      expect(arrival.headers['busbar-attempt']).toBe('1');
    }
    expect((await list('mended')).deadLetters).toEqual([]);
  });

  it('halts at its canary if the endpoint still fails, and keeps the rest', async () => {
    const { sink } = await brokenReceiver('failing', ['a', 'b', 'c']);
    await bus.call('POST', '/v1/receivers/failing/redrive', {});
    await expect
      .poll(() => redriveOf('failing'), { timeout: 30_000 })
      .toMatchObject({ state: 'halted', sent: 1, total: 3, reason: expect.stringContaining('http-500') });
    expect(sink.arrivals).toHaveLength(4);
    await expect.poll(async () => (await list('failing')).deadLetters.length, { timeout: 10_000 }).toBe(3);
  });

  it('is limited to the given ids or cause', async () => {
    const { sink, mend } = await brokenReceiver('chosen', ['a', 'b', 'c']);
    mend();
    const { deadLetters } = await list('chosen');
    const chosen = deadLetters.find(({ eventId }: { eventId: string }) => eventId === 'b');
    await bus.call('POST', '/v1/receivers/chosen/redrive', { ids: [chosen.id, 'dlv_none'] });
    await expect
      .poll(() => redriveOf('chosen'), { timeout: 30_000 })
      .toMatchObject({ state: 'done', total: 1, sent: 1, missing: 1 });
    await bus.call('POST', '/v1/receivers/chosen/redrive', { cause: 'timeout' });
    await expect
      .poll(() => redriveOf('chosen'), { timeout: 30_000 })
      .toMatchObject({ state: 'done', sent: 0 });
    await bus.call('POST', '/v1/receivers/chosen/redrive', { cause: 'http-500' });
    await expect
      .poll(() => redriveOf('chosen'), { timeout: 30_000 })
      .toMatchObject({ state: 'done', sent: 2 });
    expect((await sink.waitFor(6)).slice(3).map(idOf)[0]).toBe('b');
  });

  it('keeps its rate, excludes a second redrive meanwhile, and can be stopped', async () => {
    const { mend } = await brokenReceiver('slow', ['a', 'b', 'c', 'd']);
    mend();
    await bus.call('POST', '/v1/receivers/slow/redrive', { perSecond: 0.1 });
    expect(await bus.call('POST', '/v1/receivers/slow/redrive', {})).toMatchObject({
      status: 409,
      body: { code: 'redrive_running', redrive: { perSecond: 0.1 } },
    });
    await expect
      .poll(() => redriveOf('slow'), { timeout: 30_000 })
      .toMatchObject({ state: 'sending', sent: 2 });
    expect(await bus.call('DELETE', '/v1/receivers/slow/redrive')).toMatchObject({
      status: 200,
      body: { state: 'stopped', sent: 2, total: 4 },
    });
    expect((await list('slow')).deadLetters).toHaveLength(2);
  });

  it('of a paused receiver is refused, and one that never ran is not found', async () => {
    await brokenReceiver('still', []);
    expect(await bus.call('GET', '/v1/receivers/still/redrive')).toMatchObject({
      status: 404,
      body: { code: 'unknown_redrive' },
    });
    await bus.call('POST', '/v1/receivers/still/pause');
    expect(await bus.call('POST', '/v1/receivers/still/redrive', {})).toMatchObject({
      status: 409,
      body: { code: 'not_active' },
    });
  });
});

describe('an event', () => {
  it('can be delivered again while it is a dead letter; otherwise the error says that it is not kept', async () => {
    const { sink, mend } = await brokenReceiver('by-hand', ['a 50%', 'b']);
    mend();
    const again = await bus.call('POST', `/v1/events/${encodeURIComponent('a 50%')}/deliveries`, {
      receiver: 'by-hand',
    });
    expect(again).toMatchObject({
      status: 202,
      body: { deliveries: [{ receiver: 'by-hand', source: '/test' }], redrive: { state: 'collecting' } },
    });
    const arrivals = await sink.waitFor(3);
    expect(arrivals[2] && idOf(arrivals[2])).toBe('a 50%');
    expect(arrivals[2]?.headers['webhook-id']).toBe(again.body.deliveries[0].deliveryId);
    await expect.poll(() => redriveOf('by-hand'), { timeout: 30_000 }).toMatchObject({ state: 'done' });
    expect(await bus.call('POST', '/v1/events/unheard-of/deliveries', { receiver: 'by-hand' })).toMatchObject(
      { status: 404, body: { code: 'event_not_kept' } },
    );
    expect(await bus.call('POST', '/v1/events/b/deliveries', {})).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'receiver' }] },
    });
  });
});
