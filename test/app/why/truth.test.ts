import { describe, expect, it } from 'vitest';
import { cancelEvent } from '../../../lib/app/delay/recall.ts';
import { publish } from '../../../lib/app/publish/publish.ts';
import { continueRedrive } from '../../../lib/app/redrive/continue-redrive.ts';
import { why } from '../../../lib/app/why/why.ts';
import type { Principal } from '../../../lib/core/access/access.ts';
import type { Target } from '../../../lib/core/event/target.ts';
import { admin, answer, member, shorthand, type TestBus, testBus } from '../bus.ts';
import { forceBreaker, putReceiver, putSubscription, putTopic, startRedrive } from '../calls.ts';

const second = 1000;
const minute = 60 * second;
const url = 'https://billing.example.com/events';
const shop = member('shop');
/** May publish to the topics of others, as an application with a grant will. */
const producer: Principal = { application: 'crm', role: 'admin' };
const crm = member('crm');

async function bus(trace: 'failures' | 'all' = 'failures', receiver: object = {}): Promise<TestBus> {
  const made = await testBus();
  await putTopic(made.tools, shop, 'orders', { trace });
  await putReceiver(made.tools, shop, 'billing', { endpoint: url, ...receiver }, []);
  await made.subscription('orders', 'billing');
  return made;
}

const send = (to: TestBus, event: object, target: Target = { topic: 'orders' }) =>
  publish(to.tools, producer, target, shorthand({ type: 't', id: '1', ...event }));
const ask = async (of: TestBus, who: Principal) => (await why(of.tools, who, { id: '1' })).events[0];
const fate = async (of: TestBus, who: Principal) => (await ask(of, who))?.receivers[0];

describe('around a change of a subscription', () => {
  it('does not claim that an event was accepted that the new filter has kept away', async () => {
    const made = await bus('all');
    const publisher = made.newTools();
    const events = (id: string) => shorthand({ type: 't', id });
    await publish(publisher, producer, { topic: 'orders' }, events('before'));
    await putSubscription(made.tools, shop, 'orders', 'billing', { filter: { type: ['other'] } });
    await made.clock.advance(second);
    // This instance still takes the earlier filter for the right one.
    await publish(publisher, producer, { topic: 'orders' }, events('1'));
    expect((await made.count(made.urlOf('billing', 'online'))).ready).toBe(1);

    expect(await fate(made, shop)).toMatchObject({
      matched: 'unknown',
      state: 'unknown',
      note: expect.stringMatching(/^its filter was changed at 2026-.+: the event went by either/),
    });
    await made.clock.advance(16 * minute);
    await publish(publisher, producer, { topic: 'orders' }, events('later'));
    const [later] = (await why(made.tools, shop, { id: 'later' })).events;
    expect(later?.receivers).toMatchObject([{ matched: false, refusedBy: [{ key: 'type' }] }]);
  });

  it('shows a new subscriber that the publisher did not know', async () => {
    const made = await bus('all');
    const publisher = made.newTools();
    await publish(publisher, producer, { topic: 'orders' }, shorthand({ type: 't', id: 'before' }));
    await putReceiver(made.tools, shop, 'crm', { endpoint: url }, []);
    await made.clock.advance(second);
    // It reads the subscriptions anew, and keeps them for a moment.
    await publish(publisher, producer, { topic: 'orders' }, shorthand({ type: 't', id: 'warm' }));
    await putSubscription(made.tools, shop, 'orders', 'crm', {});
    await publish(publisher, producer, { topic: 'orders' }, shorthand({ type: 't', id: '1' }));

    expect((await ask(made, shop))?.receivers).toMatchObject([
      { receiver: 'billing', state: 'accepted' },
      { receiver: 'crm', state: 'unknown', note: expect.stringContaining('it was subscribed at') },
    ]);
  });
});

describe('while the breaker of a receiver is open', () => {
  it('an event that was never attempted is parked, with since when, why and the next probe', async () => {
    const made = await bus('all', { breaker: { minimumAttempts: 1, failureRate: 0.5, windowSeconds: 60 } });
    made.endpoint(url, () => 503);
    await publish(made.tools, producer, { topic: 'orders' }, shorthand({ type: 't', id: 'first' }));
    await made.runLane('billing');
    await send(made, {});
    expect(await fate(made, shop)).toMatchObject({
      state: 'parked',
      attempts: [],
      note: expect.stringMatching(
        /^the breaker of the receiver is open since 2026-01-01T00:00:00\.\d{3}Z: .+ It is probed next at 2026-/,
      ),
    });
    // One that has failed before waits for the same.
    const [first] = (await why(made.tools, shop, { id: 'first' })).events;
    expect(first?.receivers[0]).toMatchObject({
      state: 'parked',
      attempts: [{ attempt: 1, status: 503 }],
      note: expect.stringContaining('the breaker of the receiver is open'),
    });
  });

  it('that was forced open, it says that somebody has to give it back', async () => {
    const made = await bus('all');
    await send(made, {});
    expect((await fate(made, shop))?.note).toBe('no attempt is recorded yet');
    await forceBreaker(made.tools, shop, 'billing', { state: 'open' });
    expect(await fate(made, shop)).toMatchObject({
      state: 'parked',
      note: expect.stringContaining('forced open by hand'),
    });
  });
});

