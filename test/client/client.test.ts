import { CloudEvent as SdkEvent } from 'cloudevents';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  BusbarError,
  type ClientOptions,
  createClient,
  PublishInterruptedError,
  PublishRejectedError,
} from '../../lib/client/index.ts';
import { standInBus } from '../cli/stand-in-bus.ts';

let bus: Awaited<ReturnType<typeof standInBus>>;
let sleeps: number[];

beforeEach(async () => {
  bus = await standInBus();
  bus.topics.set('orders', {});
  bus.receivers.set('billing', {});
  sleeps = [];
});
afterEach(() => bus.close());

/** A client whose waits end at once and are recorded, and whose jitter is always the maximum. */
function client(options: Partial<ClientOptions> = {}) {
  return createClient({
    url: bus.url,
    key: bus.key,
    clock: {
      now: () => Date.parse('2026-03-01T12:00:00Z'),
      async sleep(delayMs) {
        sleeps.push(delayMs);
      },
    },
    random: () => 1,
    ...options,
  });
}

async function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.fail('The call was expected to fail.'),
    (error: unknown) => error,
  );
}

describe('publish', () => {
  it('fills in id, source and time of a shorthand event, and returns the result', async () => {
    const answer = await client({ source: '/shop', uuid: () => 'one' }).publish('orders', {
      type: 'order.placed',
      data: { total: 5 },
    });
    expect(answer).toEqual({ events: [{ index: 0, id: 'one', status: 'accepted' }] });
    expect(bus.events[0]?.event).toEqual({
      type: 'order.placed',
      data: { total: 5 },
      id: 'one',
      source: '/shop',
      time: '2026-03-01T12:00:00.000Z',
    });
  });

  it('sends events of the CloudEvents SDK with their extensions and binary data', async () => {
    const event = new SdkEvent({
      source: '/sdk',
      type: 'picture.taken',
      datacontenttype: 'image/png',
      data: new Uint8Array([1, 2, 255]),
      shop: 'berlin',
    });
    const plain = { ...event.toJSON(), data: new Uint8Array([1, 2, 255]), data_base64: undefined };
    await client().publish('orders', [event as never, plain as never]);
    for (const { event: stored } of bus.events) {
      expect(stored).toMatchObject({ specversion: '1.0', shop: 'berlin', data_base64: 'AQL/' });
      expect(stored).not.toHaveProperty('data');
    }
    expect(bus.requests[0]?.contentType).toBe('application/cloudevents-batch+json');
  });

  it('refuses binary data in shorthand before sending anything', async () => {
    const event = { type: 'picture.taken', data: new Uint8Array([1]) };
    await expect(client().publish('orders', event)).rejects.toThrow(TypeError);
    expect(bus.requests).toEqual([]);
  });

  it('schedules with delaySeconds or a Date', async () => {
    const answer = await client().publish('orders', [
      { type: 'reminder', delaySeconds: 60 },
      { type: 'reminder', deliverAt: new Date('2027-01-01T00:00:00Z') },
    ]);
    expect(answer.events.map((entry) => entry.status)).toEqual(['scheduled', 'scheduled']);
    expect(bus.events[1]?.event.deliverAt).toBe('2027-01-01T00:00:00.000Z');
  });

  it('splits every list into requests of at most 100 events and 1 MB, and keeps the order of the results', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ bytes: fc.constantFrom(1, 900, 30_000, 250_000), whole: fc.boolean() }), {
          maxLength: 260,
        }),
        async (shapes) => {
          bus.requests.length = 0;
          bus.events.length = 0;
          const events = shapes.map(({ bytes, whole }, index) => ({
            id: `${index}-${shapes.length}-${Math.trunc(performance.now() * 1000)}`,
            source: '/test',
            type: 'sized',
            data: 'x'.repeat(bytes),
            ...(whole && { specversion: '1.0' as const }),
          }));
          const answer = await client().publish('orders', events);
          expect(answer.events.map(({ index, id }) => [index, id])).toEqual(
            events.map(({ id }, i) => [i, id]),
          );
          expect(bus.events.length).toBe(events.length);
          for (const request of bus.requests) {
            expect(Buffer.byteLength(request.body)).toBeLessThanOrEqual(1_000_000);
            expect((JSON.parse(request.body) as unknown[]).length).toBeLessThanOrEqual(100);
          }
        },
      ),
      { numRuns: 15 },
    );
  });

  it('sends at most `concurrency` requests at the same time', async () => {
    const events = Array.from({ length: 1000 }, () => ({ type: 'order.placed' }));
    await client({ concurrency: 3 }).publish('orders', events);
    expect(bus.requests.length).toBe(10);
    expect(bus.mostUnderWay()).toBeLessThanOrEqual(3);
  });

  it('sends no request for an empty list', async () => {
    expect(await client().publish('orders', [])).toEqual({ events: [] });
    expect(bus.requests).toEqual([]);
  });
});

