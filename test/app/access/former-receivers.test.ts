import { describe, expect, it } from 'vitest';
import { deliver } from '../../../lib/app/deliver/deliver.ts';
import { publish } from '../../../lib/app/publish/publish.ts';
import { continueRedrive } from '../../../lib/app/redrive/continue-redrive.ts';
import { getDeadLetter } from '../../../lib/app/redrive/dead-letters.ts';
import { getRedrive } from '../../../lib/app/redrive/redrive.ts';
import { pauseReceiver } from '../../../lib/app/registry/flow.ts';
import { deleteReceiver } from '../../../lib/app/registry/receivers.ts';
import { why } from '../../../lib/app/why/why.ts';
import type { Principal } from '../../../lib/core/access/access.ts';
import { admin, member, shorthand, type TestBus, testBus } from '../bus.ts';
import {
  deliverAgain,
  forceBreaker,
  listDeadLetters,
  putReceiver,
  skipEvents,
  startRedrive,
} from '../calls.ts';

// A receiver that another team deleted and this one made anew under the same name is another receiver.

const second = 1000;
const minute = 60 * second;
const shop = member('shop');
const rival = member('rival');
const billing = { receiver: 'billing' };
const url = (who: string) => `https://${who}.example.com/events`;

const put = (bus: TestBus, who: Principal, fields: object = {}) =>
  putReceiver(bus.tools, who, 'billing', { endpoint: url(who.application), ...fields }, []);

async function runningBus(fields: object = {}): Promise<TestBus> {
  const bus = await testBus();
  await put(bus, shop, { retry: { delaysSeconds: [] }, ...fields });
  bus.endpoint(url('shop'), () => 500);
  bus.endpoint(url('rival'), () => 204);
  bus.run();
  return bus;
}

/** The shop deletes its receiver, and the rival makes one of the same name. */
async function takeName(bus: TestBus): Promise<void> {
  await deleteReceiver(bus.tools, shop, 'billing', true);
  await bus.clock.advance(2 * minute);
  await put(bus, rival);
}

const invoke = (bus: TestBus, who: Principal, id = '1') =>
  publish(bus.tools, who, billing, shorthand({ id, source: '/s', type: 'a', data: { of: who.application } }));
const posted = (bus: TestBus) => bus.requests.map((request) => request.url);

describe('the dead letters of an earlier receiver', () => {
  it('are neither listed nor shown nor sent to the later one', async () => {
    const bus = await runningBus();
    await invoke(bus, shop);
    await bus.clock.advance(10 * second);
    const [letter] = (await listDeadLetters(bus.tools, shop, 'billing', {})).deadLetters;
    const earlier = await bus.tools.registry.receiver('billing');
    await takeName(bus);
    // A deletion that broke off has left its letters.
    const left = { letter: letter as never, content: { body: '{}', topic: undefined } };
    await bus.tools.deadLetters.put(earlier ?? billing, [left], bus.clock.now());

    const id = letter?.id ?? '';
    expect((await listDeadLetters(bus.tools, rival, 'billing', {})).deadLetters).toEqual([]);
    await expect(getDeadLetter(bus.tools, rival, 'billing', id)).rejects.toMatchObject({
      code: 'unknown_dead_letter',
    });
    await expect(deliverAgain(bus.tools, rival, '1', billing)).rejects.toMatchObject({
      code: 'event_not_kept',
    });
    await startRedrive(bus.tools, rival, 'billing', { ids: [id] });
    await bus.clock.advance(minute);
    expect(posted(bus)).toEqual([url('shop')]);
  });
});

describe('a redrive', () => {
  it('of an earlier receiver halts, and is not shown', async () => {
    const bus = await runningBus();
    await invoke(bus, shop);
    await bus.clock.advance(10 * second);
    const { id } = await startRedrive(bus.tools, shop, 'billing', {});
    const run = await bus.tools.redrives.find('billing');
    await takeName(bus);
    if (run === undefined) throw new Error('There is no run.');
    // A worker that had it before the deletion writes it back.
    await bus.tools.redrives.start({ ...run, state: 'collecting', leaseUntilMs: 0 }, bus.clock.now());

    await expect(getRedrive(bus.tools, rival, 'billing')).rejects.toMatchObject({ code: 'unknown_redrive' });
    await continueRedrive(bus.tools, { receiver: 'billing', redrive: id });
    expect(await bus.tools.redrives.find('billing')).toMatchObject({
      state: 'halted',
      reason: 'The receiver was deleted.',
    });
  });

  it('halts when its receiver goes to another team, which has not asked for it', async () => {
    const bus = await testBus();
    await put(bus, shop, { retry: { delaysSeconds: [] } });
    bus.endpoint(url('shop'), () => 500);
    await invoke(bus, shop);
    await bus.runLane('billing');
    await bus.clock.advance(second);
    const { id } = await startRedrive(bus.tools, shop, 'billing', {});
    await put(bus, admin, { owner: 'rival', endpoint: url('rival') });

    await continueRedrive(bus.tools, { receiver: 'billing', redrive: id });

    expect(posted(bus)).toEqual([url('shop')]);
    expect(await getRedrive(bus.tools, rival, 'billing')).toMatchObject({
      state: 'halted',
      reason: expect.stringContaining('belongs to rival'),
    });
  });
});

