import fc from 'fast-check';
import type { JsonSchema } from '../../lib/api/openapi/json-schema.ts';
import { planted } from './world.ts';

/** Values generated from the schemas of the document: mostly valid, some only similar. */

export type Schemas = Readonly<Record<string, JsonSchema>>;

/** A few names, so that requests find what earlier ones created. */
const names = {
  topic: ['orders', 'orders', 'ledger', 'a', '0-'],
  receiver: ['billing', 'billing', 'mailer', 'a', '0-'],
  schedule: ['nightly', 'a'],
} as const;

const whsec = (text: string) => `whsec_${Buffer.from(text.padEnd(32, '.')).toString('base64')}`;
const endpoints = ['ok', 'ok', 'ok', 'fail', 'refuse', 'gone', 'busy', 'echo', 'lost'].map(
  (path) => `http://sink.test/${path}`,
);
const badEndpoints = [
  '',
  'sink.test/ok',
  'ftp://sink.test/',
  `http://user:${planted}@sink.test/ok`,
  'http://[::1/',
  'http://sink.test:0/',
  'http://sink.test/#part',
  'http://local.invalid/',
  'javascript:alert(1)',
  'http://a\u0000b/',
  `http://${'a'.repeat(300)}/`,
];

/** Values for fields that a schema does not describe completely, so that requests pass the first validation. */
const mostly = (good: readonly unknown[], bad: readonly unknown[]): fc.Arbitrary<unknown> =>
  fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom(...good) },
    { weight: 1, arbitrary: fc.constantFrom(...bad) },
  );

export const hints: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  topic: fc.constantFrom(...names.topic),
  receiver: fc.constantFrom(...names.receiver),
  schedule: fc.constantFrom(...names.schedule),
  endpoint: mostly(endpoints, badEndpoints),
  tokenUrl: mostly(['http://sink.test/token'], badEndpoints),
  checkUrl: mostly(endpoints, badEndpoints),
  clientSecret: fc.constant(`${planted}-of-a-client`),
  secret: mostly(
    ['1', '2', '3', '4'].map((n) => whsec(`${planted}-${n}`)),
    [`whsec_${planted}`, planted],
  ),
  headers: fc.dictionary(
    mostly(
      ['x-api-key', 'authorization', 'x-signature'],
      ['host', '__proto__', 'constructor', 'webhook-id', 'x y', ''],
    ) as fc.Arbitrary<string>,
    fc.constant(`${planted}-of-a-header`),
    { maxKeys: 2 },
  ),
  cron: mostly(
    ['* * * * *', '@daily', '30 8 * * 1-5'],
    ['0 0 31 2 *', '*/0 * * * *', '61 * * * *', '', '@reboot', '0-99999999 * * * *'],
  ),
  timezone: mostly(['Europe/Berlin', 'UTC', 'America/New_York'], ['Nowhere/None', '', '../etc']),
  schema: mostly(
    [{}, true, { type: ['object', 'string', 'null'] }],
    [
      false,
      { type: 'object', required: ['n'] },
      { $ref: '#' },
      { $ref: 'http://sink.test/schema' },
      { type: 'nonsense' },
      { pattern: '(' },
      { enum: [] },
      JSON.parse('{"__proto__": {"type": "object"}, "properties": {"__proto__": {"type": "string"}}}'),
      { $id: 'api', $defs: { a: { $id: 'api' } } },
      { minLength: -1 },
      { $async: true },
      { description: 'x'.repeat(500_000) },
    ],
  ),
  event: fc.record(
    {
      type: mostly(['night', 'order.due'], ['', '\u0000']),
      data: fc.jsonValue({ maxDepth: 2 }),
      source: mostly(['/a', 'urn:a:b'], ['a b', '']),
    },
    { requiredKeys: ['type'] },
  ),
  source: mostly(['/applications/admin', '/applications/shop', '/shop', 'urn:a:b'], ['a b', '']),
  datacontenttype: mostly(['application/json', 'text/plain'], ['a', '']),
  dataschema: mostly(['urn:schema:1'], ['a']),
  numeric: mostly(
    [
      ['>=', 100],
      ['>', 1, '<', 5],
    ],
    [['>', 'x'], []],
  ),
  owner: fc.constantFrom('shop', 'shop', 'bank', 'admin', 'nobody'),
  before: mostly(
    ['2025-12-31T00:00:00Z', '2026-01-01T00:00:01Z'],
    ['2099-01-01T00:00:00Z', '2026-02-30T00:00:00Z'],
  ),
  deliverAt: mostly(
    ['2026-01-03T00:00:00Z', '2027-01-01T12:00:00+01:00'],
    ['2020-01-01T00:00:00Z', '2099-01-01T00:00:00Z', 'soon'],
  ),
  delaySeconds: mostly([5, 60, 86_400, 1e7], [0, -1, 1e12, 0.0001]),
  type: fc.oneof(
    fc.constantFrom('order.placed', 'order.paid', 'hot'),
    fc.string({ unit: 'grapheme', maxLength: 20 }),
  ),
  trace: fc.constantFrom('none', 'failures', 'all'),
};

