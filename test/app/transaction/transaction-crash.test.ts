import { describe, expect, it } from 'vitest';
import {
  beginTransaction,
  commitTransaction,
  getTransaction,
  rollbackTransaction,
} from '../../../lib/app/transaction/transaction.ts';
import { BusbarError } from '../../../lib/core/kernel/errors.ts';
import { answer, member, shorthand } from '../bus.ts';
import { type FaultKind, faultKinds, inject } from '../faults.ts';
import { type TransactionBus, transactionBus } from './transaction-bus.ts';

/**
 * A walk is broken off at each of its AWS calls in turn, in each way. Then AWS is well again, and whoever is still
 * there goes on: the producer that got no answer asks again, the stream and the timers do the rest.
 */

const second = 1000;
const minute = 60 * second;
const shop = member('shop');
const id = 'order-1001';
const checkUrl = 'https://shop.example.com/check';

async function runningBus(): Promise<TransactionBus> {
  const bus = await transactionBus();
  await bus.topic('orders');
  await bus.receiver('billing');
  await bus.receiver('crm');
  for (const name of ['billing', 'crm']) bus.endpoint(`https://${name}.example.com/events`, () => 204);
  await bus.subscription('orders', 'billing');
  bus.run();
  return bus;
}

const events = [
  { topic: 'orders', type: 'order.placed', id: '1', data: {} },
  { topic: 'orders', type: 'order.paid', id: '2', data: {} },
  { receiver: 'crm', type: 'customer.won', id: '3', data: {} },
];
const begin = (bus: TransactionBus, more: object = {}) =>
  beginTransaction(
    bus.tools,
    shop,
    shorthand({
      id,
      events: events.map((event) => ({ source: '/shop', ...event })),
      checkAfterSeconds: 120,
      ...more,
    }),
    [],
  );

/** What arrived, each delivery once, whatever came twice under the same id. */
const arrived = (bus: TransactionBus) =>
  new Map(
    bus.requests
      .filter(({ url }) => url !== checkUrl)
      .map(({ headers, body }) => [headers['webhook-id'], JSON.parse(String(body)).id]),
  );

/** A producer that does not give up: it makes the call again until it gets an answer. */
async function untilAnswered<Answer>(bus: TransactionBus, call: () => Promise<Answer>): Promise<Answer> {
  for (let attempt = 0; attempt < 20; attempt++) {
    try {
      return await call();
    } catch (error) {
      if (error instanceof BusbarError && !error.retryable) throw error;
      await bus.clock.advance(second);
    }
  }
  throw new Error('There was never an answer.');
}

/** How many calls a walk makes when nothing breaks it off. */
async function callsOf(walk: (bus: TransactionBus) => Promise<void>): Promise<number> {
  const bus = await runningBus();
  const fault = inject(bus, -1, 'before');
  await walk(bus);
  await bus.clock.advance(20 * second);
  return fault.calls.length;
}

async function broken(
  at: number,
  kind: FaultKind,
  walk: (bus: TransactionBus) => Promise<void>,
): Promise<TransactionBus> {
  const bus = await runningBus();
  const fault = inject(bus, at, kind);
  // Ten seconds after it broke off everything is well again.
  bus.clock.setTimer(10 * second, fault.heal);
  await walk(bus);
  await bus.clock.advance(40 * minute);
  return bus;
}

const commitWalk = async (bus: TransactionBus) => {
  await untilAnswered(bus, () => begin(bus));
  await untilAnswered(bus, () => commitTransaction(bus.tools, shop, id));
};
const rollbackWalk = async (bus: TransactionBus) => {
  await untilAnswered(bus, () => begin(bus));
  await untilAnswered(bus, () => rollbackTransaction(bus.tools, shop, id));
};
/** The producer dies after its own commit; the check learns of it. */
const checkWalk = async (bus: TransactionBus) => {
  bus.endpoint(checkUrl, () => answer(200, {}, '{"state":"commit"}'));
  await untilAnswered(bus, () => begin(bus, { checkUrl, checkAfterSeconds: 2 }));
  await bus.clock.advance(5 * second);
};

describe.each(faultKinds)('a walk that breaks off: %s a call', (kind) => {
  it('loses no event of a transaction that was committed, whichever call it is', async () => {
    const count = await callsOf(commitWalk);
    expect(count).toBeGreaterThan(8);
    for (let at = 0; at < count; at++) {
      const bus = await broken(at, kind, commitWalk);
      expect([...arrived(bus).values()].sort(), `call ${at}`).toEqual(['1', '2', '3']);
      expect(await getTransaction(bus.tools, shop, id), `call ${at}`).toMatchObject({
        state: 'committed',
        publishedAt: expect.anything(),
      });
    }
  }, 120_000);

  it('publishes nothing of a transaction that was rolled back, whichever call it is', async () => {
    const count = await callsOf(rollbackWalk);
    expect(count).toBeGreaterThan(4);
    for (let at = 0; at < count; at++) {
      const bus = await broken(at, kind, rollbackWalk);
      expect([...arrived(bus).values()], `call ${at}`).toEqual([]);
      expect(await bus.rows(`transaction#shop.${id}`), `call ${at}`).toHaveLength(1);
    }
  }, 120_000);

  it('has a check find the commit all the same, whichever call it is', async () => {
    const count = await callsOf(checkWalk);
    expect(count).toBeGreaterThan(8);
    for (let at = 0; at < count; at++) {
      const bus = await broken(at, kind, checkWalk);
      expect([...arrived(bus).values()].sort(), `call ${at}`).toEqual(['1', '2', '3']);
    }
  }, 120_000);
});

it('a producer that dies in the middle of its begin leaves nothing open', async () => {
  const count = await callsOf(async (bus) => void (await begin(bus)));
  for (let at = 0; at < count; at++) {
    const bus = await runningBus();
    const fault = inject(bus, at, 'death');
    await begin(bus).catch(() => undefined);
    fault.heal();
    await bus.clock.advance(40 * minute);
    expect(arrived(bus).size, `call ${at}`).toBe(0);
    const { ready, inFlight, delayed } = await bus.count(bus.transactionQueue);
    expect(ready + inFlight + delayed, `call ${at}`).toBe(0);
  }
}, 60_000);
