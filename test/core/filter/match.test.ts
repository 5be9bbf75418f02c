import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkFilter, type Filter, filterScope } from '../../../lib/core/filter/filter.ts';
import { mismatchesOf, mismatchesOfBody } from '../../../lib/core/filter/match.ts';
import {
  compileFilterPolicy,
  filteredMessage,
} from '../../../lib/stand-in/engines/sns/filter-policy/index.ts';

import { numbers } from '../../corpus/numbers.ts';

const event = (data: unknown, more: object = {}) =>
  JSON.stringify({ specversion: '1.0', id: '1', source: '/shop', type: 'order.placed', data, ...more });
const messageOf = (body: string) => {
  const { type, source, subject } = JSON.parse(body);
  return { body, attributes: { type, source, ...(subject !== undefined && { subject }) } };
};

describe('why a filter refuses', () => {
  it.each<[string, object, unknown, object[]]>([
    ['takes what matches', { type: ['order.placed'] }, {}, []],
    [
      'names the attribute and its condition',
      { type: [{ prefix: 'invoice.' }] },
      {},
      [{ key: 'type', condition: [{ prefix: 'invoice.' }], because: 'different' }],
    ],
    [
      'names a key of data by its path',
      { data: { total: [{ numeric: ['>=', 100] }] } },
      { total: 5 },
      [{ key: 'data.total', condition: [{ numeric: ['>=', 100] }], because: 'different' }],
    ],
    [
      'says that the event has no such value',
      { subject: ['a'] },
      {},
      [{ key: 'subject', condition: ['a'], because: 'absent' }],
    ],
    [
      'says when the values lie in different elements of a list',
      { data: { lines: { kind: ['a'], size: [2] } } },
      {
        lines: [
          { kind: 'a', size: 1 },
          { kind: 'b', size: 2 },
        ],
      },
      [{ key: 'data.lines.size', condition: [2], because: 'apart' }],
    ],
    [
      'names the first key of each alternative',
      { $or: [{ type: ['x'] }, { data: { n: [1] } }] },
      { n: 2 },
      [
        { key: 'type', condition: ['x'], because: 'different' },
        { key: 'data.n', condition: [1], because: 'different' },
      ],
    ],
  ])('%s', (_, filter, data, expected) => {
    expect(mismatchesOf(checkFilter(filter), messageOf(event(data)))).toEqual(expected);
  });
});

describe('the decision', () => {
  const vectors = readFileSync(
    join(import.meta.dirname, '../../stand-in/vectors/filter-policy.jsonl'),
    'utf8',
  )
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { policy: Filter; body: unknown; expect: boolean | string })
    .filter((vector) => typeof vector.expect === 'boolean');

  it("is that of AWS's own rule library for every vector", () => {
    expect(vectors.length).toBeGreaterThan(600);
    const different = vectors.filter(({ policy, body, expect: wanted }) => {
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      return (mismatchesOfBody(policy, text).length === 0) !== wanted;
    });
    expect(different).toEqual([]);
  });

  const text = fc.oneof(
    fc.string({ unit: fc.constantFrom('a', 'b', 'B', '*', ' ', 'é', '"', '\\'), maxLength: 5 }),
    fc.constantFrom('10.0.0.1', '10.0.0.200', '::1', '0:0:0:0:0:0:0:1', '2001:db8::7', '010.0.0.1'),
  );
  const number = fc.oneof(
    fc.integer({ min: -3, max: 3 }),
    fc.double({ min: -2, max: 2, noNaN: true }),
    fc.constantFrom(1e9, 1e10, 0.000001, 1.000001),
  );
  const leaf = fc.oneof(text, number, fc.boolean(), fc.constant(null));
  const literal = (pattern: string) => pattern.replaceAll(/[\\*]/g, '\\$&');
  const pattern = fc.tuple(text, text).map(([one, other]) => `${literal(one)}*${literal(other)}`);
  const filled = text.filter((value) => value !== '');
  const value = fc.oneof(
    leaf,
    fc.record({ prefix: text }),
    fc.record({ suffix: text }),
    fc.record({ 'equals-ignore-case': text }),
    fc.record({ wildcard: pattern }),
    fc.record({ exists: fc.boolean() }),
    fc.record({ cidr: fc.constantFrom('10.0.0.0/25', '10.0.0.0/8', '2001:db8::/64', '::/1') }),
    fc.record({
      numeric: fc.oneof(
        fc.tuple(fc.constantFrom('=', '<', '<=', '>', '>='), fc.integer({ min: -3, max: 3 })),
        fc.tuple(
          fc.constantFrom('>', '>='),
          fc.integer({ min: -3, max: 0 }),
          fc.constantFrom('<', '<='),
          fc.integer({ min: 1, max: 3 }),
        ),
      ),
    }),
    fc.record({
      'anything-but': fc.oneof(
        text,
        fc.array(text, { minLength: 1, maxLength: 2 }),
        fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 1, maxLength: 2 }),
        fc.record({ prefix: fc.oneof(filled, fc.array(filled, { minLength: 1, maxLength: 2 })) }),
        fc.record({ wildcard: pattern }),
        fc.record({ 'equals-ignore-case': text }),
      ),
    }),
  );
  const values = fc.array(value, { minLength: 1, maxLength: 2 });
  const data = fc.dictionary(fc.constantFrom('a', 'b'), values, { minKeys: 1 });
  const flat = fc.dictionary(fc.constantFrom('type', 'source', 'subject'), values, {
    minKeys: 1,
    maxKeys: 2,
  });
  const filter = fc.oneof(
    flat,
    data.map((node) => ({ data: node })),
    fc.tuple(flat, data).map(([attributes, node]) => ({ ...attributes, data: { list: node } })),
    fc
      .array(
        fc.oneof(
          flat,
          data.map((node) => ({ data: node })),
        ),
        { minLength: 2, maxLength: 2 },
      )
      .map((alternatives) => ({ $or: alternatives })),
  );
  const part = fc.oneof(leaf, fc.array(leaf, { maxLength: 2 }));
  const record = fc.dictionary(fc.constantFrom('a', 'b'), part);
  const payload = fc.record(
    {
      a: part,
      b: part,
      list: fc.oneof(part, record, fc.array(fc.oneof(record, fc.array(record)), { maxLength: 3 })),
    },
    { requiredKeys: [] },
  );

  it('is that of the SNS engine, for filters and events at random', () => {
    let matched = 0;
    let checked = 0;
    fc.assert(
      fc.property(
        filter,
        text,
        fc.option(text, { nil: undefined }),
        payload,
        (policy, type, subject, content) => {
          let scope: ReturnType<typeof filterScope>;
          let compiled: ReturnType<typeof compileFilterPolicy>;
          try {
            scope = filterScope(checkFilter(policy));
            compiled = compileFilterPolicy(JSON.stringify(policy), scope);
          } catch {
            // A filter that SNS refuses is never kept.
            return;
          }
          const message = messageOf(event(content, { type, ...(subject !== undefined && { subject }) }));
          const attributes = Object.fromEntries(
            Object.entries(message.attributes).map(([name, StringValue]) => [
              name,
              { DataType: 'String', StringValue },
            ]),
          );
          const expected = compiled.matches(filteredMessage(message.body, attributes));
          checked++;
          if (expected) matched++;
          expect(mismatchesOf(policy as Filter, message).length === 0).toBe(expected);
        },
      ),
      { numRuns: 4000 },
    );
    // Both answers come often enough to mean something.
    expect(matched).toBeGreaterThan(300);
    expect(checked - matched).toBeGreaterThan(300);
  });
});

