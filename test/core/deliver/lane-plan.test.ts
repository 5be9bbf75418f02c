import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type LanePlan,
  lanePlan,
  mappingConcurrency,
  offlinePosts,
  type Planned,
  retrySlots,
  totalPosts,
} from '../../../lib/core/deliver/lane-plan.ts';
import { aws } from '../../../lib/core/kernel/limits.ts';

const limits = (limits: NonNullable<Planned['limits']>): Planned => ({ limits });

const planned = fc.record(
  {
    concurrency: fc.integer({ min: 1, max: 10_000 }),
    perType: fc.integer({ min: 1, max: 10_000 }),
    perSecond: fc.double({ min: 0.1, max: 100_000, noNaN: true }),
  },
  { requiredKeys: [] },
);

/** How many posts all batches together may have under way: batches that take turns are one. */
const postsOf = (plan: LanePlan) => plan.batches * plan.postsPerBatch;
const postsOfType = (plan: LanePlan) => plan.batches * plan.postsPerType;

describe('the plan of a lane', () => {
  it.each([
    // A receiver without limits posts whole batches.
    [{}, { batches: 10, postsPerBatch: 10, postsPerType: 10, turn: undefined }],
    [{ concurrency: 10 }, { batches: 2, postsPerBatch: 5, postsPerType: 5, turn: undefined }],
    [{ concurrency: 3 }, { batches: 3, postsPerBatch: 1, postsPerType: 1, turn: undefined }],
    [
      { concurrency: 100, perType: 20 },
      { batches: 10, postsPerBatch: 10, postsPerType: 2, turn: undefined },
    ],
    // Ten batches would leave a type a third below its limit.
    [{ perType: 15 }, { batches: 14, postsPerBatch: 7, postsPerType: 1, turn: undefined }],
    // AWS runs at least two batches at once, so that these go one at a time.
    [{ concurrency: 1 }, { batches: 1, postsPerBatch: 1, postsPerType: 1, turn: 'any' }],
    [
      { concurrency: 8, perType: 1 },
      { batches: 1, postsPerBatch: 8, postsPerType: 1, turn: 'online' },
    ],
    // One post a second, each of which may take 15 s.
    [{ perSecond: 1 }, { batches: 3, postsPerBatch: 5, postsPerType: 5, turn: undefined }],
  ])('of %j', (given, plan) => {
    expect(lanePlan(limits(given), 'online', false)).toEqual(plan);
  });

  it('keeps all batches together within the concurrency, and each type within its own', () => {
    fc.assert(
      fc.property(planned, (given) => {
        const receiver = limits(given);
        const plan = lanePlan(receiver, 'online', false);
        expect(postsOf(plan)).toBeLessThanOrEqual(totalPosts(receiver));
        expect(postsOfType(plan)).toBeLessThanOrEqual(given.perType ?? totalPosts(receiver));
        expect(plan.postsPerType).toBeLessThanOrEqual(plan.postsPerBatch);
        expect(plan.postsPerBatch).toBeLessThanOrEqual(aws.sqs.batchEntriesMax);
        if (plan.turn === undefined) expect(mappingConcurrency(receiver, 'online')).toBe(plan.batches);
        else expect(plan.batches).toBe(1);
      }),
    );
  });

  it('loses less than a twentieth of the concurrency to whole posts a batch', () => {
    for (let concurrency = 1; concurrency <= 1000; concurrency++) {
      const plan = lanePlan(limits({ concurrency }), 'online', false);
      expect(postsOf(plan) / concurrency, String(concurrency)).toBeGreaterThan(0.95);
    }
  });

  it('while a type is hot, keeps both lanes together within the concurrency', () => {
    fc.assert(
      fc.property(planned, (given) => {
        const receiver = limits(given);
        const total = totalPosts(receiver);
        const online = lanePlan(receiver, 'online', true);
        const offline = lanePlan(receiver, 'offline', true);
        if (total === 1) {
          expect([online.turn, offline.turn]).toEqual(['any', 'any']);
          return;
        }
        expect(postsOf(online) + postsOf(offline)).toBeLessThanOrEqual(total);
        expect(postsOf(offline)).toBeLessThanOrEqual(given.perType ?? total);
        expect(online.turn).not.toBe('any');
        for (const [plan, lane] of [
          [online, 'online'],
          [offline, 'offline'],
        ] as const) {
          // Batches beyond the plan wait for their turn.
          if (plan.turn === undefined) {
            expect(mappingConcurrency(receiver, lane)).toBeLessThanOrEqual(plan.batches);
          } else expect(plan.turn).toBe(lane);
        }
      }),
    );
  });

  it('gives a hot type what one type may take, or half', () => {
    expect(offlinePosts(limits({ concurrency: 20 }))).toBe(10);
    expect(offlinePosts(limits({ concurrency: 20, perType: 4 }))).toBe(4);
    expect(offlinePosts(limits({ concurrency: 20, perType: 50 }))).toBe(19);
  });

  it('asks AWS for at least two batches and at most a thousand', () => {
    expect(mappingConcurrency(limits({ concurrency: 1 }), 'online')).toBe(2);
    expect(mappingConcurrency(limits({ concurrency: 10_000 }), 'online')).toBe(1000);
  });

  it('leaves retries half of the batches, and never none', () => {
    expect(retrySlots(lanePlan({}, 'online', false))).toBe(5);
    expect(retrySlots(lanePlan(limits({ concurrency: 1 }), 'online', false))).toBe(1);
  });
});
