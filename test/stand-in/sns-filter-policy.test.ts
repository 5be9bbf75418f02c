import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  compileFilterPolicy,
  type FilterAttribute,
  FilterPolicyError,
  type FilterPolicyScope,
  filteredMessage,
} from '../../lib/stand-in/engines/sns/filter-policy/index.ts';

const matchesBody = (policy: unknown, body: unknown) =>
  compileFilterPolicy(JSON.stringify(policy), 'MessageBody').matches(
    filteredMessage(typeof body === 'string' ? body : JSON.stringify(body), {}),
  );
const matchesAttributes = (policy: unknown, attributes: Record<string, FilterAttribute>) =>
  compileFilterPolicy(JSON.stringify(policy), 'MessageAttributes').matches(filteredMessage('', attributes));

const string = (StringValue: string): FilterAttribute => ({ DataType: 'String', StringValue });
const number = (StringValue: string): FilterAttribute => ({ DataType: 'Number', StringValue });
const array = (...values: unknown[]): FilterAttribute => ({
  DataType: 'String.Array',
  StringValue: JSON.stringify(values),
});

/** A property of a policy, and attributes with the documentation's verdict on whether it matches. */
type Example = readonly [page: string, condition: unknown[], attribute: FilterAttribute, matches: boolean];
const interests = 'string-value-matching.html';
const prices = 'numeric-value-matching.html';

/** The examples of https://docs.aws.amazon.com/sns/latest/dg/, by page. */
const documented: readonly Example[] = [
  [interests, ['rugby', 'tennis'], string('rugby'), true],
  [interests, ['rugby', 'tennis'], string('tennis'), true],
  [interests, ['rugby', 'tennis'], array('rugby', 'tennis'), true],
  [interests, ['rugby', 'tennis'], string('baseball'), false],
  [interests, ['rugby', 'tennis'], array('baseball'), false],
  [interests, [{ 'anything-but': ['rugby', 'tennis'] }], string('baseball'), true],
  [interests, [{ 'anything-but': ['rugby', 'tennis'] }], string('football'), true],
  [interests, [{ 'anything-but': ['rugby', 'tennis'] }], array('rugby', 'baseball'), true],
  [interests, [{ 'anything-but': ['rugby', 'tennis'] }], string('rugby'), false],
  [interests, [{ 'anything-but': ['rugby', 'tennis'] }], array('rugby'), false],
  [interests, [{ 'anything-but': { prefix: 'order-' } }], string('data-entry'), true],
  [interests, [{ 'anything-but': { prefix: 'order-' } }], string('order_number'), true],
  [interests, [{ 'anything-but': { prefix: 'order-' } }], string('order-cancelled'), false],
  [interests, [{ 'anything-but': { wildcard: '*ball' } }], string('baseball'), false],
  [interests, [{ 'anything-but': { wildcard: '*ball' } }], string('tennis'), true],
  [interests, [{ 'equals-ignore-case': 'tennis' }], string('TENNIS'), true],
  [interests, [{ 'equals-ignore-case': 'tennis' }], string('Tennis'), true],
  [interests, [{ 'equals-ignore-case': 'tennis' }], string('golf'), false],
  [interests, [{ cidr: '10.0.0.0/24' }], string('10.0.0.0'), true],
  [interests, [{ cidr: '10.0.0.0/24' }], string('10.0.0.255'), true],
  [interests, [{ cidr: '10.0.0.0/24' }], string('10.1.1.0'), false],
  [interests, [{ prefix: 'bas' }], string('baseball'), true],
  [interests, [{ prefix: 'bas' }], string('basketball'), true],
  [interests, [{ prefix: 'bas' }], string('rugby'), false],
  [interests, [{ suffix: 'ball' }], string('baseball'), true],
  [interests, [{ suffix: 'ball' }], string('rugby'), false],
  [interests, [{ wildcard: '*ball' }], string('baseball'), true],
  [interests, [{ wildcard: 'b*ball' }], string('football'), false],
  [prices, [301.5], number('301.50'), true],
  [prices, [{ numeric: ['=', 301.5] }], number('301.5'), true],
  [prices, [{ numeric: ['=', 301.5] }], number('3.015e2'), true],
  [prices, [{ 'anything-but': [100, 500] }], number('101'), true],
  [prices, [{ 'anything-but': [100, 500] }], number('100.1'), true],
  [prices, [{ 'anything-but': [100, 500] }], number('100'), false],
  [prices, [{ 'anything-but': [100, 500] }], number('500.0'), false],
  [prices, [{ numeric: ['<', 0] }], number('-1'), true],
  [prices, [{ numeric: ['>', 0, '<=', 150] }], number('150'), true],
  [prices, [{ numeric: ['>', 0, '<=', 150] }], number('0'), false],
  [prices, [{ numeric: ['>', 0, '<=', 150] }], string('100'), false],
];

