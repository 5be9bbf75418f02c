import { describe, expect, it } from 'vitest';
import { BusbarError } from '../../lib/core/kernel/errors.ts';
import { createSchemaChecker } from '../../lib/runtime/schema.ts';

const order = {
  type: 'object',
  required: ['orderId'],
  properties: {
    orderId: { type: 'string' },
    amount: { type: 'number', minimum: 0 },
    at: { type: 'string', format: 'date-time' },
    items: { type: 'array', items: { type: 'object', properties: { sku: { type: 'string' } } } },
  },
  additionalProperties: false,
};

describe('data', () => {
  it.each<[unknown, unknown]>([
    [order, { orderId: 'o-1', amount: 0, at: '2026-01-31T12:00:00Z', items: [{ sku: 'a' }] }],
    [true, null],
    [{}, 'anything'],
    [{ $schema: 'https://json-schema.org/draft/2020-12/schema', type: 'null' }, null],
    [{ $defs: { id: { type: 'integer' } }, $ref: '#/$defs/id' }, 7],
    [{ prefixItems: [{ const: 'a' }], items: false }, ['a']],
  ])('conforms to %j: %j', (schema, data) => {
    expect(createSchemaChecker().errorsOf(schema, data)).toEqual([]);
  });

  it.each<[unknown, unknown, path: string, detail: RegExp]>([
    [order, {}, 'data', /required property 'orderId'/],
    [order, { orderId: 7 }, 'data.orderId', /must be string/],
    [order, { orderId: 'o', amount: -1 }, 'data.amount', />= 0/],
    [order, { orderId: 'o', at: 'now' }, 'data.at', /date-time/],
    [order, { orderId: 'o', items: [{}, { sku: 1 }] }, 'data.items.1.sku', /must be string/],
    [order, { orderId: 'o', color: 'red' }, 'data', /additional properties \(color\)/],
    [order, null, 'data', /must be object/],
    [false, {}, 'data', /false/],
  ])('does not conform to %j: %j', (schema, data, path, detail) => {
    expect(createSchemaChecker().errorsOf(schema, data)).toEqual([
      { path, detail: expect.stringMatching(detail) },
    ]);
  });

  it('has all its mistakes told, up to ten', () => {
    const data = {
      orderId: 1,
      amount: 'x',
      ...Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`f${at}`, 1])),
    };
    expect(createSchemaChecker().errorsOf(order, data)).toHaveLength(10);
    expect(createSchemaChecker().errorsOf(order, { orderId: 1, amount: 'x' })).toHaveLength(2);
  });
});

describe('a schema', () => {
  it.each<[string, unknown]>([
    ['of an unknown type', { type: 'strin' }],
    ['with a keyword that is misspelt', { type: 'object', requird: ['a'] }],
    ['with a format that nobody knows', { type: 'string', format: 'order-id' }],
    ['with a pattern that is no expression', { type: 'string', pattern: '(' }],
    ['that leads elsewhere', { $ref: 'https://example.com/other.json' }],
    ['that leads nowhere', { $ref: '#/$defs/none' }],
    ['of another draft', { $schema: 'http://json-schema.org/draft-07/schema#' }],
    ['that would answer by a promise', { $async: true, type: 'object' }],
  ])('%s is refused, with the cause', (_, schema) => {
    try {
      createSchemaChecker().check(schema);
    } catch (error) {
      expect(error).toBeInstanceOf(BusbarError);
      expect(error).toMatchObject({ code: 'invalid_schema', fields: [{ path: 'schema' }] });
      return;
    }
    throw new Error('It was taken.');
  });

  it('may carry the $id of another', () => {
    const checker = createSchemaChecker();
    checker.check({ $id: 'https://example.com/s', type: 'object' });
    checker.check({ $id: 'https://example.com/s', type: 'array' });
    expect(checker.errorsOf({ $id: 'https://example.com/s', type: 'array' }, {})).toHaveLength(1);
  });
});

