import { describe, expect, it } from 'vitest';
import { publish } from '../../../lib/app/publish/publish.ts';
import { getRedrive } from '../../../lib/app/redrive/redrive.ts';
import { admin, shorthand, type TestBus, testBus } from '../bus.ts';
import { forceBreaker, startRedrive } from '../calls.ts';

/** What a redrive does while the breaker of its receiver is open: its canary waits as every event does. */

const url = 'https://shop.example.com/events';
const second = 1000;
const minute = 60 * second;

/** A bus that polls, whose receiver has ten dead letters by now and an open breaker. */
async function busInAnOutage(): Promise<TestBus> {
  const bus = await testBus();
  await bus.receiver('shop', { retry: { delaysSeconds: [] } });
  bus.endpoint(url, () => 500);
  bus.run();
  const events = Array.from({ length: 10 }, (_, n) => ({ type: 'a', id: `e${n}`, data: {} }));
  await publish(bus.tools, admin, { receiver: 'shop' }, shorthand(events));
  const isOpen = async () => (await bus.tools.breakers.read('shop'))?.kind === 'open';
  await bus.clock.until(isOpen, minute);
  await bus.clock.advance(10 * second);
  return bus;
}

const ended = (bus: TestBus) => async () =>
  ['done', 'halted'].includes((await getRedrive(bus.tools, admin, 'shop')).state);
const ids = (bus: TestBus) => bus.requests.map(({ body }) => JSON.parse(String(body)).id);

describe('a redrive under an open breaker', () => {
  it('waits with its canary, which may be the probe, and goes on when the endpoint is back', async () => {
    const bus = await busInAnOutage();
    const before = bus.requests.length;
    await startRedrive(bus.tools, admin, 'shop', {});
    await bus.clock.advance(5 * minute);
    const { state, sent } = await getRedrive(bus.tools, admin, 'shop');
    expect({ state, sent }).toEqual({ state: 'canary', sent: 1 });
    // Probes are the only requests, and none of them is an attempt.
    expect(bus.requests.length - before).toBeLessThanOrEqual(5);
    expect(new Set(ids(bus).slice(before)).size).toBeLessThanOrEqual(1);
    bus.endpoint(url, () => 204);
    await bus.clock.until(ended(bus), 60 * minute);
    expect(await getRedrive(bus.tools, admin, 'shop')).toMatchObject({ state: 'done', sent: 10 });
    await bus.clock.advance(10 * minute);
    expect(await bus.count(bus.urlOf('shop', 'dead-letters'))).toMatchObject({ ready: 0 });
    expect(await bus.count(bus.urlOf('shop', 'online'))).toEqual({ ready: 0, inFlight: 0, delayed: 0 });
  }, 60_000);

  it('halts after an hour without an outcome; the canary stays in its lane and the rest stays kept', async () => {
    const bus = await busInAnOutage();
    await forceBreaker(bus.tools, admin, 'shop', { state: 'open' });
    await startRedrive(bus.tools, admin, 'shop', {});
    await bus.clock.until(ended(bus), 70 * minute);
    const run = await getRedrive(bus.tools, admin, 'shop');
    expect(run).toMatchObject({ state: 'halted', sent: 1, reason: expect.stringContaining('no outcome') });
    bus.endpoint(url, () => 204);
    const before = bus.requests.length;
    await forceBreaker(bus.tools, admin, 'shop', { state: 'closed' });
    await bus.clock.until(() => bus.requests.length > before, 30 * minute);
    await bus.clock.advance(10 * minute);
    expect(bus.requests.length - before).toBe(1);
    await startRedrive(bus.tools, admin, 'shop', {});
    await bus.clock.until(ended(bus), 30 * minute);
    expect(await getRedrive(bus.tools, admin, 'shop')).toMatchObject({ state: 'done', sent: 9 });
    expect(new Set(ids(bus).slice(before)).size).toBe(10);
  }, 60_000);
});

describe('a redrive', () => {
  it.each(['none', 'all'] as const)(
    'keeps the trace %s of the topic that its events came by',
    async (trace) => {
      const bus = await testBus();
      await bus.receiver('shop', { retry: { delaysSeconds: [] } });
      await bus.topic('orders', { trace });
      await bus.subscription('orders', 'shop');
      bus.endpoint(url, () => 500);
      await publish(bus.tools, admin, { topic: 'orders' }, shorthand({ type: 'a', id: 'one', data: {} }));
      await bus.clock.advance(second);
      await bus.runLane('shop');
      const found: unknown[] = [];
      bus.intercept('sqs.SendMessageBatch', (input, next) => {
        // The message of the redrive itself goes to a queue of its own.
        if (!String(input.QueueUrl).endsWith('shop-online')) return next();
        const [entry] = input.Entries as { MessageAttributes?: Record<string, { StringValue?: string }> }[];
        found.push(entry?.MessageAttributes?.['busbar-trace']?.StringValue);
        return next();
      });
      await startRedrive(bus.tools, admin, 'shop', {});
      bus.endpoint(url, () => 204);
      bus.run();
      await bus.clock.until(ended(bus), 5 * minute);
      expect(found).toEqual([trace]);
    },
  );
});
