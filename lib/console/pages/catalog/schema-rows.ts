/** A field that a JSON Schema describes, for reading: a schema is a tenant's, so depth and length are bounded. */
export interface SchemaRow {
  /** Such as `lines[].sku`. */
  readonly path: string;
  readonly type: string;
  readonly required: boolean;
  readonly description: string;
  /** Such as `minimum 0` or `one of "EUR", "USD"`. */
  readonly limits: readonly string[];
}

type Json = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const depthMax = 8;
const rowsMax = 400;
/** A longer value of `enum` or `const` is cut. */
const valueCharactersMax = 60;
const valuesMax = 12;

const numberLimits = [
  'minimum',
  'exclusiveMinimum',
  'maximum',
  'exclusiveMaximum',
  'multipleOf',
  'minLength',
  'maxLength',
  'pattern',
  'format',
  'minItems',
  'maxItems',
  'minProperties',
  'maxProperties',
] as const;

/** The fields of what a schema describes, in its order; `isPartial` when there are more than anyone reads. */
export function schemaRows(schema: unknown): { rows: readonly SchemaRow[]; isPartial: boolean } {
  const rows: SchemaRow[] = [];
  let isPartial = false;

  const visit = (given: unknown, path: string, required: boolean, depth: number) => {
    if (rows.length >= rowsMax || depth > depthMax) {
      isPartial = true;
      return;
    }
    const each = resolve(given, schema);
    if (path !== '') rows.push({ path, required, ...describe(each) });
    if (!isObject(each)) return;
    for (const part of partsOf(each)) {
      const resolved = resolve(part, schema);
      if (!isObject(resolved)) continue;
      const needed = Array.isArray(resolved.required) ? resolved.required : [];
      for (const [name, property] of Object.entries(isObject(resolved.properties) ? resolved.properties : {}))
        visit(property, path === '' ? name : `${path}.${name}`, needed.includes(name), depth + 1);
      if (isObject(resolved.items)) visit(resolved.items, `${path}[]`, false, depth + 1);
      if (isObject(resolved.additionalProperties))
        visit(resolved.additionalProperties, path === '' ? '*' : `${path}.*`, false, depth + 1);
    }
  };
  visit(schema, '', true, 0);
  return { rows, isPartial };
}

/** What describes the same value: the schema itself, and the alternatives and parts of it. */
function partsOf(schema: Json): readonly unknown[] {
  const others = ['allOf', 'anyOf', 'oneOf'].flatMap((name) => {
    const list = schema[name];
    return Array.isArray(list) ? list : [];
  });
  return [schema, ...others];
}

/** A reference within the schema, followed; what it says beside the reference stays. */
function resolve(schema: unknown, root: unknown): unknown {
  let at = schema;
  for (let steps = 0; steps < depthMax && isObject(at) && typeof at.$ref === 'string'; steps++) {
    const { $ref, ...rest } = at;
    const target = pointed(root, $ref as string);
    if (!isObject(target)) return at;
    at = { ...target, ...rest };
  }
  return at;
}

function pointed(root: unknown, reference: string): unknown {
  if (!reference.startsWith('#')) return undefined;
  let at = root;
  for (const part of reference.slice(1).split('/').slice(1)) {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~');
    at = isObject(at) && Object.hasOwn(at, name) ? at[name] : undefined;
  }
  return at;
}

function describe(schema: unknown): Pick<SchemaRow, 'type' | 'description' | 'limits'> {
  if (schema === false) return { type: '–', description: '', limits: [] };
  if (!isObject(schema)) return { type: '', description: '', limits: [] };
  const limits = numberLimits.flatMap((name) =>
    schema[name] === undefined ? [] : [`${name} ${short(schema[name])}`],
  );
  const { enum: values } = schema;
  return {
    type: typeOf(schema),
    description: typeof schema.description === 'string' ? schema.description : '',
    limits: [
      ...(schema.const === undefined ? [] : [`= ${short(schema.const)}`]),
      ...(Array.isArray(values)
        ? [`${values.slice(0, valuesMax).map(short).join(' | ')}${values.length > valuesMax ? ' | …' : ''}`]
        : []),
      ...limits,
      ...(schema.default === undefined ? [] : [`default ${short(schema.default)}`]),
    ],
  };
}

function typeOf(schema: Json): string {
  const { type } = schema;
  if (typeof type === 'string') return type;
  if (Array.isArray(type)) return type.join(' | ');
  if (isObject(schema.properties)) return 'object';
  if (schema.items !== undefined) return 'array';
  const alternatives = ['anyOf', 'oneOf'].find((name) => Array.isArray(schema[name]));
  return alternatives ?? '';
}

function short(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > valueCharactersMax ? `${text.slice(0, valueCharactersMax)}…` : text;
}
