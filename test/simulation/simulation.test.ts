import { expect, it, vi } from 'vitest';
import { outcomeOf } from './outcome.ts';
import { namedSeeds } from './seeds.ts';

// A run is whole days of a whole bus.
vi.setConfig({ testTimeout: 180_000 });

/** A few runs of each kind; `npm run simulate` does hundreds. */
const minutes = 0.2;

it.each(['1', '2'])('holds all that was promised, under seed %s', async (seed) => {
  const { problems, events, attempts } = await outcomeOf({ seed, minutes });
  expect(problems).toEqual([]);
  expect(events).toBeGreaterThan(10);
  expect(attempts).toBeGreaterThan(5);
});

it('does the same twice under one seed, and something else under another', async () => {
  const first = await outcomeOf({ seed: '7', minutes });
  const second = await outcomeOf({ seed: '7', minutes });
  const other = await outcomeOf({ seed: '8', minutes });
  expect(second.hash).toBe(first.hash);
  expect(other.hash).not.toBe(first.hash);
});

it.each(namedSeeds)('stays mended: $found', async ({ seed, minutes: long }) => {
  expect((await outcomeOf({ seed, minutes: long })).problems).toEqual([]);
});
