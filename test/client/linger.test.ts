import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  BusbarError,
  type ClientClock,
  type ClientOptions,
  createClient,
  PublishInterruptedError,
  PublishRejectedError,
} from '../../lib/client/index.ts';
import { standInBus } from '../cli/stand-in-bus.ts';

let bus: Awaited<ReturnType<typeof standInBus>>;
/** Ends the waits of the client, whose time is over. */
let waits: { delayMs: number; end: () => void }[];

beforeEach(async () => {
  bus = await standInBus();
  bus.topics.set('orders', {});
  bus.topics.set('bills', {});
  bus.receivers.set('billing', {});
  waits = [];
});
afterEach(() => bus.close());

const clock: ClientClock = {
  now: () => Date.parse('2026-03-01T12:00:00Z'),
  sleep: (delayMs, signal) =>
    new Promise((resolve, reject) => {
      waits.push({ delayMs, end: resolve });
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
    }),
};

const client = (options: Partial<ClientOptions> = {}) =>
  createClient({ url: bus.url, key: bus.key, clock, random: () => 1, linger: 20, ...options });

const event = (id: string, type = 'order.placed') => ({ id, type, data: { id } });
const timeIsOver = () => {
  for (const { end } of waits.splice(0)) end();
};
/** Resolves when the client waits for time to pass. */
async function aWait(): Promise<void> {
  while (waits.length === 0) await new Promise((resolve) => setImmediate(resolve));
}
/** The ids of the events of each request. */
const requests = () =>
  bus.requests.map(({ path, body }) => [
    path,
    (JSON.parse(body) as { id: string }[]).map(({ id }) => id).join(),
  ]);
const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => expect.fail('The call was expected to fail.'),
    (error: unknown) => error,
  );

describe('events that linger', () => {
  it('share a request, and each call gets the result of its own', async () => {
    const { publish } = client();
    const calls = [
      publish('orders', event('a')),
      publish('orders', [event('b'), event('c')]),
      publish('orders', event('d')),
    ];
    expect([bus.requests.length, waits.map(({ delayMs }) => delayMs)]).toEqual([0, [20]]);
    timeIsOver();
    expect(await Promise.all(calls)).toEqual([
      { events: [{ index: 0, id: 'a', status: 'accepted' }] },
      {
        events: [
          { index: 0, id: 'b', status: 'accepted' },
          { index: 1, id: 'c', status: 'accepted' },
        ],
      },
      { events: [{ index: 0, id: 'd', status: 'accepted' }] },
    ]);
    expect(requests()).toEqual([['/topics/orders/events', 'a,b,c,d']]);
  });

  it('have a request for each target', async () => {
    const { publish, invoke } = client();
    const calls = [
      publish('orders', event('a')),
      publish('bills', event('b')),
      invoke('billing', event('c')),
      publish('orders', event('d')),
    ];
    timeIsOver();
    await Promise.all(calls);
    expect(requests().sort()).toEqual([
      ['/receivers/billing/events', 'c'],
      ['/topics/bills/events', 'b'],
      ['/topics/orders/events', 'a,d'],
    ]);
  });

  it('leave at once when ten wait, in the order of their calls', async () => {
    const { publish } = client();
    await Promise.all(Array.from({ length: 10 }, (_, at) => publish('orders', event(`${at}`))));
    expect(requests()).toEqual([['/topics/orders/events', '0,1,2,3,4,5,6,7,8,9']]);
  });

  it('gather while a request is under way, up to what one takes, and keep their order', async () => {
    const { publish } = client();
    let open = () => {};
    bus.gates.push(() => new Promise<void>((resolve) => (open = resolve)));
    const calls = Array.from({ length: 10 }, (_, at) => publish('orders', event(`${at}`)));
    const later = Array.from({ length: 250 }, (_, at) => publish('orders', event(`${10 + at}`)));
    while (bus.mostUnderWay() === 0) await new Promise((resolve) => setImmediate(resolve));
    open();
    await Promise.all([...calls, ...later]);
    expect(bus.mostUnderWay()).toBe(1);
    expect(bus.requests.map(({ body }) => JSON.parse(body).length)).toEqual([100, 100, 60]);
    expect(bus.events.map(({ event: { id } }) => id)).toEqual(
      Array.from({ length: 260 }, (_, at) => `${at}`),
    );
  });

  it('leave at once when they fill a request by their bytes, which no request exceeds', async () => {
    const { publish } = client();
    const large = (id: string) => ({ ...event(id), data: 'x'.repeat(400_000) });
    const calls = ['a', 'b', 'c'].map((id) => publish('orders', large(id)));
    await Promise.all(calls.slice(0, 2));
    timeIsOver();
    await calls[2];
    expect(requests().map(([, ids]) => ids)).toEqual(['a,b', 'c']);
  });

  it('of both content types have a request for each, in order', async () => {
    const { publish } = client();
    const cloudEvent = { ...event('b'), specversion: '1.0', source: '/s' };
    const calls = [
      publish('orders', event('a')),
      publish('orders', cloudEvent),
      publish('orders', event('c')),
    ];
    timeIsOver();
    await Promise.all(calls);
    expect(requests().map(([, ids]) => ids)).toEqual(['a', 'b', 'c']);
  });

  it('have the time of their call', async () => {
    let nowMs = 0;
    const { publish } = client({ clock: { ...clock, now: () => nowMs } });
    const call = publish('orders', event('a'));
    nowMs = 60_000;
    timeIsOver();
    await call;
    expect(bus.events[0]?.event.time).toBe('1970-01-01T00:00:00.000Z');
  });
});

