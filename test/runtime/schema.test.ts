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