/** What stands in events under this name is data, or an id: something that the fuzz can ask for later. */
const eventIds = fc.integer({ min: 0, max: 30 }).map((n) => `event-${n}`);

const anyJson = fc.oneof({ maxDepth: 3 }, fc.jsonValue({ maxDepth: 3 }), fc.constant(null));

/** Values of a schema of the document. `depth` bounds recursive schemas. */
export function valueBy(schemas: Schemas, schema: JsonSchema | boolean, depth = 0): fc.Arbitrary<unknown> {
  if (typeof schema === 'boolean') return anyJson;
  const { $ref, anyOf, oneOf, allOf } = schema as {
    $ref?: string;
    anyOf?: JsonSchema[];
    oneOf?: JsonSchema[];
    allOf?: JsonSchema[];
  };
  if ($ref !== undefined) {
    const name = $ref.split('/').at(-1) ?? '';
    if (name === 'Name') return fc.constantFrom('a', '0-', 'shop');
    if (depth > 6) return fc.constant(name === 'FilterValues' ? ['x'] : { type: ['x'] });
    return valueBy(schemas, schemas[name] ?? {}, depth + 1);
  }
  if ('const' in schema) return fc.constant(schema.const);
  if (Array.isArray(schema.enum)) return fc.constantFrom(...schema.enum);
  // Each of several forms, with the common requirements.
  if (anyOf !== undefined && oneOf !== undefined) {
    return fc.oneof(...anyOf.map((one) => valueBy(schemas, { ...one, oneOf }, depth)));
  }
  if (schema.type === 'object') {
    const demands = [schema, ...(allOf ?? [])].flatMap((part) =>
      Array.isArray(part.oneOf) ? [part.oneOf as { required: string[] }[]] : [],
    );
    return objectOf(schemas, schema, demands, depth);
  }
  const choices = anyOf ?? oneOf;
  if (choices !== undefined) return fc.oneof(...choices.map((one) => valueBy(schemas, one, depth + 1)));
  const types = Array.isArray(schema.type) ? (schema.type as string[]) : [String(schema.type)];
  return fc.oneof(...types.map((type) => ofType(schemas, { ...schema, type }, depth)));
}

function ofType(
  schemas: Schemas,
  schema: JsonSchema & { type: string },
  depth: number,
): fc.Arbitrary<unknown> {
  const { minimum = -1e6, maximum = 1e9 } = schema as { minimum?: number; maximum?: number };
  switch (schema.type) {
    case 'string':
      return textOf(schema);
    case 'integer': {
      const [min, max] = [Math.max(minimum, -(2 ** 31)), Math.min(maximum, 2 ** 31 - 1)];
      return fc.oneof(fc.integer({ min, max: Math.min(max, min + 20) }), fc.integer({ min, max }));
    }
    case 'number':
      return fc.oneof(
        fc.integer({ min: Math.ceil(minimum), max: Math.floor(Math.min(maximum, minimum + 20)) }),
        fc.double({ min: minimum, max: maximum, noNaN: true }),
      );
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array': {
      const {
        items = {},
        minItems = 0,
        maxItems = 3,
      } = schema as { items?: JsonSchema; minItems?: number; maxItems?: number };
      return fc.array(valueBy(schemas, items, depth + 1), {
        minLength: minItems,
        maxLength: Math.min(maxItems, minItems + 3),
      });
    }
    default:
      return anyJson;
  }
}