describe('failures of events that linger', () => {
  it('reject the call of the event that was rejected, and no other', async () => {
    const { publish } = client();
    const good = publish('orders', event('a'));
    const bad = failure(publish('orders', [event('b'), event('c', 'refused')]));
    const told = publish('orders', event('d', 'refused'), { partial: 'return' });
    timeIsOver();
    expect(await good).toEqual({ events: [{ index: 0, id: 'a', status: 'accepted' }] });
    const error = await bad;
    expect(error).toBeInstanceOf(PublishRejectedError);
    expect((error as PublishRejectedError).results).toMatchObject([
      { index: 0, id: 'b', status: 'accepted' },
      { index: 1, id: 'c', status: 'rejected' },
    ]);
    expect(await told).toMatchObject({ events: [{ index: 0, id: 'd', status: 'rejected' }] });
    expect(bus.requests).toHaveLength(1);
  });

  it('reject every call of a request that fails, each with its own events', async () => {
    const { publish } = client();
    bus.troubles.push({ status: 403, body: { code: 'forbidden', detail: 'Not yours.' } });
    const calls = [failure(publish('orders', event('a'))), failure(publish('orders', event('b')))];
    timeIsOver();
    for (const [at, error] of (await Promise.all(calls)).entries()) {
      expect(error).toBeInstanceOf(PublishInterruptedError);
      expect(error).toMatchObject({ code: 'forbidden', refused: true, unanswered: [{ id: 'ab'[at] }] });
    }
    const next = publish('orders', event('c'));
    timeIsOver();
    expect(await next).toMatchObject({ events: [{ status: 'accepted' }] });
  });

  it('are retried for those events alone that the bus could not store, before any later event', async () => {
    const { publish } = client();
    const unavailable = { index: 1, id: 'b', status: 'rejected', code: 'unavailable' };
    bus.troubles.push({
      status: 202,
      body: { events: [{ index: 0, id: 'a', status: 'accepted' }, unavailable] },
    });
    const first = publish('orders', event('a'));
    const second = publish('orders', event('b'));
    timeIsOver();
    await first;
    const third = publish('orders', event('c'));
    await aWait();
    timeIsOver();
    await second;
    await aWait();
    timeIsOver();
    await third;
    expect(requests().map(([, ids]) => ids)).toEqual(['a,b', 'b', 'c']);
  });

  it('tell of an event that is larger than a request, which is not sent and holds up no other', async () => {
    const { publish } = client();
    const large = { ...event('a'), data: 'x'.repeat(1_000_001) };
    expect(await failure(publish('orders', large))).toMatchObject({
      rejected: [{ code: 'event_too_large' }],
    });
    expect(waits).toEqual([]);
    const both = publish('orders', [large, event('b')], { partial: 'return' });
    timeIsOver();
    expect(await both).toMatchObject({ events: [{ status: 'rejected' }, { index: 1, status: 'accepted' }] });
  });

  it('throw at once what cannot be sent as it is', async () => {
    await expect(
      client().publish('orders', { ...event('a'), data: new Uint8Array(1) }),
    ).rejects.toBeInstanceOf(TypeError);
    expect(waits).toEqual([]);
  });
});