describe('the examples of the documentation', () => {
  test.each(documented)('%s: %j over %j: %j', (_, condition, attribute, expected) => {
    expect(matchesAttributes({ property: condition }, { property: attribute })).toBe(expected);
  });

  // https://docs.aws.amazon.com/sns/latest/dg/attribute-key-matching.html
  test('key matching: a property that exists, or is missing while another one exists', () => {
    const attributes = { customer_interests: array('baseball', 'basketball') };
    const both = { ...attributes, store: string('fans') };
    expect(matchesAttributes({ store: [{ exists: true }] }, both)).toBe(true);
    expect(matchesAttributes({ store: [{ exists: true }] }, attributes)).toBe(false);
    expect(matchesAttributes({ store: [{ exists: false }] }, both)).toBe(false);
    expect(matchesAttributes({ store: [{ exists: false }] }, attributes)).toBe(true);
    expect(matchesAttributes({ store: [{ exists: false }] }, {})).toBe(false);
  });

  test('key matching: "the key must have a non-null and non-empty value", and only leaves count', () => {
    for (const store of [null, '', [], { name: 'fans' }]) {
      expect(matchesBody({ store: [{ exists: true }] }, { store, other: 1 })).toBe(false);
    }
    expect(matchesBody({ store: [{ exists: true }] }, { store: false })).toBe(true);
    expect(matchesBody({ store: [{ exists: false }] }, { store: { name: 'fans' } })).toBe(true);
  });

  // https://docs.aws.amazon.com/sns/latest/dg/and-or-logic.html
  test('AND and OR logic: names are combined by AND, values and $or by OR', () => {
    const and = { customer_interests: ['rugby'], price_usd: [{ numeric: ['>', 100] }] };
    expect(matchesBody(and, { customer_interests: 'rugby', price_usd: 101 })).toBe(true);
    expect(matchesBody(and, { customer_interests: 'rugby', price_usd: 100 })).toBe(false);
    const or = {
      source: ['aws.cloudwatch'],
      $or: [{ metricName: ['CPUUtilization', 'ReadLatency'] }, { namespace: ['AWS/EC2', 'AWS/ES'] }],
    };
    expect(matchesBody(or, { source: 'aws.cloudwatch', metricName: 'ReadLatency' })).toBe(true);
    expect(matchesBody(or, { source: 'aws.cloudwatch', namespace: 'AWS/ES' })).toBe(true);
    expect(matchesBody(or, { source: 'aws.cloudwatch', namespace: 'ReadLatency' })).toBe(false);
    expect(matchesBody(or, { namespace: 'AWS/ES' })).toBe(false);
  });

  test('AND and OR logic: $or with a reserved name inside is an ordinary property', () => {
    const policy = { $or: [{ numeric: ['=', 123] }, { prefix: 'abc' }] };
    expect(matchesAttributes(policy, { $or: string('abcd') })).toBe(true);
    expect(matchesAttributes(policy, { $or: number('123') })).toBe(true);
    expect(matchesAttributes(policy, { other: string('abcd') })).toBe(false);
  });

  // https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html
  test('constraints: quotes and backslashes of attributes are matched by a double escape', () => {
    for (const [value, once, twice] of [
      ['say "hi"', 'say "hi"', 'say \\"hi\\"'],
      ['a\\b', 'a\\b', 'a\\\\b'],
    ] as const) {
      expect(matchesAttributes({ a: [once] }, { a: string(value) })).toBe(false);
      expect(matchesAttributes({ a: [twice] }, { a: string(value) })).toBe(true);
      expect(matchesBody({ a: [once] }, { a: value })).toBe(true);
    }
  });

  test('constraints: binary attributes are ignored', () => {
    const photo = { DataType: 'Binary', BinaryValue: 'AgME' };
    expect(matchesAttributes({ photo: [{ exists: true }] }, { photo, other: string('x') })).toBe(false);
    expect(matchesAttributes({ photo: [{ exists: false }] }, { photo })).toBe(false);
  });

  test('constraints: numbers have five decimal places, from -10^9 to 10^9', () => {
    expect(matchesBody({ a: [{ numeric: ['=', 0.12345] }] }, { a: 0.123451 })).toBe(true);
    expect(matchesBody({ a: [{ numeric: ['>', 0] }] }, { a: 1_000_000_000 })).toBe(true);
    expect(matchesBody({ a: [{ numeric: ['>', 0] }] }, { a: 1_000_000_001 })).toBe(false);
    expect(matchesBody({ a: [123_456_789_012] }, { a: 123_456_789_012 })).toBe(true);
    expect(() => matchesBody({ a: [{ numeric: ['=', 1e10] }] }, {})).toThrow('Value must be between');
  });
});

