/**
 * What bounds the JSON Schema of a topic (draft 2020-12). A tenant writes it, and functions that all tenants share run
 * it: it must neither expand without end nor take longer than the data is large.
 */

/** A schema is compiled where it is first used: each subschema takes a part of a millisecond. */
const subschemasMax = 1000;
const depthMax = 64;
/** How many subschemas may look at one and the same value: `$ref`s that double multiply them. */
const expansionMax = 1000;

/** Keywords whose value is a subschema; those of the second list look at the very value that the schema looks at. */
const descending = [
  'items',
  'contains',
  'additionalProperties',
  'propertyNames',
  'unevaluatedItems',
  'unevaluatedProperties',
];
const inPlace = ['not', 'if', 'then', 'else'];
const listsInPlace = ['allOf', 'anyOf', 'oneOf'];
const listsDescending = ['prefixItems'];
const mapsDescending = ['properties', 'patternProperties'];
/** `dependencies` is deprecated, and still obeyed by the compiler; its lists of names are no subschemas. */
const mapsInPlace = ['dependentSchemas', 'dependencies'];
/** In a schema without an `$id` inside, they lead where `$ref` leads: there is no other scope. */
export const refKeywords = ['$ref', '$dynamicRef', '$recursiveRef'];
/** Subschemas that look at nothing until something refers to them. */
const mapsOfDefinitions = ['$defs', 'definitions'];

type Json = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A subschema with its JSON pointer, such as `#/properties/id`. */
export interface Subschema {
  readonly pointer: string;
  readonly schema: Json;
  /** The subschemas that look at the same value. */
  readonly inPlace: readonly string[];
  /** The pointers that it refers to. */
  readonly refs: readonly string[];
}

/** Why a topic may not have a schema. */
export class SchemaProblem extends Error {}

interface Subschemas {
  /** By their pointers, the root first. */
  readonly objects: ReadonlyMap<string, Subschema>;
  /** The pointers of `true` and `false`: they refer to nothing, but may be referred to. */
  readonly booleans: ReadonlySet<string>;
}

/**
 * The subschemas of a schema.
 * @throws SchemaProblem when there are too many, or they are nested too deeply.
 */
function subschemasOf(root: unknown): Subschemas {
  const found = new Map<string, Subschema>();
  const booleans = new Set<string>();
  const visit = (schema: unknown, pointer: string, depth: number): void => {
    if (typeof schema === 'boolean') booleans.add(pointer);
    if (!isObject(schema)) return;
    if (depth > depthMax) throw new SchemaProblem(`nests subschemas deeper than ${depthMax} levels`);
    if (found.size >= subschemasMax) throw new SchemaProblem(`has more than ${subschemasMax} subschemas`);
    const same: string[] = [];
    found.set(pointer, { pointer, schema, inPlace: same, refs: [] });
    const descend = (value: unknown, at: string, looksAtSame: boolean) => {
      if (looksAtSame && isObject(value)) same.push(at);
      visit(value, at, depth + 1);
    };
    for (const keyword of [...descending, ...inPlace]) {
      if (Object.hasOwn(schema, keyword))
        descend(schema[keyword], `${pointer}/${keyword}`, inPlace.includes(keyword));
    }
    for (const keyword of [...listsDescending, ...listsInPlace]) {
      const list = Object.hasOwn(schema, keyword) ? schema[keyword] : undefined;
      if (!Array.isArray(list)) continue;
      for (const [at, value] of list.entries()) {
        descend(value, `${pointer}/${keyword}/${at}`, listsInPlace.includes(keyword));
      }
    }
    for (const keyword of [...mapsDescending, ...mapsInPlace, ...mapsOfDefinitions]) {
      const map = Object.hasOwn(schema, keyword) ? schema[keyword] : undefined;
      if (!isObject(map)) continue;
      for (const [name, value] of Object.entries(map)) {
        // The compiler of schemas leaves it out, so that it would go unchecked.
        if (name === '__proto__')
          throw new SchemaProblem(`names the property __proto__ at ${pointer}, which cannot be checked`);
        descend(value, `${pointer}/${keyword}/${escapePointer(name)}`, mapsInPlace.includes(keyword));
      }
    }
  };
  visit(root, '#', 0);
  return { objects: found, booleans };
}

