import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { createPacer } from '../../../lib/app/deliver/limits.ts';
import { sleep } from '../../../lib/core/kernel/sleep.ts';
import { testBus } from '../bus.ts';

vi.setConfig({ testTimeout: 120_000 });

const second = 1000;

/** One invocation: so many posts, so many of them at once, each of which takes a while. */
interface Invocation {
  readonly beginsAfterMs: number;
  readonly posts: number;
  readonly atOnce: number;
  readonly latencyMs: number;
}

const invocation: fc.Arbitrary<Invocation> = fc.record({
  beginsAfterMs: fc.integer({ min: 0, max: 20 * second }),
  posts: fc.integer({ min: 1, max: 10 }),
  atOnce: fc.integer({ min: 1, max: 10 }),
  // Slow posts let slots pass, which must not be made up for later.
  latencyMs: fc.integer({ min: 0, max: 6 * second }),
});

/** When the posts of all invocations began, each an instance of its own; and how many were put off. */
async function runAll(perSecond: number, invocations: readonly Invocation[]) {
  const bus = await testBus();
  const startedMs: number[] = [];
  let later = 0;
  const done = invocations.map(async ({ beginsAfterMs, posts, atOnce, latencyMs }) => {
    await sleep(bus.clock, beginsAfterMs);
    const tools = bus.newTools();
    const pacer = createPacer(tools, 'shop', perSecond, posts, bus.clock.now() + 35 * second);
    let left = posts;
    const worker = async () => {
      while (left > 0) {
        left--;
        const pace = await pacer.next();
        if (pace.kind === 'later') {
          later++;
          continue;
        }
        startedMs.push(bus.clock.now());
        await sleep(bus.clock, latencyMs);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
  });
  await bus.clock.advance(180 * second);
  await Promise.all(done);
  return { startedMs: startedMs.sort((left, right) => left - right), later };
}

describe('the pace of a receiver', () => {
  it('holds in any ten seconds, for any number of instances at any speed', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.double({ min: 0.1, max: 60, noNaN: true }),
        fc.array(invocation, { minLength: 1, maxLength: 25 }),
        async (perSecond, invocations) => {
          const { startedMs, later } = await runAll(perSecond, invocations);
          const posts = invocations.reduce((sum, { posts }) => sum + posts, 0);
          expect(startedMs.length + later).toBe(posts);
          const allowed = Math.ceil(perSecond * 10 * 1.05) + 1;
          for (const [index, fromMs] of startedMs.entries()) {
            const within = startedMs.slice(index).filter((atMs) => atMs < fromMs + 10 * second).length;
            expect(within).toBeLessThanOrEqual(allowed);
          }
        },
      ),
      { numRuns: 25 },
    );
  });

  it('is used up by those who are quick, in the order in which they come', async () => {
    const quick = { beginsAfterMs: 0, posts: 10, atOnce: 10, latencyMs: 5 };
    const { startedMs, later } = await runAll(
      20,
      Array.from({ length: 20 }, () => quick),
    );
    expect(later).toBe(0);
    // 200 posts at 20 a second, the first of them at once.
    expect((startedMs.at(-1) ?? 0) - (startedMs[0] ?? 0)).toBeLessThan(10.5 * second);
  });
});