function textOf({ pattern, format, minLength = 0, maxLength = 40 }: JsonSchema): fc.Arbitrary<unknown> {
  if (format === 'date-time') {
    return fc.constantFrom(
      '2026-01-01T00:05:00Z',
      '2026-01-02T12:00:00+01:00',
      '2027-06-01T00:00:00.123Z',
      '2035-12-31T00:00:00Z',
      '2099-01-01T00:00:00Z',
      '2020-01-01T00:00:00Z',
      '2026-02-30T00:00:00Z',
      '+275760-09-13T00:00:00Z',
    );
  }
  if (typeof pattern === 'string') return fc.stringMatching(new RegExp(pattern, 'u'), { maxLength: 60 });
  return fc.string({
    unit: 'grapheme',
    minLength: Number(minLength),
    maxLength: Math.min(Number(maxLength), 40),
  });
}

function objectOf(
  schemas: Schemas,
  schema: JsonSchema,
  demands: readonly { required: string[] }[][],
  depth: number,
): fc.Arbitrary<unknown> {
  const {
    properties = {},
    required = [],
    additionalProperties,
    propertyNames,
    minProperties = 0,
  } = schema as {
    properties?: Record<string, JsonSchema>;
    required?: string[];
    additionalProperties?: JsonSchema | boolean;
    propertyNames?: JsonSchema;
    minProperties?: number;
  };
  const isEvent = 'specversion' in properties || 'delaySeconds' in properties;
  const fields: Record<string, fc.Arbitrary<unknown>> = {};
  for (const [name, of] of Object.entries(properties)) {
    const own = name === 'id' && isEvent ? eventIds : (hints[name] ?? valueBy(schemas, of, depth + 1));
    // Deep objects are rare, because recursive ones would otherwise never end.
    const odds = required.includes(name) ? 1 : depth > 3 ? 0.1 : 0.25;
    fields[name] = fc.oneof(
      { weight: odds * 100, arbitrary: own.map((value) => ({ value })) },
      { weight: 100 - odds * 100, arbitrary: fc.constant(undefined) },
    );
  }
  // Chooses one of several mutually exclusive fields.
  const chosen = fc.tuple(
    ...demands.map((demand) => fc.constantFrom(...demand.flatMap((one) => one.required))),
  );
  const extra =
    (typeof additionalProperties === 'object' && depth < 4) || minProperties > 0
      ? fc.dictionary(
          propertyNames === undefined
            ? fc.constantFrom('type', 'source', 'n', 'total')
            : (valueBy(schemas, { type: 'string', ...propertyNames }) as fc.Arbitrary<string>),
          valueBy(schemas, additionalProperties ?? {}, depth + 1),
          { minKeys: Math.min(1, minProperties), maxKeys: Math.max(2, minProperties) },
        )
      : fc.constant({});
  return fc
    .tuple(
      fc.record(fields),
      chosen,
      extra,
      ...demands.flatMap((demand) =>
        demand
          .flatMap((one) => one.required)
          .map((name) =>
            (hints[name] ?? valueBy(schemas, properties[name] ?? {}, depth + 1)).map((value) => ({
              name,
              value,
            })),
          ),
      ),
    )
    .map(([some, one, more, ...alternatives]) => {
      const object: Record<string, unknown> = { ...more };
      for (const [name, field] of Object.entries(some))
        if (field) object[name] = (field as { value: unknown }).value;
      for (const { name, value } of alternatives) {
        if (one.includes(name)) object[name] = value;
        else delete object[name];
      }
      const { not } = schema as { not?: { required: string[] } };
      for (const name of not?.required.slice(1) ?? []) delete object[name];
      return object;
    });
}