// https://aws.amazon.com/blogs/compute/introducing-payload-based-message-filtering-for-amazon-sns/
describe('a policy over the body', () => {
  const policy = {
    Records: { s3: { object: { key: [{ prefix: 'auto-' }] } }, eventName: [{ prefix: 'ObjectCreated:' }] },
  };
  const record = (eventName: string, key: string) => ({ eventName, s3: { object: { key } } });

  test('looks into nested properties and arrays of objects', () => {
    expect(matchesBody(policy, { Records: [record('ObjectCreated:Put', 'auto-1')] })).toBe(true);
    expect(matchesBody(policy, { Records: [record('ObjectCreated:Put', 'home-1')] })).toBe(false);
    expect(matchesBody(policy, { Records: [record('ObjectRemoved:Delete', 'auto-1')] })).toBe(false);
    const nested = { eventName: 'ObjectCreated:Put', s3: { object: [[{ key: 'auto-1' }]] } };
    expect(matchesBody(policy, { Records: [nested, record('ObjectRemoved:Delete', 'home-1')] })).toBe(true);
  });

  test('finds its values in one element of an array, not in two', () => {
    const apart = [record('ObjectCreated:Put', 'home-1'), record('ObjectRemoved:Delete', 'auto-1')];
    expect(matchesBody(policy, { Records: apart })).toBe(false);
  });

  test('searches independent arrays one by one', () => {
    const many = (item: object) => Array.from({ length: 500 }, () => item);
    const apart = { r: [...many({ a: 1 }), ...many({ b: 1 })], s: many({ c: 1 }), t: many({ d: 1 }) };
    const all = { r: { a: [1] }, s: { c: [1] }, t: { d: [1] } };
    expect(matchesBody({ ...all, 'r.b': [1] }, apart)).toBe(false);
    expect(matchesBody({ ...all, 'r.b': [1] }, { ...apart, r: [...apart.r, { a: 1, b: 1 }] })).toBe(true);
  });

  test('treats a dot in a name as a level, in the policy and in the body', () => {
    for (const body of [
      { a: { b: { c: 'x' } } },
      { 'a.b.c': 'x' },
      { 'a.b': { c: 'x' } },
      { a: { 'b.c': 'x' } },
    ]) {
      expect(matchesBody({ 'a.b.c': ['x'] }, body)).toBe(true);
      expect(matchesBody({ a: { b: { c: ['x'] } } }, body)).toBe(true);
    }
  });

  test.each(['', 'hello', '{"a":"x"', '"x"', '5', 'null', '[{"a":"x"}]'])(
    'never matches the body %j, which is not a JSON object',
    (body) => {
      expect(matchesBody({ a: ['x', { exists: false }] }, body)).toBe(false);
    },
  );

  test('never matches a body nested deeper than the parser of AWS allows, and survives it', () => {
    const nested = (depth: number) => `{"a":${'['.repeat(depth)}"x"${']'.repeat(depth)}}`;
    expect(matchesBody({ a: ['x'] }, nested(900))).toBe(true);
    expect(matchesBody({ a: ['x'] }, nested(100_000))).toBe(false);
  });
});

