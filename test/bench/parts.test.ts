import { describe, expect, it } from 'vitest';
import { type Part, runParts } from '../../bench/parts.ts';

/** Runs the parts and records what the listener is told, in order. */
async function run(parts: readonly Part<unknown>[], rounds: number) {
  const log: string[] = [];
  const outcome = await runParts(parts, rounds, {
    started: (name, round) => log.push(`${name} started ${round}`),
    ended: (name, text) => log.push(`${name} ended: ${text}`),
    failed: (name, error) => log.push(`${name} failed: ${(error as Error).message}`),
  });
  return { log, ...outcome };
}

/** A part that finds 1, 2, 3 … in its rounds, and fails in one of them. */
function counting(name: string, everyRound: boolean, failsInRound?: number): Part<number> {
  let count = 0;
  return {
    name,
    everyRound,
    async measure() {
      count++;
      if (count === failsInRound) throw new Error('broken');
      return count;
    },
    report: (found) => found.join(' '),
  };
}

describe('the parts of a benchmark', () => {
  it('report as soon as each has ended', async () => {
    const { log } = await run([counting('loads', true), counting('limits', false)], 2);

    expect(log).toEqual([
      'loads started 1',
      'loads started 2',
      'loads ended: 1 2',
      'limits started 2',
      'limits ended: 1',
    ]);
  });

  it('take turns in every round', async () => {
    const { log, found } = await run([counting('a', true), counting('b', true)], 2);

    expect(log.filter((line) => line.includes('started'))).toEqual([
      'a started 1',
      'b started 1',
      'a started 2',
      'b started 2',
    ]);
    expect(Object.fromEntries(found)).toEqual({ a: [1, 2], b: [1, 2] });
  });

  it('fail alone', async () => {
    const { log, found, failures } = await run([counting('a', true, 2), counting('b', true)], 3);

    expect(log).toEqual([
      'a started 1',
      'b started 1',
      'a started 2',
      'a failed: broken',
      'b started 2',
      'b started 3',
      'b ended: 1 2 3',
    ]);
    expect([...found.keys()]).toEqual(['b']);
    expect([...failures.keys()]).toEqual(['a']);
  });

  it('fail alone when a result cannot be reported', async () => {
    const broken: Part<number> = {
      name: 'a',
      everyRound: false,
      measure: async () => 1,
      report: () => {
        throw new Error('no text');
      },
    };

    const { log } = await run([broken, counting('b', false)], 1);

    expect(log).toEqual(['a started 1', 'a failed: no text', 'b started 1', 'b ended: 1']);
  });
});