describe('what was delivered to an earlier receiver', () => {
  it('does not make the same event for the later one a repetition', async () => {
    const bus = await runningBus({ retry: { delaysSeconds: [1] } });
    bus.endpoint(url('shop'), () => (bus.requests.length === 1 ? 500 : 204));
    await invoke(bus, shop);
    await bus.clock.advance(10 * second);
    await takeName(bus);
    bus.endpoint(url('rival'), () => (bus.requests.length === 3 ? 500 : 204));
    await invoke(bus, rival);
    await bus.clock.advance(minute);

    expect(posted(bus)).toEqual([url('shop'), url('shop'), url('rival'), url('rival')]);
    expect(bus.requests.map(({ headers }) => headers['busbar-attempt'])).toEqual(['1', '2', '1', '2']);
  });

  it('is not told to the later one, and is to who published it', async () => {
    const bus = await runningBus();
    Object.assign(bus.tools, { trace: 'all' });
    await invoke(bus, shop);
    await bus.clock.advance(10 * second);
    await takeName(bus);

    await expect(why(bus.tools, rival, { id: '1' })).rejects.toMatchObject({ code: 'unknown_event' });
    expect((await why(bus.tools, shop, { id: '1' })).events).toMatchObject([
      { id: '1', invoked: 'billing', former: true },
    ]);
  });
});

it('a batch that was taken before its receiver was deleted is not posted to the later one', async () => {
  const bus = await testBus();
  await put(bus, shop);
  bus.endpoint(url('shop'), () => 204);
  bus.endpoint(url('rival'), () => 204);
  await invoke(bus, shop);
  const messages = await bus.receive(bus.urlOf('billing', 'online'));
  await deleteReceiver(bus.tools, shop, 'billing', true);
  await bus.clock.advance(2 * minute);
  await put(bus, rival);

  const kept = await deliver(bus.newTools(), { receiver: 'billing', role: 'online', messages });

  expect(messages).toHaveLength(1);
  expect(kept).toEqual(messages.map(({ messageId }) => messageId));
  expect(posted(bus)).toEqual([]);
});

it('a later receiver is neither paused nor skipping nor cut off by a breaker', async () => {
  const bus = await testBus();
  await put(bus, shop);
  bus.endpoint(url('rival'), () => 204);
  await skipEvents(bus.tools, shop, 'billing', { before: new Date(bus.clock.now()).toISOString() });
  await pauseReceiver(bus.tools, shop, 'billing');
  await forceBreaker(bus.tools, shop, 'billing', { state: 'open' });
  const breaker = await bus.tools.breakers.read('billing');
  await deleteReceiver(bus.tools, shop, 'billing', true);
  // A batch that was under way writes it back.
  if (breaker !== undefined) await bus.tools.breakers.swap('billing', undefined, breaker);
  await bus.clock.advance(2 * minute);
  await put(bus, rival);
  bus.run();
  await invoke(bus, rival, '2');
  await bus.clock.advance(minute);

  expect(posted(bus)).toEqual([url('rival')]);
  const { state, skip } = (await bus.tools.registry.receiver('billing')) ?? {};
  expect({ state, skip }).toEqual({ state: 'active', skip: undefined });
});

it('the incarnation of a receiver survives every change but its deletion', async () => {
  const bus = await runningBus();
  const of = async () => (await bus.tools.registry.receiver('billing'))?.incarnation;
  const first = await of();
  await put(bus, shop, { timeoutSeconds: 5 });
  await put(bus, admin, { owner: 'rival', endpoint: url('rival') });
  expect(first).toMatch(/^[0-9a-f]{8}$/);
  expect(await of()).toBe(first);
  await deleteReceiver(bus.tools, admin, 'billing', true);
  await bus.clock.advance(2 * minute);
  await put(bus, rival);
  expect(await of()).not.toBe(first);
});
