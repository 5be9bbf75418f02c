import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addNumbers,
  compareNumbers,
  normaliseNumber,
  sortableNumber,
  subtractNumbers,
} from '../../lib/stand-in/engines/dynamodb/number.ts';
import { SortedList } from '../../lib/stand-in/engines/dynamodb/sorted-list.ts';

describe('numbers', () => {
  const decimal = fc
    .tuple(fc.bigInt({ min: -(10n ** 19n), max: 10n ** 19n }), fc.integer({ min: -15, max: 15 }))
    .map(([coefficient, exponent]) => ({ coefficient, exponent, text: `${coefficient}e${exponent}` }));
  /** The value in units of 1e-15: an independent measure to check the arithmetic. */
  const units = ({ coefficient, exponent }: { coefficient: bigint; exponent: number }) =>
    coefficient * 10n ** BigInt(exponent + 15);

  it('keep their order as sortable texts and by comparison', () => {
    fc.assert(
      fc.property(decimal, decimal, (left, right) => {
        const expected = units(left) === units(right) ? 0 : units(left) < units(right) ? -1 : 1;
        const [one, other] = [normaliseNumber(left.text), normaliseNumber(right.text)];
        expect(Math.sign(compareNumbers(one, other))).toBe(expected);
        const [text, otherText] = [sortableNumber(one), sortableNumber(other)];
        expect(text === otherText ? 0 : text < otherText ? -1 : 1).toBe(expected);
      }),
    );
  });

  it('add and subtract exactly', () => {
    const narrow = decimal.filter(({ exponent }) => Math.abs(exponent) <= 7);
    fc.assert(
      fc.property(narrow, narrow, (left, right) => {
        const expected = (sum: bigint) => normaliseNumber(`${sum}e-15`);
        const [one, other] = [normaliseNumber(left.text), normaliseNumber(right.text)];
        expect(addNumbers(one, other)).toBe(expected(units(left) + units(right)));
        expect(subtractNumbers(one, other)).toBe(expected(units(left) - units(right)));
      }),
    );
  });
});

describe('a sorted list', () => {
  it('adds, finds and removes among 200,000 values with few comparisons', () => {
    let comparisons = 0;
    const list = new SortedList<number>((left, right) => {
      comparisons += 1;
      return left - right;
    });
    const count = 200_000;
    for (let index = 0; index < count; index++) list.add((index * 7919) % count);
    // A binary search over the blocks and one within a block: log2 of 200,000 is 17.6.
    expect(comparisons / count).toBeLessThan(20);
    comparisons = 0;
    for (let value = 0; value < 1000; value++) expect(list.remove(value)).toBe(true);
    expect(comparisons / 1000).toBeLessThan(21);
    expect(list.ascending((value) => value - 123_456).next().value).toBe(123_456);
    expect(list.descending((value) => value - 123_456).next().value).toBe(123_455);
  });

  it('behaves like a sorted array, whatever is added and removed', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ value: fc.integer({ min: 0, max: 2000 }), add: fc.boolean() }), {
          minLength: 1,
          maxLength: 3000,
          size: 'max',
        }),
        fc.integer({ min: 0, max: 2000 }),
        (changes, from) => {
          const list = new SortedList<number>((left, right) => left - right);
          const expected = new Set<number>();
          for (const { value, add } of changes) {
            if (add && !expected.has(value)) list.add(value);
            if (!add) expect(list.remove(value)).toBe(expected.has(value));
            expected[add ? 'add' : 'delete'](value);
          }
          const sorted = [...expected].sort((left, right) => left - right);
          expect([...list.ascending((value) => value - from)]).toEqual(
            sorted.filter((value) => value >= from),
          );
          expect([...list.descending((value) => value - from)]).toEqual(
            sorted.filter((value) => value < from).reverse(),
          );
          expect(list.isEmpty).toBe(sorted.length === 0);
        },
      ),
      { numRuns: 50 },
    );
  });
});