/** Compared pair by pair, or copied value by value, these take minutes: whoever publishes them chooses their size. */
describe('the time that an explanation takes', () => {
  const items = (count: number) => Array.from({ length: count }, (_, at) => ({ kind: `k${at}`, size: at }));

  it.each<[string, object, unknown, 'different' | 'apart' | undefined]>([
    [
      'a list of 200,000 values',
      { data: { n: [-1] } },
      { n: Array.from({ length: 200_000 }, (_, at) => at) },
      'different',
    ],
    [
      '20,000 records that match by both keys',
      { data: { lines: { kind: [{ prefix: 'k' }], size: [{ numeric: ['>=', 0] }] } } },
      { lines: items(20_000) },
      undefined,
    ],
    [
      '20,000 records that never match by both keys',
      { data: { lines: { kind: [{ 'anything-but': 'none' }], size: [7] } } },
      {
        lines: [
          ...items(10_000).map(({ kind }) => ({ kind })),
          ...items(10_000).map(({ size }) => ({ size })),
        ],
      },
      'apart',
    ],
    [
      'lists in lists',
      { data: { outer: { inner: { kind: [{ prefix: 'k' }], size: [{ numeric: ['>=', 0] }] } } } },
      { outer: Array.from({ length: 100 }, () => ({ inner: items(100) })) },
      undefined,
    ],
    [
      'lists that have nothing to do with each other',
      { data: { one: { kind: [{ prefix: 'k' }] }, other: { size: [{ numeric: ['>=', 0] }] } } },
      { one: items(5000), other: items(5000) },
      undefined,
    ],
    [
      '75 addresses for 20,000 others',
      { data: { ip: Array.from({ length: 75 }, (_, at) => `10.0.0.${at}`) } },
      { ip: Array.from({ length: 20_000 }, (_, at) => `192.168.${at % 256}.1`) },
      'different',
    ],
  ])('is bounded: %s', (_, filter, data, because) => {
    const mismatches = mismatchesOf(checkFilter(filter), messageOf(event(data)));
    expect(mismatches.map((mismatch) => mismatch.because)).toEqual(because === undefined ? [] : [because]);
  });
});

describe('numbers', () => {
  const filters = [0, 1, 0.1, 1e9, 1e21, 9007199254740992, 19.99, -1].flatMap((bound) => [
    [bound],
    [{ numeric: ['=', bound] }],
    [{ numeric: ['>', bound] }],
    [{ numeric: ['<=', bound] }],
    [{ 'anything-but': [bound] }],
  ]);

  it.each(numbers)('are compared as the engine of SNS compares them: %s', (number) => {
    for (const values of filters) {
      const filter = { data: { n: values } };
      let policy: ReturnType<typeof compileFilterPolicy>;
      try {
        policy = compileFilterPolicy(JSON.stringify(filter), 'MessageBody');
      } catch {
        // Bounds beyond what SNS compares.
        continue;
      }
      const body = event(0).replace('"data":0', `"data":{"n":${number}}`);
      expect(mismatchesOf(checkFilter(filter), messageOf(body)).length === 0, JSON.stringify(values)).toBe(
        policy.matches(filteredMessage(body, {})),
      );
    }
  });
});