describe('rejected events', () => {
  const mixed = [{ type: 'order.placed' }, { type: 'refused' }, { type: 'order.placed' }];

  it('make publish throw an error with all results', async () => {
    const error = await failure(client().publish('orders', mixed));
    expect(error).toBeInstanceOf(PublishRejectedError);
    if (!(error instanceof PublishRejectedError)) return;
    expect(error.results.map((result) => result.status)).toEqual(['accepted', 'rejected', 'accepted']);
    expect(error.rejected).toMatchObject([{ index: 1, code: 'invalid_event' }]);
    expect(error.message).toContain('1 of 3');
  });

  it('are returned on request', async () => {
    const answer = await client().publish('orders', mixed, { partial: 'return' });
    expect(answer.events[1]).toMatchObject({ status: 'rejected', detail: expect.stringContaining('schema') });
  });

  it('are read from a 400 that rejects every entry', async () => {
    const answer = await client().publish('orders', { type: 'refused' }, { partial: 'return' });
    expect(answer.events).toMatchObject([{ index: 0, status: 'rejected' }]);
  });

  it('include an event that is larger than a request; the others are published', async () => {
    const events = [{ type: 'big', data: 'x'.repeat(1_000_000) }, { type: 'small' }];
    const answer = await client().publish('orders', events, { partial: 'return' });
    expect(answer.events).toMatchObject([
      { status: 'rejected', code: 'event_too_large' },
      { status: 'accepted' },
    ]);
  });
});