/** RFC 6901, section 3. */
export const escapePointer = (name: string) => name.replaceAll('~', '~0').replaceAll('/', '~1');

/**
 * Checks that a schema is bounded: its size, where its references lead, and that none leads back to itself without
 * descending into the data.
 * @returns its subschemas that are objects, for whoever weighs them.
 * @throws SchemaProblem with the problem, to be read after the words "The schema".
 */
export function checkSchemaBounds(root: unknown): ReadonlyMap<string, Subschema> {
  const { objects, booleans } = subschemasOf(root);
  const anchors = new Map<string, string>();
  for (const { pointer, schema } of objects.values()) {
    if (pointer !== '#' && schema.$id !== undefined) {
      throw new SchemaProblem(
        `has an $id at ${pointer}. Only the schema itself may have one; refer to its parts by #/$defs/…`,
      );
    }
    for (const keyword of ['$anchor', '$dynamicAnchor']) {
      const anchor = schema[keyword];
      if (typeof anchor !== 'string') continue;
      const other = anchors.get(`#${anchor}`);
      if (other !== undefined && other !== pointer) {
        throw new SchemaProblem(`has the anchor ${JSON.stringify(anchor)} at ${other} and at ${pointer}`);
      }
      anchors.set(`#${anchor}`, pointer);
    }
  }
  const id = isObject(root) && typeof root.$id === 'string' ? root.$id : undefined;
  const all = new Map<string, Subschema>();
  for (const subschema of objects.values()) {
    const { pointer, schema } = subschema;
    const refs: string[] = [];
    for (const keyword of refKeywords) {
      const ref = schema[keyword];
      if (ref === undefined) continue;
      if (typeof ref !== 'string') throw new SchemaProblem(`has a ${keyword} at ${pointer} that is no text`);
      const target = targetOf(ref, { id, anchors });
      if (!objects.has(target) && !booleans.has(target)) {
        throw new SchemaProblem(
          `refers to ${JSON.stringify(ref)} at ${pointer}, which is no subschema of it. Use "#", "#/$defs/…" or an $anchor`,
        );
      }
      refs.push(target);
    }
    all.set(pointer, { ...subschema, refs });
  }
  checkExpansion(all);
  return all;
}

/** The pointer that a reference stands for. */
function targetOf(
  ref: string,
  context: { readonly id: string | undefined; readonly anchors: ReadonlyMap<string, string> },
): string {
  const { id, anchors } = context;
  const base = id?.replace(/#$/, '');
  const own = base !== undefined && ref.startsWith(base) ? ref.slice(base.length) : ref;
  return own === '' ? '#' : (anchors.get(own) ?? decode(own));
}

function decode(pointer: string): string {
  try {
    return decodeURIComponent(pointer);
  } catch {
    return pointer;
  }
}

/** How many subschemas look at one value, references followed; `true` and `false` take no time. */
function checkExpansion(all: ReadonlyMap<string, Subschema>): void {
  const counts = new Map<string, number>();
  const open = new Set<string>();
  const count = (pointer: string): number => {
    const known = counts.get(pointer);
    if (known !== undefined) return known;
    if (open.has(pointer)) {
      throw new SchemaProblem(
        `refers to itself at ${pointer} without descending into the data, so that checking it would never end`,
      );
    }
    open.add(pointer);
    const { inPlace = [], refs = [] } = all.get(pointer) ?? {};
    const total = [...inPlace, ...refs].reduce(
      (sum, target) => sum + (all.has(target) ? count(target) : 0),
      1,
    );
    open.delete(pointer);
    if (total > expansionMax) {
      throw new SchemaProblem(
        `has more than ${expansionMax} subschemas look at one value, references followed`,
      );
    }
    counts.set(pointer, total);
    return total;
  };
  for (const pointer of all.keys()) count(pointer);
}
