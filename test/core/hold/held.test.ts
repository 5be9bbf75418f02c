import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type HeldPage,
  heldIdOf,
  inOrder,
  type Kept,
  type LastPlace,
  lanesOf,
  nextPlaces,
  placeOf,
  storedAtMs,
} from '../../../lib/core/hold/held.ts';
import { heldShards } from '../../../lib/core/hold/limits.ts';

const kept = (shard: number, sk: string, subject?: string): Kept => ({
  shard,
  sk,
  event: { id: sk, source: '/s', type: 't', subject, body: '{}' },
});
const place = (ms: number) => nextPlaces({ ms: 0, sequence: 0 }, ms, 1, 'a').sks[0] ?? '';

describe('the place of a held event', () => {
  it('follows the one before, within a millisecond and when the clock is set back', () => {
    let last: LastPlace = { ms: 0, sequence: 0 };
    const given: string[] = [];
    for (const nowMs of [1000, 1000, 900, 1001, 1001]) {
      const next = nextPlaces(last, nowMs, 3, 'tail');
      given.push(...next.sks);
      last = next.last;
    }
    expect(given).toHaveLength(15);
    expect(given).toEqual([...new Set(given)].sort());
    expect(given.map(storedAtMs)).toEqual([...Array(9).fill(1000), ...Array(6).fill(1001)]);
  });

  it('is part of its id, and no other text is accepted as an id', () => {
    const one = { shard: heldShards - 1, sk: place(1_767_225_600_000) };
    expect(placeOf(heldIdOf(one))).toEqual(one);
    for (const id of [
      '',
      'x',
      'g-1',
      'z-00001767225600000-0000000-a',
      heldIdOf(one).slice(2),
      `${heldIdOf(one)}/..`,
    ]) {
      expect(placeOf(id)).toBeUndefined();
    }
  });
});

describe('what is released next', () => {
  it('is the oldest of all partitions, as many as are asked for', () => {
    const pages: HeldPage[] = [
      { rows: [kept(0, place(1)), kept(0, place(4))], hasMore: false },
      { rows: [kept(1, place(2)), kept(1, place(3))], hasMore: false },
    ];
    const { rows, left } = inOrder(pages, 10, 3);
    expect(rows.map(({ sk }) => storedAtMs(sk))).toEqual([1, 2, 3]);
    expect(left).toBe(true);
    expect(inOrder(pages, 10, 4).left).toBe(false);
  });

  it('is nothing behind what was read of a partition that has more', () => {
    const pages: HeldPage[] = [
      { rows: [kept(0, place(1)), kept(0, place(2))], hasMore: true },
      { rows: [kept(1, place(3))], hasMore: false },
    ];
    const { rows, left } = inOrder(pages, 10, 10);
    expect(rows.map(({ sk }) => storedAtMs(sk))).toEqual([1, 2]);
    expect(left).toBe(true);
  });

  it('is nothing that was stored while it was read, which counts as left only when it is much', () => {
    const pages: HeldPage[] = [{ rows: [kept(0, place(5)), kept(0, place(10))], hasMore: false }];
    expect(inOrder(pages, 10, 10)).toEqual({ rows: [kept(0, place(5))], left: false });
    const many = Array.from({ length: 11 }, (_, at) => kept(0, place(20 + at)));
    expect(inOrder([{ rows: many, hasMore: false }], 10, 10)).toEqual({ rows: [], left: true });
  });

  it('keeps the order of everything, however it is spread and however much is read at a time', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(3), { maxLength: 60 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 12 }),
        (spread, limit, most) => {
          let rest = spread.map((shard, at) => kept(shard, place(at + 1)));
          const out: string[] = [];
          for (let round = 0; rest.length > 0; round++) {
            if (round > 100) throw new Error('It does not end.');
            const pages = [0, 1, 2, 3].map((shard) => {
              const all = rest.filter((row) => row.shard === shard);
              return { rows: all.slice(0, limit), hasMore: all.length >= limit };
            });
            const { rows } = inOrder(pages, 1000, most);
            out.push(...rows.map(({ sk }) => sk));
            rest = rest.filter((row) => !rows.includes(row));
          }
          expect(out).toEqual(spread.map((_, at) => place(at + 1)));
        },
      ),
    );
  });

  it('goes over lanes that keep the order of each subject', () => {
    const rows = Array.from({ length: 50 }, (_, at) =>
      kept(0, place(at), at % 7 === 0 ? undefined : `s${at % 7}`),
    );
    const lanes = lanesOf(rows, 4);
    expect(lanes.flat()).toHaveLength(50);
    for (const subject of new Set(rows.map(({ event }) => event.subject))) {
      const of = (list: readonly Kept[]) => list.filter(({ event }) => event.subject === subject);
      expect(lanes.filter((lane) => of(lane).length > 0)).toHaveLength(1);
      expect(of(lanes.flat())).toEqual(of(rows));
    }
  });
});
