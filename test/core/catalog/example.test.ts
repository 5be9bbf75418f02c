import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exampleOf } from '../../../lib/core/catalog/example.ts';
import { createSchemaChecker } from '../../../lib/runtime/schema.ts';

const checker = createSchemaChecker();
const order = {
  type: 'object',
  required: ['id', 'total', 'lines'],
  properties: {
    id: { type: 'string', format: 'uuid' },
    total: { type: 'number', exclusiveMinimum: 0, multipleOf: 0.01 },
    currency: { enum: ['EUR', 'USD'] },
    placedAt: { type: 'string', format: 'date-time' },
    lines: { type: 'array', minItems: 2, items: { $ref: '#/$defs/line' } },
    note: { type: ['null', 'string'], minLength: 12 },
  },
  $defs: {
    line: {
      allOf: [{ $ref: '#/$defs/sku' }, { properties: { quantity: { type: 'integer', minimum: 3 } } }],
      required: ['sku', 'quantity'],
    },
    sku: { type: 'object', properties: { sku: { const: 'A-1' } } },
  },
};

describe('an example of a schema', () => {
  it('is what an event may look like', () => {
    expect(exampleOf(order)?.data).toEqual({
      id: '0190a5e2-7b1c-7000-8000-000000000001',
      total: 1,
      currency: 'EUR',
      placedAt: '2026-01-31T12:00:00.000Z',
      lines: [
        { sku: 'A-1', quantity: 3 },
        { sku: 'A-1', quantity: 3 },
      ],
      note: 'examplexxxxx',
    });
  });

  it.each([
    ['an order', order],
    ['anything', true],
    ['a constant', { const: { a: [1] } }],
    ['its own example', { type: 'string', pattern: '^x[0-9]$', examples: ['x1'] }],
    ['a default', { type: 'integer', default: 7 }],
    ['the first of several', { oneOf: [{ type: 'integer', minimum: 5 }, { type: 'string' }] }],
    ['a tuple', { type: 'array', prefixItems: [{ type: 'string' }, { type: 'boolean' }], minItems: 2 }],
    [
      'a tree',
      {
        $ref: '#/$defs/node',
        $defs: { node: { type: 'object', properties: { next: { $ref: '#/$defs/node' } } } },
      },
    ],
    [
      'names like those of every object',
      {
        type: 'object',
        required: ['constructor', 'toString'],
        properties: { constructor: { type: 'integer' } },
      },
    ],
    [
      'an escaped name',
      { properties: { 'a/b~c': { $ref: '#/properties/d' }, d: { type: 'integer', maximum: -3 } } },
    ],
    ['a short text', { type: 'string', maxLength: 2 }],
    ['a number between', { type: 'number', exclusiveMinimum: 2, exclusiveMaximum: 3 }],
  ])('conforms to it: %s', (_, schema) => {
    const example = exampleOf(schema);
    expect(example).toBeDefined();
    expect(checker.errorsOf(schema, example?.data)).toEqual([]);
  });

  it('is not made where it would grow without end', () => {
    const doubling = Object.fromEntries(
      Array.from({ length: 20 }, (_, n) => [
        `n${n}`,
        {
          type: 'object',
          required: ['a', 'b'],
          properties: { a: { $ref: `#/$defs/n${n + 1}` }, b: { $ref: `#/$defs/n${n + 1}` } },
        },
      ]),
    );
    expect(
      exampleOf({ $ref: '#/$defs/n0', $defs: { ...doubling, n20: { type: 'string' } } }),
    ).toBeUndefined();
    const endless = { type: 'object', required: ['next'], properties: { next: { $ref: '#' } } };
    expect(exampleOf(endless)).toBeUndefined();
    expect(exampleOf({ type: 'string', minLength: 1e9 })).toBeUndefined();
    expect(exampleOf({ type: 'array', minItems: 1e9 })).toBeUndefined();
  });

  it('conforms to any schema of plain types, and is always the same', () => {
    const { schema } = fc.letrec((tie) => ({
      schema: fc.oneof(
        { maxDepth: 3 },
        fc.record({ type: fc.constantFrom('string', 'boolean', 'null', 'number') }),
        fc.record({ type: fc.constant('integer'), minimum: fc.integer({ min: -50, max: 50 }) }),
        fc.record({ type: fc.constant('array'), items: tie('schema'), minItems: fc.nat(3) }),
        fc
          .dictionary(
            fc.string({ maxLength: 5 }).filter((name) => name !== '__proto__'),
            tie('schema'),
            { maxKeys: 4 },
          )
          .map((properties) => ({
            type: 'object',
            properties,
            required: Object.keys(properties).slice(0, 2),
          })),
      ),
    }));
    fc.assert(
      fc.property(schema, (any) => {
        const example = exampleOf(any);
        expect(example).toBeDefined();
        expect(checker.errorsOf(any, example?.data)).toEqual([]);
        expect(exampleOf(any)).toEqual(example);
      }),
      { numRuns: 200 },
    );
  });
});
