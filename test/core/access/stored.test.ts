import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  delayedCell,
  endOfCell,
  exceededBy,
  holdCell,
  holdOfCell,
  isFar,
  isSmall,
  negative,
  openCell,
  plus,
  retrySeconds,
  totalOf,
} from '../../../lib/core/access/stored.ts';

const limits = { events: 2000, bytes: 1_000_000 };
const cell = (endSeconds: number, events: number, bytes = events * 100) => ({
  cell: `until#${String(endSeconds).padStart(12, '0')}#delayed`,
  events,
  bytes,
});

describe('the cell of a delayed event', () => {
  it('ends when the event is due at the earliest, and a sixteenth of its wait or a minute later at the latest', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 40), fc.nat(10 * 366 * 86_400_000), (atMs, waitMs) => {
        const endMs = (endOfCell(delayedCell(atMs + waitMs, atMs)) ?? 0) * 1000;
        expect(endMs).toBeGreaterThanOrEqual(atMs + waitMs);
        expect(endMs - (atMs + waitMs)).toBeLessThanOrEqual(Math.max(64_000, waitMs / 16));
      }),
    );
  });

  it('is one of some hundreds, however far ahead events are delayed', () => {
    const cells = new Set<string>();
    for (let seconds = 1; seconds < 10 * 366 * 86_400; seconds = Math.ceil(seconds * 1.001)) {
      cells.add(delayedCell(seconds * 1000, 0));
    }
    expect(cells.size).toBeLessThan(800);
  });

  it('sorts by its end', () => {
    expect([delayedCell(90_000_000, 0), delayedCell(5000, 0)].sort()[0]).toBe(delayedCell(5000, 0));
  });
});

describe('the total', () => {
  it('is what is in the cells that have not ended', () => {
    expect(totalOf([cell(10, 1), cell(20, 2), cell(30, 4)], 20_000)).toEqual({ events: 4, bytes: 400 });
  });

  it('counts a hold without an end, and a cell from which too much was taken as empty', () => {
    const hold = { cell: holdCell({ topic: 'orders', id: 'h' }), events: 0, bytes: 50 };
    expect(totalOf([hold, cell(30, -3), cell(40, 1)], 0)).toEqual({ events: 1, bytes: 150 });
  });

  it('of what was counted and taken back is nothing', () => {
    expect(plus(cell(1, 5), negative(cell(1, 5)))).toMatchObject({ events: 0, bytes: 0 });
  });
});

it.each<[number, number, string | undefined]>([
  [2000, 1_000_000, undefined],
  [2001, 0, 'delayedEvents'],
  [0, 1_000_001, 'storedBytes'],
])('%i events of %i bytes exceed %s', (events, bytes, quota) => {
  expect(exceededBy({ events, bytes }, limits)).toBe(quota);
});

it.each<[number, number, isSmall: boolean, isFar: boolean]>([
  [2, 1000, true, true],
  [3, 0, false, true],
  [-3, 0, false, true],
  [0, 1001, false, true],
  [1001, 0, false, false],
  [0, 500_001, false, false],
])('%i events of %i bytes are small and far', (events, bytes, small, far) => {
  expect([isSmall({ events, bytes }, limits), isFar({ events, bytes }, limits)]).toEqual([small, far]);
});

it('is tried again when the next cell ends, in a minute at most', () => {
  expect(retrySeconds([cell(5, 1), cell(40, 1), cell(90, 1)], 10_000)).toBe(30);
  expect(retrySeconds([cell(900, 1)], 10_000)).toBe(60);
  expect(retrySeconds([{ cell: holdCell({ topic: 'a', id: 'b' }), events: 0, bytes: 1 }], 0)).toBe(60);
});

it('names the hold of a cell, and the end of one of an open transaction', () => {
  expect(holdOfCell(holdCell({ topic: 'orders', id: 'h-1' }))).toEqual({ topic: 'orders', id: 'h-1' });
  expect(holdOfCell(openCell(0))).toBeUndefined();
  expect(endOfCell(openCell(1000))).toBe(16 * 86_400);
});