describe('a call that is aborted', () => {
  it('while its events wait takes them out of the request', async () => {
    const { publish } = client();
    const stop = new AbortController();
    const aborted = failure(publish('orders', event('a'), { signal: stop.signal }));
    const other = publish('orders', event('b'));
    stop.abort(new Error('enough'));
    expect(await aborted).toMatchObject({ code: 'aborted', unanswered: [{ id: 'a' }], refused: false });
    timeIsOver();
    await other;
    expect(requests()).toEqual([['/topics/orders/events', 'b']]);
  });

  it('while the request is under way ends at once, and the others get their results', async () => {
    const { publish } = client();
    const stop = new AbortController();
    let open = () => {};
    const arrived = new Promise<void>((resolve) => {
      bus.gates.push(() => {
        resolve();
        return new Promise<void>((go) => (open = go));
      });
    });
    const aborted = failure(publish('orders', event('a'), { signal: stop.signal }));
    const other = publish('orders', event('b'));
    timeIsOver();
    await arrived;
    stop.abort(new Error('enough'));
    expect(await aborted).toMatchObject({ code: 'aborted', unanswered: [{ id: 'a' }] });
    open();
    expect(await other).toMatchObject({ events: [{ index: 0, id: 'b', status: 'accepted' }] });
  });

  it('ends a request that is for nobody else', async () => {
    const { publish, flush } = client();
    const stop = new AbortController();
    const arrived = new Promise<void>((resolve) => {
      bus.gates.push(() => {
        resolve();
        return new Promise<void>(() => {});
      });
    });
    const aborted = failure(publish('orders', event('a'), { signal: stop.signal }));
    timeIsOver();
    await arrived;
    stop.abort(new Error('enough'));
    await aborted;
    // It would wait for the response, which never comes.
    await flush();
  });

  it('before it begins sends nothing', async () => {
    const { publish } = client();
    expect(await failure(publish('orders', event('a'), { signal: AbortSignal.abort() }))).toMatchObject({
      code: 'aborted',
    });
    expect(waits).toEqual([]);
  });
});

describe('the end of a client', () => {
  it('by flush sends what waits at once, and the client goes on', async () => {
    const { publish, flush } = client();
    const calls = [publish('orders', event('a')), publish('bills', event('b'))];
    await flush();
    expect(await Promise.all(calls)).toHaveLength(2);
    const next = publish('orders', event('c'));
    timeIsOver();
    await next;
    await flush();
    expect(bus.requests).toHaveLength(3);
  });

  it('by flush does not fail for a call that does, which is told itself', async () => {
    const { publish, flush } = client();
    const bad = failure(publish('orders', event('a', 'refused')));
    await flush();
    expect(await bad).toBeInstanceOf(PublishRejectedError);
  });

  it('by close sends what waits, and refuses later calls', async () => {
    const { publish, close } = client();
    const call = publish('orders', event('a'));
    await close();
    expect(await call).toMatchObject({ events: [{ status: 'accepted' }] });
    const error = await failure(publish('orders', event('b')));
    expect(error).toBeInstanceOf(BusbarError);
    expect(error).toMatchObject({ code: 'closed' });
  });

  it('has nothing to send without linger', async () => {
    const { publish, flush, close } = createClient({ url: bus.url, key: bus.key });
    await publish('orders', event('a'));
    await flush();
    await close();
    expect(bus.requests).toHaveLength(1);
  });

  it('comes after its events when the process has nothing else to do', async () => {
    const index = join(import.meta.dirname, '../../lib/client/index.ts');
    const program = `
      import { createClient } from ${JSON.stringify(index)};
      const client = createClient({ url: ${JSON.stringify(bus.url)}, key: ${JSON.stringify(bus.key)}, linger: 50 });
      void client.publish('orders', { id: 'last', type: 'order.placed', data: {} });`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: 'inherit' });
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(bus.events.map(({ event: { id } }) => id)).toEqual(['last']);
  });
});

it.each([0, -1, 0.5, 60_001, Number.NaN, Number.POSITIVE_INFINITY])(
  'A linger of %s is out of bounds',
  (linger) => {
    expect(() => client({ linger })).toThrow(RangeError);
  },
);