test('a malformed array attribute counts as absent', () => {
  const attributes = { list: { DataType: 'String.Array', StringValue: '["a"' }, other: string('x') };
  expect(matchesAttributes({ list: [{ exists: true }] }, attributes)).toBe(false);
  expect(matchesAttributes({ list: [{ exists: false }] }, attributes)).toBe(true);
});

describe('the limits of a policy', () => {
  const errorOf = (policy: unknown, scope: FilterPolicyScope = 'MessageBody') => {
    try {
      compileFilterPolicy(typeof policy === 'string' ? policy : JSON.stringify(policy), scope);
      return undefined;
    } catch (error) {
      if (error instanceof FilterPolicyError) return error.message;
      throw error;
    }
  };
  const values = (count: number) => Array.from({ length: count }, (_, index) => `v${index}`);
  const tooComplex = 'FilterPolicy: Filter policy is too complex';
  const keys = (count: number) => Object.fromEntries(values(count).map((name) => [name, ['x']]));

  test('five keys at the root; keys below them do not count', () => {
    expect(errorOf(keys(5))).toBeUndefined();
    expect(errorOf(keys(6))).toBe('FilterPolicy: Filter policy can not have more than 5 keys');
    expect(errorOf({ a: keys(6) })).toBeUndefined();
    expect(errorOf({ $or: [keys(3), { a: ['x'], b: ['x'], c: ['x'] }] })).toBe(
      'FilterPolicy: Filter policy can not have more than 5 keys',
    );
  });

  test('150 combinations, multiplied over the keys and the depth of each', () => {
    expect(errorOf({ a: values(150) })).toBeUndefined();
    expect(errorOf({ a: values(151) })).toBe(tooComplex);
    expect(errorOf({ a: values(100), b: values(51) })).toBe(tooComplex);
    // 4 values at depth 3 and 3 values at depth 2: 4 x 3 x 3 x 2 = 72, the example of the documentation.
    const nested = { key_a: { key_b: { key_c: values(4) } }, key_d: { key_e: values(3) } };
    expect(errorOf({ ...nested, key_f: values(2) })).toBeUndefined();
    expect(errorOf({ ...nested, key_f: values(3) })).toBe(tooComplex);
  });

  test('150 combinations, summed over the branches of $or', () => {
    const or = (source: number, spaceId: number) => ({
      source: values(source),
      $or: [
        { metricName: values(6) },
        { metricType: values(4), $or: [{ metricId: values(4) }, { spaceId: values(spaceId) }] },
      ],
    });
    // As AWS was recorded to answer: 3 x 6 + 3 x 4 x 4 + 3 x 4 x 7 = 150, and 4 x 6 + 4 x 4 x 4 + 4 x 4 x 4 = 152.
    expect(errorOf(or(3, 7), 'MessageAttributes')).toBeUndefined();
    expect(errorOf(or(4, 4), 'MessageAttributes')).toBe(tooComplex);
  });

  test('three wildcards in a pattern, and a hundred points in total', () => {
    expect(errorOf({ a: [{ wildcard: 'a*b*c*' }] })).toBeUndefined();
    expect(errorOf({ a: [{ wildcard: 'a*b*c*d*' }] })).toMatch(/^FilterPolicy: .*wildcards/);
    expect(errorOf({ a: [{ wildcard: '\\*\\*\\*\\**' }] })).toBeUndefined();
    expect(errorOf({ a: values(100).map((value) => ({ wildcard: `${value}*` })) })).toBeUndefined();
    expect(errorOf({ a: values(101).map((value) => ({ wildcard: `${value}*` })) })).toBe(tooComplex);
    expect(errorOf({ a: values(12).map((value) => ({ wildcard: `*${value}*x*` })) })).toBe(tooComplex);
    const ten = values(10).map((value) => ({ 'anything-but': { wildcard: `${value}*` } }));
    expect(errorOf({ a: ten, b: ten })).toBeUndefined();
    expect(errorOf({ a: ten, b: [...ten, { wildcard: 'x*' }] })).toBe(tooComplex);
  });

  test('256 KB of text', () => {
    expect(errorOf({ a: ['x'.repeat(262_144 - 10)] })).toBeUndefined();
    expect(errorOf({ a: ['x'.repeat(262_144 - 9)] })).toMatch(/^FilterPolicy: /);
  });

  test('no nesting over message attributes', () => {
    expect(errorOf({ a: { b: ['c'] } }, 'MessageAttributes')).toBe(
      'Filter policy scope MessageAttributes does not support nested filter policy',
    );
  });

  test('no nesting that could exhaust the engine', () => {
    expect(errorOf(`${'{"a":'.repeat(40_000)}["x"]${'}'.repeat(40_000)}`)).toMatch(/nested deeper/);
    const or = `${'{"$or":[{"b":["x"]},'.repeat(9_000)}{"a":["x"]}${']}'.repeat(9_000)}`;
    expect(errorOf(or)).toMatch(/nested deeper/);
  });
});

