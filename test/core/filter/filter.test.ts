import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkFilter, type Filter, filterScope } from '../../../lib/core/filter/filter.ts';
import { checkComplexity } from '../../../lib/stand-in/engines/sns/filter-policy/complexity.ts';
import { parseFilterPolicy } from '../../../lib/stand-in/engines/sns/filter-policy/parse.ts';
import { pathsOf, refusalOf } from '../refusal.ts';

const values = (count: number) => Array.from({ length: count }, (_, at) => `v${at}`);

describe('a filter is taken', () => {
  it.each<[string, unknown]>([
    ['with exact values', { type: ['order.created', 'order.paid'] }],
    [
      'with every operator',
      {
        type: [{ prefix: 'order.' }, { suffix: '.paid' }, { 'equals-ignore-case': 'x' }, { wildcard: 'a*b' }],
        source: [{ 'anything-but': ['/test'] }, { exists: true }],
        data: { amount: [{ numeric: ['>', 10] }], ip: [{ cidr: '10.0.0.0/8' }] },
      },
    ],
    ['with asterisks that stand for themselves', { type: [{ wildcard: '\\*\\*\\*\\*a*' }] }],
    ['with values of every kind', { data: { a: ['x', 1, true, null] } }],
    ['with nested data', { data: { order: { items: { sku: ['a'] } } } }],
    ['with alternatives', { $or: [{ type: ['a'] }, { data: { b: [1] } }], source: ['/s'] }],
    ['with five keys', { a: ['1'], b: ['1'], c: ['1'], d: ['1'], e: ['1'] }],
    [
      'with many keys below data, which count once',
      {
        data: { a: [1], b: [1], c: [1], d: [1], e: [1], f: [1] },
      },
    ],
    ['with 150 combinations', { type: values(15), source: values(10) }],
    ['with alternatives whose combinations add up', { $or: [{ type: values(75) }, { source: values(75) }] }],
  ])('%s', (_, filter) => {
    expect(checkFilter(filter)).toBe(filter);
  });
});

describe('a filter is refused', () => {
  it.each<[string, unknown, path: string]>([
    ['that is no object', [], 'filter'],
    ['of more than 32 KB', { type: ['x'.repeat(33_000)] }, 'filter'],
    ['with a long wildcard', { type: [{ wildcard: `${'a'.repeat(256)}*` }] }, 'filter.type.0'],
    ['with a wildcard of many asterisks', { type: ['a', { wildcard: '*a*b*c*' }] }, 'filter.type.1'],
    [
      'with such a wildcard inside anything-but',
      { type: [{ 'anything-but': { wildcard: ['a*', '*a*b*c*'] } }] },
      'filter.type.0.anything-but',
    ],
    ['with a long list inside an operator', { type: [{ 'anything-but': values(151) }] }, 'filter.type.0'],
    [
      'with a long list of patterns inside anything-but',
      { type: [{ 'anything-but': { prefix: values(151) } }] },
      'filter.type.0.anything-but',
    ],
    ['that is null', null, 'filter'],
    ['that is empty', {}, 'filter'],
    ['with a bare value', { type: 'order.created' }, 'filter.type'],
    ['with null for a list', { type: null }, 'filter.type'],
    ['with an empty list', { type: [] }, 'filter.type'],
    ['with a list in a list', { type: [['a']] }, 'filter.type.0'],
    ['with an unknown operator', { type: ['a', { startsWith: 'x' }] }, 'filter.type.1'],
    ['with two operators in one object', { type: [{ prefix: 'a', suffix: 'b' }] }, 'filter.type.0'],
    ['with an empty operator', { type: [{}] }, 'filter.type.0'],
    ['with a nested attribute', { source: { host: ['a'] } }, 'filter.source'],
    ['with empty data', { data: {} }, 'filter.data'],
    ['with an empty object in data', { data: { a: {} } }, 'filter.data.a'],
    ['with one alternative', { $or: [{ type: ['a'] }] }, 'filter.$or'],
    ['with an alternative that is no filter', { $or: [{ type: ['a'] }, 'b'] }, 'filter.$or'],
    ['with an empty alternative', { $or: [{ type: ['a'] }, {}] }, 'filter.$or.1'],
    [
      'with a nested attribute in an alternative',
      { $or: [{ type: ['a'] }, { type: { x: ['a'] } }] },
      'filter.$or.1.type',
    ],
    ['with six keys', { a: ['1'], b: ['1'], c: ['1'], d: ['1'], e: ['1'], f: ['1'] }, 'filter'],
    [
      'with six keys over its alternatives',
      {
        $or: [
          { a: ['1'], b: ['1'], c: ['1'] },
          { d: ['1'], e: ['1'], f: ['1'] },
        ],
      },
      'filter',
    ],
    ['with 151 combinations', { type: values(151) }, 'filter'],
    ['with combinations that depth multiplies', { data: { a: values(76) } }, 'filter'],
  ])('%s, naming the path', (_, filter, path) => {
    const error = refusalOf(() => checkFilter(filter));
    expect(error.code).toBe('invalid_filter');
    expect(pathsOf(error)).toEqual([path]);
    expect(error.message).toContain(path);
  });
});

describe('where SNS shall look', () => {
  it.each<[ReturnType<typeof filterScope>, Filter]>([
    ['MessageAttributes', { type: ['a'] }],
    ['MessageAttributes', { type: ['a'], source: [{ prefix: '/' }], subject: [{ exists: false }] }],
    ['MessageAttributes', { $or: [{ type: ['a'] }, { subject: ['b'] }] }],
    ['MessageBody', { tenant: ['acme'] }],
    ['MessageBody', { type: ['a'], data: { b: [1] } }],
    ['MessageBody', { $or: [{ type: ['a'] }, { data: { b: [1] } }] }],
    ['MessageBody', { $or: [{ type: ['a'] }, { $or: [{ subject: ['b'] }, { tenant: ['c'] }] }] }],
    // Attributes would have to be escaped twice.
    ['MessageBody', { subject: ['a "quoted" one'] }],
    ['MessageBody', { subject: [{ prefix: 'C:\\' }] }],
  ])('is %s for %j', (scope, filter) => {
    expect(filterScope(filter)).toBe(scope);
  });
});

it('counts as SNS does, so that the engine takes what it takes and refuses what it refuses', () => {
  const leaves = fc.integer({ min: 1, max: 14 }).map(values);
  const data = fc.dictionary(fc.constantFrom('k1', 'k2', 'k3'), leaves, { minKeys: 1 });
  const clause = fc
    .record(
      { type: leaves, source: leaves, tenant: leaves, region: leaves, stage: leaves, kind: leaves, data },
      { requiredKeys: [] },
    )
    .filter((filter) => Object.keys(filter).length > 0);
  const filters = fc.oneof(
    clause,
    fc
      .tuple(clause, fc.array(clause, { minLength: 2, maxLength: 3 }))
      .map(([base, $or]) => ({ ...base, $or })),
  );
  const isTaken = (act: () => unknown) => {
    try {
      act();
      return true;
    } catch {
      return false;
    }
  };
  fc.assert(
    fc.property(filters, (filter) => {
      const bySns = isTaken(() => checkComplexity(parseFilterPolicy(JSON.stringify(filter)), 'MessageBody'));
      expect(isTaken(() => checkFilter(filter))).toBe(bySns);
    }),
    { numRuns: 300 },
  );
});
