import { describe, expect, it } from 'vitest';
import {
  fairGroup,
  isMixed,
  type SeenTypes,
  seenTypeSeconds,
  seeTypes,
} from '../../../lib/core/routing/fair.ts';

it('The group of a type is one that SQS takes', () => {
  expect(fairGroup('order.created')).toBe('order.created');
  for (const type of ['with space', 'ä', 'x'.repeat(129), 'type\u0000']) {
    expect(fairGroup(type)).toMatch(/^[A-Za-z0-9_-]{43}$/);
  }
  expect(fairGroup('a b')).not.toBe(fairGroup('a c'));
});

describe('a queue gets several types', () => {
  const hour = seenTypeSeconds;

  it.each<[string, readonly (readonly [seconds: number, types: string])[], boolean]>([
    ['not before anything was sent', [], false],
    ['not after nothing', [[0, '']], false],
    ['not with one type', [[0, 'a']], false],
    [
      'not with one type again and again',
      [
        [0, 'aaa'],
        [9, 'a'],
        [2 * hour, 'a'],
      ],
      false,
    ],
    [
      'from its first event of another type',
      [
        [0, 'a'],
        [1, 'b'],
      ],
      true,
    ],
    ['with two types in one request', [[0, 'ab']], true],
    [
      'with more than two types',
      [
        [0, 'a'],
        [1, 'b'],
        [2, 'c'],
      ],
      true,
    ],
    [
      'in a flood, while the other type came within an hour',
      [
        [0, 'b'],
        [1, 'aaaa'],
        [hour, 'a'],
      ],
      true,
    ],
    [
      'no longer, once the other type did not come for an hour',
      [
        [0, 'b'],
        [1, 'aaaa'],
        [hour + 1, 'a'],
      ],
      false,
    ],
    [
      'again, when it comes back',
      [
        [0, 'b'],
        [hour + 1, 'a'],
        [2 * hour, 'b'],
      ],
      true,
    ],
    [
      'by the latest time of the other type',
      [
        [0, 'b'],
        [9, 'a'],
        [10, 'b'],
        [11, 'a'],
        [hour + 10, 'a'],
      ],
      true,
    ],
    [
      'whichever of them came last',
      [
        [0, 'a'],
        [hour, 'a'],
        [hour + 1, 'b'],
        [2 * hour, 'b'],
      ],
      true,
    ],
  ])('%s', (_when, sent, mixed) => {
    let seen: SeenTypes | undefined;
    for (const [seconds, types] of sent) seen = seeTypes(seen, [...types], seconds * 1000);
    expect(isMixed(seen, (sent.at(-1)?.[0] ?? 0) * 1000)).toBe(mixed);
  });

  it('is told from two sightings, however many types there are', () => {
    let seen: SeenTypes | undefined;
    for (let type = 0; type < 10_000; type++) seen = seeTypes(seen, [`type-${type}`], type);
    expect(seen).toEqual({
      latest: { type: 'type-9999', atMs: 9999 },
      other: { type: 'type-9998', atMs: 9998 },
    });
  });
});