/**
 * Recorded from AWS: localstack/localstack, tests/aws/services/sns/test_sns_filter_policy.snapshot.json (the first
 * lines of the messages).
 */
test.each([
  [{ key: [['value']] }, 'Match value must be String, number, true, false, or null'],
  [{ key: [{ 'wrong-operator': true }] }, 'Unrecognized match type wrong-operator'],
  [{ key: [{ suffix: 'value', prefix: 'value2' }] }, 'Only one key allowed in match expression'],
  [{ key: [{ suffix: 100 }] }, 'suffix match pattern must be a string'],
  [{ key: [{ suffix: ['test', 'test2'] }] }, 'suffix match pattern must be a string'],
  [{ key: { suffix: 'value' } }, '"suffix" must be an object or an array'],
  [{ key: [{ numeric: [] }] }, 'Invalid member in numeric match: ]'],
  [{ key: [{ numeric: [1, '<='] }] }, 'Invalid member in numeric match: 1'],
  [{ key: [{ numeric: ['=', '000'] }] }, 'Value of equals must be numeric'],
  [{ key: [{ numeric: ['>', 20, 30] }] }, 'Bad value in numeric range: 30'],
  [{ key: [{ numeric: ['>', 20, 'test'] }] }, 'Bad numeric range operator: test'],
  [{ key: [{ numeric: ['>', 20, '<', 30, '<', 50] }] }, 'Too many terms in numeric range expression'],
  [{ key: [{ exists: null }] }, 'exists match pattern must be either true or false.'],
  [
    { key: [{ 'anything-but': { 'wrong-operator': null } }] },
    'Unsupported anything-but pattern: wrong-operator',
  ],
  [{ key: [{ 'anything-but': { exists: false } }] }, 'Unsupported anything-but pattern: exists'],
  [{ key: [{ 'anything-but': { prefix: false } }] }, 'prefix match pattern must be a string'],
])('AWS was recorded to reject %j with: %s', (policy, message) => {
  expect(() => matchesBody(policy, {})).toThrow(`FilterPolicy: ${message}`);
});

