import { describe, expect, it } from 'vitest';
import { lookAfterHold } from '../../../lib/app/hold/look-after-hold.ts';
import { type FaultKind, faultKinds, inject } from '../faults.ts';
import {
  type HoldBus,
  hold,
  holdBus,
  minute,
  range,
  release,
  second,
  send,
  state,
  statuses,
  untilReleased,
  waited,
} from './hold-bus.ts';

/**
 * A release is broken off at each of its AWS calls in turn, in each way. Then AWS is well again, and its schedule has
 * it go on.
 */

const count = 14;

async function heldBus(): Promise<HoldBus> {
  const bus = await holdBus();
  await hold(bus);
  await send(bus, range(1, count), { subject: 'order/1' });
  await bus.clock.advance(second);
  await release(bus);
  return bus;
}

async function callsOfRelease(): Promise<number> {
  const bus = await heldBus();
  const fault = inject(bus, -1, 'before');
  await waited(bus, lookAfterHold(bus.newTools(), 'orders'));
  expect(await state(bus)).toMatchObject({ state: 'released', released: count });
  return fault.calls.length;
}

/** What a receiver got, each delivery once, whatever came twice under the same id. */
const arrived = (bus: HoldBus) =>
  new Map(
    bus.requests.map(({ headers, body }) => [headers['webhook-id'], JSON.parse(String(body)).id as string]),
  );

async function breakOff(at: number, kind: FaultKind): Promise<void> {
  const bus = await heldBus();
  const fault = inject(bus, at, kind);
  // What it throws is a failed invocation, which its schedule makes up for.
  await waited(bus, lookAfterHold(bus.newTools(), 'orders')).catch(() => undefined);
  fault.heal();
  bus.intercept('sqs.SendMessageBatch', bus.record);
  bus.run();
  await untilReleased(bus, 5 * minute);
  await bus.clock.advance(3 * minute);
  const where = `broken off ${kind} the call ${at}: ${fault.calls[at]}`;
  expect([...arrived(bus).values()].sort(), where).toEqual(range(1, count).sort());
  expect(await bus.rows('held'), where).toEqual([]);
  expect(await statuses(send(bus, ['after'])), where).toBe('accepted');
}

describe('a release that breaks off', () => {
  it.each(faultKinds)(
    'loses nothing, sends nothing under another id, and goes on: %s a call',
    async (kind) => {
      const calls = await callsOfRelease();
      expect(calls).toBeGreaterThan(20);
      // Most calls are the sixteen reads of a round, which are alike.
      for (let at = 0; at < calls; at += at % 16 < 3 ? 1 : 13) await breakOff(at, kind);
    },
    120_000,
  );
});