describe('a reference', () => {
  const names = {
    'a/b': { type: 'string' },
    'a~1b': { type: 'string' },
    'c~d': { type: 'string' },
    'e%f': { type: 'string' },
    'g h': { type: 'string' },
    é: { type: 'string' },
    '': { type: 'string' },
    constructor: { type: 'string' },
  };

  it.each<[string, unknown]>([
    ['true', { $ref: '#/$defs/any', $defs: { any: true } }],
    ['true through another', { $ref: '#/$defs/a', $defs: { a: { $ref: '#/$defs/b' }, b: true } }],
    [
      'what depends on a property',
      { properties: { a: { $ref: '#/dependentSchemas/b' } }, dependentSchemas: { b: true } },
    ],
    ['an item by its position', { prefixItems: [false, true], $ref: '#/prefixItems/1' }],
    ['a condition', { if: true, else: {}, $ref: '#/if' }],
    ['the names of properties', { propertyNames: true, $ref: '#/propertyNames' }],
    ['a definition of an earlier draft', { definitions: { a: true }, $ref: '#/definitions/a' }],
    ['a keyword that is percent-encoded', { $ref: '#/%24defs/a', $defs: { a: true } }],
    [
      'a part by the $id',
      { $id: 'https://example.com/s', $ref: 'https://example.com/s#/$defs/a', $defs: { a: true } },
    ],
    ['true dynamically', { $dynamicRef: '#/$defs/a', $defs: { a: true } }],
    ['the anchor of the root', { $anchor: 'me', properties: { a: { $ref: '#me' } } }],
    ['the root dynamically', { $dynamicAnchor: 'me', properties: { a: { $dynamicRef: '#me' } } }],
  ])('leads to %s', (_, schema) => {
    const checker = createSchemaChecker();
    checker.check(schema);
    expect(checker.errorsOf(schema, { a: {} })).toEqual([]);
  });

  it.each<[string, unknown]>([
    ['false', { $ref: '#/$defs/none', $defs: { none: false } }],
    ['false through another', { $ref: '#/$defs/a', $defs: { a: { $ref: '#/$defs/b' }, b: false } }],
    ['false below not', { not: false, $ref: '#/not' }],
    ['an anchor', { $ref: '#text', $defs: { a: { $anchor: 'text', type: 'string' } } }],
    ['an anchor dynamically', { $dynamicRef: '#text', $defs: { a: { $anchor: 'text', type: 'string' } } }],
    ['a dynamic anchor', { $dynamicRef: '#text', $defs: { a: { $dynamicAnchor: 'text', type: 'string' } } }],
    [
      'two parts at once',
      {
        $ref: '#/$defs/a',
        $dynamicRef: '#/$defs/b',
        allOf: [true],
        $defs: { a: true, b: { required: ['b'] } },
      },
    ],
    ...[
      ['a~1b', 'a~01b', 'c~0d', 'e%25f', 'e%f', 'g%20h', 'g h', 'é', '%C3%A9', '', 'constructor'].map(
        (name): [string, unknown] => [`the name ${name}`, { $ref: `#/$defs/${name}`, $defs: names }],
      ),
    ].flat(),
  ])('leads to %s, to which an object does not conform', (_, schema) => {
    const checker = createSchemaChecker();
    checker.check(schema);
    expect(checker.errorsOf(schema, { a: {} })).toHaveLength(1);
  });

  it.each<[string, unknown, RegExp]>([
    [
      'below true',
      { $ref: '#/$defs/a/x', $defs: { a: true } },
      /refers to "#\/\$defs\/a\/x" at #, which is no subschema/,
    ],
    ['to true as a value', { default: true, $ref: '#/default' }, /no subschema/],
    ['by two levels that are one name', { $ref: '#/$defs/a%2fb', $defs: { 'a/b': true } }, /no subschema/],
    ['to what objects inherit', { $ref: '#/$defs/toString', $defs: { a: true } }, /no subschema/],
    [
      'to an anchor that is there twice',
      { $ref: '#x', $defs: { a: { $anchor: 'x' }, b: { $anchor: 'x' } } },
      /the anchor "x" at #\/\$defs\/a and at #\/\$defs\/b/,
    ],
    [
      'relative to the $id',
      { $id: 'https://example.com/s', $ref: 's#/$defs/a', $defs: { a: true } },
      /no subschema/,
    ],
    ['that is a number', { $ref: 7, $dynamicRef: '#' }, /a \$ref at # that is no text/],
  ])('%s is refused', (_, schema, detail) => {
    expect(() => createSchemaChecker().check(schema)).toThrow(detail);
  });
});

describe('numbers', () => {
  it.each<[string, unknown, string, isValid: boolean]>([
    ['hundredths', { multipleOf: 0.01 }, '19.99', true],
    ['hundredths and a thousandth', { multipleOf: 0.01 }, '19.999', false],
    ['thirds of what they are', { multipleOf: 0.3 }, '0.9', true],
    ['a multiple with an exponent', { multipleOf: 1e-7 }, '1e-6', true],
    ['zero', { multipleOf: 7 }, '0', true],
    ['a negative multiple', { multipleOf: 0.1 }, '-0.7', true],
    ['a big multiple', { multipleOf: 10 }, '12345678901234567890', true],
    ['a big number that is none', { multipleOf: 10 }, '12345678901234567891', false],
    ['a multiple beyond doubles', { multipleOf: 7 }, '7e400', true],
    ['a number beyond doubles that is none', { multipleOf: 7 }, '1e400', false],
    ['a huge exponent', { multipleOf: 3 }, '1e999999999', false],
    ['just below a maximum', { maximum: 9007199254740992 }, '9007199254740992', true],
    ['just above a maximum', { maximum: 9007199254740992 }, '9007199254740993', false],
    ['just below a minimum', { minimum: -9007199254740992 }, '-9007199254740993', false],
    ['at an exclusive maximum', { exclusiveMaximum: 1 }, '1.0', false],
    ['just below an exclusive maximum', { exclusiveMaximum: 1 }, '0.99999999999999999999', true],
    ['just above an exclusive minimum', { exclusiveMinimum: 1 }, '1.00000000000000000001', true],
    ['beyond doubles', { maximum: 1e308 }, '1e400', false],
    ['below doubles', { maximum: 0 }, '1e-400', false],
    ['big integers', { type: 'integer', minimum: 0 }, '12345678901234567890', true],
    ['an integer beyond doubles', { type: 'integer' }, '1e400', true],
    ['almost an integer', { type: 'integer' }, '1.00000000000000000001', false],
    ['an integer with a point', { type: 'integer' }, '1.0', true],
    ['almost a constant', { const: 9007199254740992 }, '9007199254740993', false],
    ['a constant', { const: { a: [9007199254740992] } }, '{"a":[9007199254740992]}', true],
    ['almost a constant inside', { const: { a: [9007199254740992] } }, '{"a":[9007199254740993]}', false],
    ['almost a listed value', { enum: [1, 9007199254740992] }, '9007199254740993', false],
    [
      'items that a double would make equal',
      { uniqueItems: true },
      '[9007199254740992,9007199254740993]',
      true,
    ],
    ['items that are equal', { uniqueItems: true }, '[{"a":9007199254740993},{"a":9007199254740993}]', false],
    [
      'below names with slashes',
      { properties: { 'a/b~': { maximum: 9007199254740992 } } },
      '{"a/b~":9007199254740993}',
      false,
    ],
    ['in a list', { items: { maximum: 9007199254740992 } }, '[1,9007199254740993]', false],
    ['under any name', { additionalProperties: { multipleOf: 10 } }, '{"x/y":12345678901234567891}', false],
  ])('are compared as they are written: %s', (_, schema, text, isValid) => {
    const checker = createSchemaChecker();
    expect(checker.errorsOf(schema, JSON.parse(text), text).length === 0).toBe(isValid);
    // The numbers of one check are forgotten in the next.
    expect(checker.errorsOf(true, 1)).toEqual([]);
  });
});

/** Nested or referenced without bound, each would take seconds to minutes in a function that all tenants share. */
describe('a schema that a hostile tenant writes', () => {
  const doubling = (levels: number) => ({
    $ref: '#/$defs/d0',
    $defs: Object.fromEntries(
      Array.from({ length: levels }, (_, level) => [
        `d${level}`,
        level === levels - 1
          ? { type: 'object' }
          : { allOf: [{ $ref: `#/$defs/d${level + 1}` }, { $ref: `#/$defs/d${level + 1}` }] },
      ]),
    ),
  });
  const nested = (levels: number): object => (levels === 0 ? {} : { properties: { a: nested(levels - 1) } });

  it.each<[string, unknown, RegExp]>([
    ['doubles its references', doubling(25), /more than 1000 subschemas look at one value/],
    ['refers to itself', { $ref: '#' }, /refers to itself at #/],
    [
      'refers to itself in a circle',
      {
        $ref: '#/$defs/a',
        $defs: { a: { anyOf: [{ $ref: '#/$defs/b' }] }, b: { not: { $ref: '#/$defs/a' } } },
      },
      /refers to itself/,
    ],
    ['refers to itself by an anchor', { $anchor: 'me', allOf: [{ $ref: '#me' }] }, /refers to itself/],
    [
      'refers to itself by $dynamicRef',
      { $dynamicAnchor: 'me', if: { $dynamicRef: '#me' } },
      /refers to itself/,
    ],
    ['refers to itself by $recursiveRef', { $recursiveRef: '#' }, /refers to itself/],
    ['refers to itself by dependencies', { dependencies: { a: { $ref: '#' } } }, /refers to itself/],
    [
      'hides a schema where none is looked for',
      { const: { $ref: '#/const' }, $ref: '#/const' },
      /no subschema/,
    ],
    ['has an $id inside', { $defs: { a: { $id: 'https://example.com/a' } } }, /\$id at #\/\$defs\/a/],
    ['nests deeply', nested(70), /deeper than 64 levels/],
    [
      'is long',
      { allOf: Array.from({ length: 1001 }, () => ({ type: 'object' })) },
      /more than 1000 subschemas/,
    ],
    [
      'has a backreference',
      { pattern: '^(a)\\1$' },
      /a backreference, which cannot be matched in linear time/,
    ],
    ['has a named backreference', { pattern: '(?<n>a)\\k<n>' }, /a backreference/],
    ['has a lookahead', { patternProperties: { '(?=a)': true } }, /a lookahead or lookbehind/],
    ['has a lookbehind', { propertyNames: { pattern: '(?<!a)b' } }, /a lookahead or lookbehind/],
    ['repeats repetitions', { pattern: '((a{500}){500})' }, /not supported|too large/],
    ['names __proto__', JSON.parse('{"properties":{"__proto__":{"type":"string"}}}'), /__proto__/],
    ['writes the keyword of the bus', { 'x-busbar-steps': { steps: -1e9 } }, /unknown keyword/],
  ])('is refused when it %s', (_, schema, detail) => {
    expect(() => createSchemaChecker().check(schema)).toThrow(detail);
  });

  it.each<[string, unknown, unknown, isValid: boolean]>([
    ['a pattern that backtracks', { pattern: '^(a+)+$' }, `${'a'.repeat(100_000)}b`, false],
    [
      'two patterns, each for itself',
      { properties: { a: { pattern: '^a$' }, b: { pattern: '^b$' } } },
      { a: 'a', b: 'a' },
      false,
    ],
    [
      'a name that backtracks',
      { patternProperties: { '^(a+)+$': { type: 'string' } } },
      { [`${'a'.repeat(50_000)}b`]: 1 },
      true,
    ],
    [
      '60,000 different items',
      { uniqueItems: true },
      Array.from({ length: 60_000 }, (_, at) => ({ at })),
      true,
    ],
    [
      '60,000 items and a twin',
      { uniqueItems: true },
      [...Array.from({ length: 60_000 }, (_, at) => at), 7],
      false,
    ],
    [
      'twins in another order',
      { uniqueItems: true },
      [
        { a: 1, b: [2] },
        { b: [2], a: 1 },
      ],
      false,
    ],
    [
      'a long list of values',
      { items: { enum: Array.from({ length: 9000 }, (_, at) => `v${at}`) } },
      Array(20_000).fill('v8999'),
      true,
    ],
    ['a value that is an object', { enum: [{ a: 1 }, 'b'] }, { a: 1 }, true],
    ['a value that is not listed', { enum: ['1', 2] }, 1, false],
    [
      'a tree that refers to itself',
      { type: 'object', properties: { next: { $ref: '#' } } },
      { next: { next: {} } },
      true,
    ],
    ['a name that objects inherit', { required: ['constructor'] }, {}, false],
    ['a property that objects inherit', { properties: { constructor: { type: 'string' } } }, {}, true],
  ])('is answered: %s', (_, schema, data, isValid) => {
    const errors = createSchemaChecker().errorsOf(schema, data);
    expect(errors.length === 0).toBe(isValid);
    expect(JSON.stringify(errors)).not.toContain('too many steps');
  });

  it.each<[string, unknown, unknown]>([
    [
      'tries two ways at each level',
      { anyOf: [{ properties: { c: { $ref: '#' } } }, { properties: { c: { $ref: '#' } } }] },
      JSON.parse(`${'{"c":'.repeat(30)}1${'}'.repeat(30)}`),
    ],
    [
      'puts together what a hundred subschemas evaluated',
      {
        unevaluatedProperties: false,
        anyOf: Array.from({ length: 100 }, (_, at) => ({ properties: { [`k${at}`]: true } })),
      },
      Object.fromEntries(Array.from({ length: 20_000 }, (_, at) => [`k${at}`, 1])),
    ],
  ])('ends when it %s, and the data does not conform', (_, schema, data) => {
    const checker = createSchemaChecker();
    expect(checker.errorsOf(schema, data)).toEqual([
      { path: 'data', detail: expect.stringContaining('takes too many steps') },
    ]);
    // What one check has spent is not missing in the next.
    expect(checker.errorsOf(schema, {})).toEqual([]);
  });
});