describe('after a redrive', () => {
  /** Redrives the dead letters, and runs the lane until the run is over. */
  async function redrive(made: TestBus): Promise<void> {
    const { id } = await startRedrive(made.tools, admin, 'billing', {});
    for (let slice = 0; slice < 20; slice++) {
      let seconds: number | undefined | 'running' = 'running';
      const working = continueRedrive(made.newTools(), { receiver: 'billing', redrive: id }).then((next) => {
        seconds = next;
      });
      await made.clock.until(() => seconds !== 'running', minute);
      await working;
      while ((await made.runLane('billing')).received > 0);
      if (seconds === undefined) return;
      await made.clock.advance(Number(seconds) * second);
    }
    throw new Error('The redrive did not end.');
  }

  it('the earlier attempts and the dead-lettering are still told', async () => {
    const made = await bus('failures', {
      retry: { delaysSeconds: [] },
      breaker: { minimumAttempts: 10_000 },
    });
    made.endpoint(url, () => answer(500, {}, 'no'));
    await send(made, {});
    await made.runLane('billing');
    const died = await fate(made, shop);
    expect(died).toMatchObject({ state: 'dead' });
    expect(died?.deadLettered).toEqual([{ at: died?.attempts[0]?.at, cause: 'http-500', attempts: 1 }]);

    await redrive(made);
    expect(await fate(made, shop)).toMatchObject({ state: 'dead', deadLettered: [{}, {}] });
    made.endpoint(url, () => 204);
    await redrive(made);
    const told = await fate(made, shop);
    expect(told).toMatchObject({ state: 'delivered' });
    expect(told?.deadLettered).toMatchObject([
      { cause: 'http-500', attempts: 1 },
      { cause: 'http-500', attempts: 1 },
    ]);
    expect(told?.attempts.map(({ attempt, status }) => [attempt, status])).toEqual([
      [1, 500],
      [1, 500],
      [1, 204],
    ]);
  });
});

describe('after a cancel', () => {
  it('the event is shown as cancelled to who cancelled it and to the owner of the receiver', async () => {
    const made = await bus();
    await putReceiver(made.tools, member('other'), 'audit', { endpoint: 'https://a.example.com/' }, []);
    await made.subscription('orders', 'audit');
    await send(made, { delaySeconds: 3600 });
    for (const who of [crm, shop, member('other')])
      expect(await ask(made, who)).toMatchObject({ state: 'scheduled' });
    await cancelEvent(made.tools, crm, { id: '1' });
    for (const who of [crm, shop, member('other')]) {
      const told = await ask(made, who);
      expect(told).toMatchObject({ state: 'cancelled' });
      for (const { state } of told?.receivers ?? []) expect(state).toBe('cancelled');
    }
    await expect(why(made.tools, member('stranger'), { id: '1' })).resolves.toMatchObject({ events: [] });
  });
});

describe('to the producer of an event', () => {
  it.each(['failures', 'all'] as const)(
    'its state at each receiver is told, and nothing of the endpoint (trace: %s)',
    async (trace) => {
      const made = await bus(trace, { headers: { 'x-key': 'a secret value' } });
      made.endpoint(url, () => answer(500, {}, 'a stack trace'));
      await send(made, {});
      await made.runLane('billing');
      expect(JSON.stringify(await ask(made, shop))).toContain('a stack trace');
      const told = await ask(made, crm);
      expect(told).toMatchObject({
        topic: 'orders',
        receivers: [
          {
            receiver: 'billing',
            matched: true,
            state: 'retrying',
            attempts: [],
            attemptCount: 1,
            nextAttemptAt: expect.any(String),
          },
        ],
      });
      expect(told).not.toHaveProperty('hiddenReceivers');
      expect(JSON.stringify(told)).not.toMatch(/stack trace|secret|example\.com|500/);
    },
  );

  it('a filter that did not match is shown without its rule', async () => {
    const made = await bus('all');
    await made.subscription('orders', 'billing', { type: ['something.else'] });
    await made.clock.advance(10 * second);
    await send(made, {});
    expect(await fate(made, shop)).toMatchObject({ matched: false, refusedBy: [{ key: 'type' }] });
    const told = await fate(made, crm);
    expect(told).toMatchObject({ matched: false });
    expect(told).not.toHaveProperty('refusedBy');
  });

  it('other events with the same id are not shown', async () => {
    const made = await bus('all');
    await publish(made.tools, admin, { topic: 'orders' }, shorthand({ type: 't', id: '1' }));
    await expect(why(made.tools, crm, { id: '1' })).resolves.toMatchObject({ events: [] });
    await send(made, {});
    const { events } = await why(made.tools, crm, { id: '1' });
    expect(events.map(({ source }) => source)).toEqual(['/applications/crm']);
  });
});

describe('an unknown id', () => {
  it('costs a bounded number of reads of the traces of everybody, and says how far they went', async () => {
    const made = await bus('all');
    const row = {
      kind: 'published' as const,
      atMs: 0,
      target: { topic: 'orders' },
      receivers: ['billing'],
      sources: ['/s'],
      types: ['x'.repeat(300_000)],
      rules: [],
      events: [],
    };
    // Days of 24 MB each, which eight partitions share.
    for (let day = 0; day < 6; day++) {
      for (let n = 0; n < 80; n++) {
        await made.tools.traces.put([{ ...row, atMs: made.clock.now() + n * minute }]);
      }
      await made.clock.advance(24 * 60 * minute);
    }
    const reads = () => made.calls.filter((call) => call.startsWith('dynamodb.Query')).length;
    const before = reads();
    const first = await why(made.tools, shop, { id: 'nobody-has-it' });
    expect(first.searched.complete).toBe(false);
    // 64 full reads, and one for each partition that a read ended in.
    expect(reads() - before).toBeLessThan(64 + 31 * 8 + 10);
    const second = await why(made.tools, shop, {
      id: 'nobody-has-it',
      untilMs: Date.parse(first.searched.since),
    });
    expect(Date.parse(second.searched.since)).toBeLessThan(Date.parse(first.searched.since));
  });
});
