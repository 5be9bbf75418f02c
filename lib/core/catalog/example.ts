import { checkSchemaBounds, escapePointer, type Subschema } from '../registry/schema.ts';

/** An example has at most this many values. The schema is a tenant's, and references could multiply them without end. */
const valuesMax = 500;
/** References that lead back to themselves end where the schema does not require more. */
const depthMax = 12;
/** Longest text and longest list that are made because a schema asks for one. */
const lengthMax = 200;

type Json = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What stands for a format: always the same, so that an example is the same each time. */
const formats: Readonly<Record<string, string>> = {
  'date-time': '2026-01-31T12:00:00.000Z',
  date: '2026-01-31',
  time: '12:00:00Z',
  duration: 'PT15M',
  email: 'someone@example.com',
  'idn-email': 'someone@example.com',
  hostname: 'example.com',
  'idn-hostname': 'example.com',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  uri: 'https://example.com/',
  iri: 'https://example.com/',
  'uri-reference': '/example',
  'iri-reference': '/example',
  'uri-template': 'https://example.com/{id}',
  uuid: '0190a5e2-7b1c-7000-8000-000000000001',
  'json-pointer': '/example',
  'relative-json-pointer': '0',
  regex: '^example$',
  byte: 'ZXhhbXBsZQ==',
};

/**
 * A value that a JSON Schema may accept, always the same for the same schema. It follows what schemas of events are made
 * of: types, properties, items, formats, bounds, `const`, `enum`, `default`, `examples`, `allOf`, the first of `anyOf` and
 * `oneOf`, and references. It does not invert patterns or `not`, so whoever shows it checks it first.
 * @returns undefined when it would grow too large.
 */
export function exampleOf(schema: unknown): { readonly data: unknown } | undefined {
  try {
    const data = createMaker(checkSchemaBounds(schema))(schema, '#', 0);
    return { data: data === nothing ? null : data };
  } catch (error) {
    if (error instanceof TooLarge) return undefined;
    throw error;
  }
}

class TooLarge extends Error {}

/** The schema says nothing about the value. */
const nothing = Symbol('nothing');

function createMaker(subschemas: ReadonlyMap<string, Subschema>) {
  let values = 0;

  function make(schema: unknown, pointer: string, depth: number): unknown {
    if (++values > valuesMax) throw new TooLarge();
    if (!isObject(schema)) return nothing;
    const whole = merged(schema, pointer, depth);
    if (Object.hasOwn(whole, 'const')) return whole.const;
    for (const list of [whole.examples, whole.enum])
      if (Array.isArray(list) && list.length > 0) return list[0];
    if (Object.hasOwn(whole, 'default')) return whole.default;
    const type = typeOf(whole);
    if (type === 'object') return objectOf(whole, depth);
    if (type === 'array') return listOf(whole, depth);
    if (type === 'string') return textOf(whole);
    if (type === 'number' || type === 'integer') return numberOf(whole, type);
    return type === 'boolean' ? true : type === 'null' ? null : nothing;
  }

  /** The schema with what is said of the same value elsewhere: what it refers to, all of `allOf`, one of the others. */
  function merged(schema: Json, pointer: string, depth: number): Json {
    if (depth > depthMax) throw new TooLarge();
    const others = [
      ...(subschemas.get(pointer)?.refs ?? []),
      ...pointersIn(schema, pointer, 'allOf'),
      ...pointersIn(schema, pointer, 'oneOf').slice(0, 1),
      ...pointersIn(schema, pointer, 'anyOf').slice(0, 1),
    ];
    return others.reduce<Json>((all, at) => {
      if (++values > valuesMax) throw new TooLarge();
      const other = subschemas.get(at);
      return other === undefined ? all : both(all, merged(other.schema, at, depth + 1));
    }, placed({ schema, pointer }));
  }

  function objectOf(schema: Json, depth: number): unknown {
    const required = new Set(Array.isArray(schema.required) ? schema.required.map(String) : []);
    const properties = isObject(schema.properties) ? schema.properties : {};
    const made: [string, unknown][] = [];
    for (const [name, property] of Object.entries(properties)) {
      // What is not required is shown as well, as long as the schema does not lead back into itself.
      if (depth > 4 && !required.has(name)) continue;
      if (depth > depthMax) throw new TooLarge();
      const value = makePlaced(property, depth);
      if (value !== nothing || required.has(name)) made.push([name, value === nothing ? 'example' : value]);
    }
    for (const name of required) if (!Object.hasOwn(properties, name)) made.push([name, 'example']);
    return Object.fromEntries(made);
  }

  function listOf(schema: Json, depth: number): unknown {
    const prefix = Array.isArray(schema.prefixItems) ? schema.prefixItems : [];
    const items = schema.items ?? schema.contains;
    const least = Math.max(numberIn(schema.minItems) ?? 0, depth > 4 ? 0 : 1);
    const count = Math.min(
      numberIn(schema.maxItems) ?? Number.POSITIVE_INFINITY,
      Math.max(prefix.length, least),
    );
    if (count > lengthMax || depth > depthMax) throw new TooLarge();
    return Array.from({ length: count }, (_, at) => {
      const value = makePlaced(prefix[at] ?? items, depth);
      return value === nothing ? `example ${at + 1}` : value;
    });
  }

  const makePlaced = (value: unknown, depth: number) =>
    isPlaced(value) ? make(value.schema, value.pointer, depth + 1) : nothing;

  return make;
}