describe("the vectors of AWS's own rule library", () => {
  const vectors = readFileSync(join(import.meta.dirname, 'vectors/filter-policy.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { policy: unknown; body: unknown; expect: boolean | string });

  const answer = (policy: unknown, body: unknown): boolean | string => {
    try {
      return matchesBody(policy, body);
    } catch (error) {
      if (error instanceof FilterPolicyError) return error.message.replace(/^FilterPolicy: /, '');
      throw error;
    }
  };

  test('contain enough matches, misses and errors to be meaningful', () => {
    const count = (wanted: (expected: boolean | string) => boolean) =>
      vectors.filter((vector) => wanted(vector.expect)).length;
    expect(count((expected) => expected === true)).toBeGreaterThan(300);
    expect(count((expected) => expected === false)).toBeGreaterThan(300);
    expect(count((expected) => typeof expected === 'string')).toBeGreaterThan(40);
  });

  test('get the same answers', () => {
    const different = vectors.filter((vector) => answer(vector.policy, vector.body) !== vector.expect);
    expect(different).toEqual([]);
  });
});

describe('properties', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'B', '*', ' ', 'é', '😀'), maxLength: 6 });
  const leaf = fc.oneof(text, fc.integer({ min: -1000, max: 1000 }), fc.boolean());
  const literal = (pattern: string) => pattern.replaceAll(/[\\*]/g, '\\$&');

  test('anything-but is the complement of what it excludes, for a present property', () => {
    const excluded = fc.oneof(
      fc.array(text, { minLength: 1, maxLength: 4 }).map((list): [unknown, unknown[]] => [list, list]),
      fc
        .array(fc.integer({ min: -1000, max: 1000 }), { minLength: 1, maxLength: 4 })
        .map((list): [unknown, unknown[]] => [list, list]),
      ...(['prefix', 'suffix', 'equals-ignore-case', 'wildcard'] as const).map((operator) =>
        text
          .filter((operand) => operand !== '')
          .map((operand): [unknown, unknown[]] => {
            const pattern = { [operator]: operator === 'wildcard' ? `${literal(operand)}*` : operand };
            return [pattern, [pattern]];
          }),
      ),
    );
    fc.assert(
      fc.property(excluded, leaf, ([operand, condition], a) => {
        expect(matchesBody({ a: [{ 'anything-but': operand }] }, { a })).toBe(
          !matchesBody({ a: condition }, { a }),
        );
      }),
    );
  });

  const simple = fc.dictionary(
    fc.constantFrom('a', 'b', 'c'),
    fc.array(fc.oneof(leaf, fc.record({ prefix: text }), fc.record({ exists: fc.boolean() })), {
      minLength: 1,
      maxLength: 3,
    }),
    { minKeys: 1 },
  );
  const bodies = fc.dictionary(fc.constantFrom('a', 'b', 'c'), leaf);

  test('$or is the union of its alternatives', () => {
    fc.assert(
      fc.property(simple, simple, bodies, (left, right, body) => {
        expect(matchesBody({ $or: [left, right] }, body)).toBe(
          matchesBody(left, body) || matchesBody(right, body),
        );
      }),
    );
  });

  test('several keys are the intersection of policies of one key', () => {
    fc.assert(
      fc.property(simple, bodies, (policy, body) => {
        const each = Object.entries(policy).every(([name, values]) => matchesBody({ [name]: values }, body));
        expect(matchesBody(policy, body)).toBe(each);
      }),
    );
  });

  test('several values are the union of policies of one value', () => {
    fc.assert(
      fc.property(simple, bodies, (policy, body) => {
        const [name, values] = Object.entries(policy)[0] ?? ['a', []];
        expect(matchesBody({ [name]: values }, body)).toBe(
          values.some((value) => matchesBody({ [name]: [value] }, body)),
        );
      }),
    );
  });

  test('a wildcard pattern matches the same texts as the equivalent regular expression', () => {
    const pieces = fc.array(text, { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(pieces, text, (parts, value) => {
        // Two wildcards in a row are rejected, so no piece between two of them is empty.
        fc.pre(parts.every((part, index) => part !== '' || index === 0 || index === parts.length - 1));
        fc.pre(parts.length !== 2 || parts.some((part) => part !== '') || value !== '');
        const pattern = parts.map(literal).join('*');
        const expression = new RegExp(`^${parts.map((part) => part.replaceAll('*', '\\*')).join('[^]*')}$`);
        for (const a of [value, parts.join(value)]) {
          expect(matchesBody({ a: [{ wildcard: pattern }] }, { a })).toBe(expression.test(a));
        }
      }),
    );
  });

  test('a range matches exactly the numbers between its bounds', () => {
    const bound = fc.integer({ min: -50, max: 50 });
    fc.assert(
      fc.property(
        bound,
        bound,
        bound,
        fc.constantFrom('>', '>='),
        fc.constantFrom('<', '<='),
        (low, high, a, from, to) => {
          fc.pre(low < high);
          const inside = (from === '>' ? a > low : a >= low) && (to === '<' ? a < high : a <= high);
          expect(matchesBody({ a: [{ numeric: [from, low, to, high] }] }, { a })).toBe(inside);
        },
      ),
    );
  });
});

test('a message is matched against a hundred policies with a single parse of its body', () => {
  const policies = Array.from({ length: 100 }, (_, index) =>
    compileFilterPolicy(
      JSON.stringify({ kind: [`k${index}`], detail: { size: [{ numeric: ['>', index] }] } }),
      'MessageBody',
    ),
  );
  const message = filteredMessage(JSON.stringify({ kind: 'k7', detail: { size: 8 } }), {});
  expect(message.body()).toBe(message.body());
  expect(policies.flatMap((policy, index) => (policy.matches(message) ? [index] : []))).toEqual([7]);
});