describe('retries', () => {
  it('wait as long as Retry-After says, in seconds or as a date, and send the same events', async () => {
    bus.troubles.push(
      { status: 429, headers: { 'retry-after': '7' } },
      { status: 503, headers: { 'retry-after': 'Sun, 01 Mar 2026 12:00:03 GMT' } },
    );
    await client().publish('orders', { type: 'order.placed' });
    expect(sleeps).toEqual([7000, 3000]);
    expect(new Set(bus.requests.map((request) => request.body)).size).toBe(1);
    expect(bus.events.length).toBe(1);
  });

  it('store no event twice when the response to a stored event was lost', async () => {
    let lost = 0;
    const lossy: typeof fetch = async (...args) => {
      const response = await fetch(...args);
      if (lost++ > 0) return response;
      await response.text();
      throw new TypeError('fetch failed', {
        cause: Object.assign(new Error('reset'), { code: 'ECONNRESET' }),
      });
    };
    const answer = await client({ fetch: lossy }).publish('orders', { type: 'order.placed' });
    expect(answer.events[0]?.status).toBe('duplicate');
    expect(bus.events.length).toBe(1);
  });

  it('back off exponentially, and end after the last attempt with the error of the bus', async () => {
    for (let n = 0; n < 4; n++) {
      const body = { code: 'unavailable', detail: 'DynamoDB throttles.', status: 503 };
      bus.troubles.push({ status: 503, body });
    }
    const error = await failure(
      client({ retry: { attempts: 4, firstDelayMs: 100, maxDelayMs: 300 } }).publish('orders', { type: 'a' }),
    );
    expect(sleeps).toEqual([100, 200, 300]);
    expect(error).toMatchObject({ status: 503, code: 'unavailable', detail: 'DynamoDB throttles.' });
  });

  it('send only those events of a request that the bus temporarily could not store', async () => {
    const busy = { status: 'rejected', code: 'unavailable', detail: 'SNS throttles.' };
    bus.troubles.push({
      status: 202,
      body: {
        events: [
          { index: 0, id: 'a', status: 'accepted' },
          { index: 1, id: 'b', ...busy },
        ],
      },
    });
    const events = [
      { type: 'order.placed', id: 'a' },
      { type: 'order.placed', id: 'b' },
    ];
    const answer = await client().publish('orders', events);
    expect(answer.events).toEqual([
      { index: 0, id: 'a', status: 'accepted' },
      { index: 1, id: 'b', status: 'accepted' },
    ]);
    expect(sleeps).toEqual([200]);
    expect(bus.events.map(({ event }) => event.id)).toEqual(['b']);
  });

  it('end with such events rejected when the bus could not store them in any attempt', async () => {
    for (let n = 0; n < 2; n++) {
      bus.troubles.push({
        status: 202,
        body: { events: [{ index: 0, status: 'rejected', code: 'claimed' }] },
      });
    }
    const answer = await client({ retry: { attempts: 2 } }).publish(
      'orders',
      { type: 'a' },
      { partial: 'return' },
    );
    expect(answer.events).toMatchObject([{ status: 'rejected', code: 'claimed' }]);
  });

  it('follow a 503 that rejects every entry, but not a 413 that does, whose results are read', async () => {
    const entry = (code: string) => ({ events: [{ index: 0, id: 'a', status: 'rejected', code }] });
    bus.troubles.push(
      { status: 503, headers: { 'retry-after': '1' }, body: entry('unavailable') },
      { status: 413, body: entry('event_too_large') },
    );
    const answer = await client().publish('orders', { type: 'a', id: 'a' }, { partial: 'return' });
    expect(answer.events).toMatchObject([{ code: 'event_too_large' }]);
    expect(sleeps).toEqual([1000]);
  });

  it('do not wait for a Retry-After above the limit, but report it', async () => {
    bus.troubles.push({ status: 429, headers: { 'retry-after': '3600' } });
    const error = await failure(client().publish('orders', { type: 'a' }));
    expect(sleeps).toEqual([]);
    expect(error).toMatchObject({ status: 429, retryAfterSeconds: 3600 });
  });

  it('do not follow a refusal; the error has code, status and detail of the problem body', async () => {
    const error = await failure(client().publish('nowhere', { type: 'a' }));
    expect(error).toBeInstanceOf(BusbarError);
    expect(error).toMatchObject({
      code: 'unknown_topic',
      status: 404,
      detail: 'There is no topic "nowhere".',
    });
    expect(bus.requests.length).toBe(1);
  });

  it('end with the events with and without a result when a request fails for good', async () => {
    const events = Array.from({ length: 250 }, (_, n) => ({ type: 'order.placed', id: `e${n}` }));
    const refuseSecond: typeof fetch = async (url, init) =>
      String(init?.body).includes('"e100"')
        ? new Response(JSON.stringify({ code: 'forbidden', detail: 'Not yours.' }), { status: 403 })
        : fetch(url, init);
    const error = await failure(client({ fetch: refuseSecond, concurrency: 1 }).publish('orders', events));
    expect(error).toBeInstanceOf(PublishInterruptedError);
    if (!(error instanceof PublishInterruptedError)) return;
    expect(error).toMatchObject({ code: 'forbidden', status: 403, refused: true });
    expect(error.results.length).toBe(100);
    const ids = error.unanswered.map((event) => event.id);
    expect([ids[0], ids.at(-1), ids.length]).toEqual(['e100', 'e249', 150]);
  });

  it('follow a response that omits an entry, which is never taken for success', async () => {
    bus.troubles.push({ status: 202, body: { events: [] } });
    const error = await failure(client().publish('orders', { type: 'a' }));
    expect(error).toMatchObject({ code: 'unexpected_answer' });
  });

  it('end with the network failure when no bus responds', async () => {
    const { url } = bus;
    await bus.close();
    const error = await failure(client({ url, retry: { attempts: 2 } }).call('GET', '/topics'));
    expect(error).toMatchObject({ code: 'unreachable', status: undefined });
    expect(String(error)).toContain('ECONNREFUSED');
    expect(sleeps.length).toBe(1);
  });

  it('end when a bus does not respond in time', async () => {
    let open = () => {};
    bus.gates.push(() => new Promise<void>((resolve) => (open = resolve)));
    const error = await failure(
      client({ timeoutSeconds: 0.05, retry: { attempts: 1 } }).call('GET', '/topics'),
    );
    expect(error).toMatchObject({ code: 'timeout' });
    open();
  });

  it('end when the signal is aborted, with the events without a result', async () => {
    const stop = new AbortController();
    bus.gates.push(async () => stop.abort(new Error('enough')));
    const error = await failure(
      client().publish('orders', { type: 'a', id: 'mine' }, { signal: stop.signal }),
    );
    expect(error).toMatchObject({ code: 'aborted', unanswered: [{ id: 'mine' }], refused: false });
  });
});

describe('the other calls', () => {
  it('invoke one receiver', async () => {
    await client().invoke('billing', { type: 'invoice.due' });
    expect(bus.events[0]?.path).toBe('/receivers/billing/events');
  });

  it('create topics, receivers and subscriptions', async () => {
    const bus1 = client();
    await bus1.putTopic('news', { description: 'What is new' });
    await bus1.putReceiver('reader', { endpoint: 'http://127.0.0.1:9/', format: 'binary' });
    await bus1.putSubscription('news', 'reader', { filter: { type: ['a'] } });
    expect(await bus1.call('GET', '/topics/news/subscriptions/reader')).toEqual({
      topic: 'news',
      receiver: 'reader',
      filter: { type: ['a'] },
    });
  });

  it('refuse a URL that is not http', () => {
    expect(() => createClient({ url: 'ftp://bus' })).toThrow(TypeError);
    for (const wrong of [{ url: 'https://me:secret@bus' }, { url: 'https://bus', key: 'secret\u001b[31m' }]) {
      expect(() => createClient(wrong)).toThrow(/^(?!.*secret).*must/);
    }
  });
});