/** A subschema that knows its pointer, which it needs when it was merged into another one. */
interface Placed {
  readonly schema: unknown;
  readonly pointer: string;
}
const isPlaced = (value: unknown): value is Placed =>
  isObject(value) && 'pointer' in value && 'schema' in value && places.has(value);
const places = new WeakSet<object>();
const at = (schema: unknown, pointer: string): Placed => {
  const placed = { schema, pointer };
  places.add(placed);
  return placed;
};

/** A schema whose subschemas below the value know where they stand. */
function placed({ schema, pointer }: { readonly schema: Json; readonly pointer: string }): Json {
  const { properties, items, contains, prefixItems } = schema;
  return {
    ...schema,
    ...(isObject(properties) && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([name, one]) => [
          name,
          at(one, `${pointer}/properties/${escapePointer(name)}`),
        ]),
      ),
    }),
    ...(items !== undefined && { items: at(items, `${pointer}/items`) }),
    ...(contains !== undefined && { contains: at(contains, `${pointer}/contains`) }),
    ...(Array.isArray(prefixItems) && {
      prefixItems: prefixItems.map((one, place) => at(one, `${pointer}/prefixItems/${place}`)),
    }),
  };
}

const pointersIn = (schema: Json, pointer: string, keyword: string): string[] => {
  const list = schema[keyword];
  return Array.isArray(list) ? list.map((_, place) => `${pointer}/${keyword}/${place}`) : [];
};

/** What two schemas say together, as far as an example needs it. */
function both(one: Json, other: Json): Json {
  const properties = { ...asObject(one.properties), ...asObject(other.properties) };
  const required = [one.required, other.required].flatMap((list) => (Array.isArray(list) ? list : []));
  return {
    ...other,
    ...one,
    ...(Object.keys(properties).length > 0 && { properties }),
    ...(required.length > 0 && { required }),
    ...bound('minimum', Math.max),
    ...bound('maximum', Math.min),
    ...bound('minLength', Math.max),
    ...bound('maxLength', Math.min),
    ...bound('minItems', Math.max),
  };
  function bound(keyword: string, choose: (...values: number[]) => number) {
    const values = [one[keyword], other[keyword]].flatMap((value) => numberIn(value) ?? []);
    return values.length > 0 && { [keyword]: choose(...values) };
  }
}
const asObject = (value: unknown): Json => (isObject(value) ? value : {});

function typeOf(schema: Json): string | undefined {
  const { type } = schema;
  if (typeof type === 'string') return type;
  if (Array.isArray(type)) return String(type.find((each) => each !== 'null') ?? type[0]);
  if (schema.properties !== undefined || schema.required !== undefined) return 'object';
  if (schema.items !== undefined || schema.prefixItems !== undefined) return 'array';
  if (schema.minLength !== undefined || schema.format !== undefined) return 'string';
  return schema.minimum !== undefined || schema.maximum !== undefined ? 'number' : undefined;
}

const numberIn = (value: unknown) => (typeof value === 'number' ? value : undefined);

function textOf({ format, minLength, maxLength }: Json): string {
  const text =
    typeof format === 'string' && Object.hasOwn(formats, format) ? (formats[format] ?? '') : 'example';
  const least = numberIn(minLength) ?? 0;
  if (least > lengthMax) throw new TooLarge();
  return text.padEnd(least, 'x').slice(0, numberIn(maxLength));
}

/** The smallest number that is allowed from 1 on; the largest one where that is too large. */
function numberOf(schema: Json, type: 'number' | 'integer'): number {
  const step = numberIn(schema.multipleOf) ?? (type === 'integer' ? 1 : 0);
  const tiny = step > 0 ? step : 0.5;
  const above = numberIn(schema.exclusiveMinimum);
  const below = numberIn(schema.exclusiveMaximum);
  const least = Math.max(
    numberIn(schema.minimum) ?? -Infinity,
    above === undefined ? -Infinity : above + tiny / 2,
  );
  const most = Math.min(
    numberIn(schema.maximum) ?? Infinity,
    below === undefined ? Infinity : below - tiny / 2,
  );
  const wanted = Math.min(Math.max(1, least), most);
  if (step === 0) return wanted;
  const up = Math.ceil(wanted / step) * step;
  return up <= most ? up : Math.floor(most / step) * step;
}
