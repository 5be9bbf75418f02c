import fc from 'fast-check';
import { expect, it } from 'vitest';
import { lookAfterHold } from '../../../lib/app/hold/look-after-hold.ts';
import { type HoldBus, hold, holdBus, minute, release, send, untilReleased, waited } from './hold-bus.ts';

/**
 * The law of holds: whatever is held, stopped and released in between, and through whichever instances of the publish
 * function an event comes, no event overtakes one of its key that was answered before it was published; none is lost.
 */

type Step =
  | { readonly kind: 'publish'; readonly key: number; readonly instance: number; readonly count: number }
  | { readonly kind: 'hold' }
  | { readonly kind: 'release'; readonly perSecond: string | undefined }
  | { readonly kind: 'pass'; readonly ms: number };

const steps = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('publish' as const),
        key: fc.nat(2),
        instance: fc.nat(2),
        count: fc.integer({ min: 1, max: 15 }),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('hold' as const) }) },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('release' as const),
        perSecond: fc.constantFrom(undefined, '7', '40'),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.constantFrom(3, 120, 600, 1500) }),
    },
  ),
  { minLength: 4, maxLength: 25 },
);

async function walk(list: readonly Step[]): Promise<{ bus: HoldBus; published: string[] }> {
  const bus = await holdBus();
  const instances = [bus.tools, bus.newTools(), bus.newTools()];
  const published: string[] = [];
  bus.run();
  for (const step of list) {
    // The answer takes its way to the producer, and the next event its way back.
    await bus.clock.advance(2);
    if (step.kind === 'pass') await bus.clock.advance(step.ms);
    if (step.kind === 'hold') await hold(bus);
    if (step.kind === 'release') {
      const query = step.perSecond === undefined ? {} : { perSecond: step.perSecond };
      // There may be nothing to release.
      await release(bus, query).catch((error: { code?: string }) => expect(error.code).toBe('unknown_hold'));
    }
    if (step.kind === 'publish') {
      const ids = Array.from(
        { length: step.count },
        () => `${step.key}-${published.length}-${step.instance}`,
      ).map((id, at) => `${id}-${at}`);
      const { events } = await send(bus, ids, { subject: `key-${step.key}` }, instances[step.instance]);
      expect(
        events.map(({ status }) => status).every((status) => status === 'accepted' || status === 'held'),
      ).toBe(true);
      published.push(...ids);
    }
  }
  if ((await bus.tools.holds.find('orders')) !== undefined) {
    await release(bus);
    await waited(bus, lookAfterHold(bus.newTools(), 'orders'));
    await untilReleased(bus, 5 * minute);
  }
  return { bus, published };
}

it('no event of a key overtakes another one, however its topic is held and released', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (list) => {
      const { bus, published } = await walk(list);
      for (const key of [0, 1, 2]) {
        const of = (ids: readonly string[]) => ids.filter((id) => id.startsWith(`${key}-`));
        expect(of(bus.routed)).toEqual(of(published));
      }
    }),
    { numRuns: 25, seed: 4, endOnFailure: true },
  );
}, 120_000);
