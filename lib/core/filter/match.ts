import type { Message } from '../routing/routing.ts';
import { type Filter, filterScope } from './filter.ts';
import { acceptsAbsence, isLeaf, type Leaf, meets } from './values.ts';

/** The part of a filter that refused an event: the key, and what the filter asks of it. */
export interface Refusal {
  /** The names from the root joined by dots, such as `data.total`. */
  readonly key: string;
  /** The values that the filter lists for the key, of which none matched. */
  readonly condition: readonly unknown[];
  /**
   * `absent`: the event has no such value; `different`: it has others; `apart`: it has one, but in another element of
   * a list than the values that meet the other keys.
   */
  readonly because: 'absent' | 'different' | 'apart';
}

/** Which alternative of a filter refused is told for so many of them at most; `$or` makes up to 150. */
const refusalsMax = 10;

/**
 * Why a filter refuses a message: for each alternative that its `$or`s make, the first key that did not match. Empty
 * when the filter takes the message. It decides as SNS does, at which the filter is kept; SNS does not say why.
 */
export function refusalsOf(filter: Filter, message: Message): readonly Refusal[] {
  const fields =
    filterScope(filter) === 'MessageBody' ? bodyFields(message.body) : attributeFields(message.attributes);
  return refusalsIn(filter, fields);
}

/** The same over a JSON text alone. */
export function refusalsOfBody(filter: Filter, body: string): readonly Refusal[] {
  return refusalsIn(filter, bodyFields(body));
}

function refusalsIn(filter: Filter, fields: Fields): readonly Refusal[] {
  const refusals = new Map<string, Refusal>();
  for (const branch of branchesOf(filter)) {
    const refusal = refusalOf(branch, fields);
    if (refusal === undefined) return [];
    if (refusals.size < refusalsMax) refusals.set(JSON.stringify(refusal), refusal);
  }
  return [...refusals.values()];
}

/** A path, and the values that are listed for it. */
type Branch = ReadonlyMap<string, readonly unknown[]>;

/** Names that make `$or` an ordinary key when an alternative uses one: sns/latest/dg/and-or-logic.html */
const reservedInOr = new Set(
  (
    'exactly equals-ignore-case prefix suffix anything-but exists wildcard numeric cidr = < <= > >= regex ' +
    'not-wildcard not-equals-ignore-case date-after date-on-or-after date-before date-on-or-before in-date-range ' +
    'ip-address-in-range ip-address-not-in-range'
  ).split(' '),
);

/** The alternatives of a filter, its `$or`s multiplied out; all keys of one must match. */
function branchesOf(filter: Filter): readonly Branch[] {
  return expand(filter, '', [new Map()]);
}

function expand(node: Filter, path: string, start: readonly Branch[]): readonly Branch[] {
  return Object.entries(node).reduce<readonly Branch[]>((branches, [name, value]) => {
    if (name === '$or' && isOr(value)) {
      return value.flatMap((alternative) => expand(alternative, path, branches));
    }
    const here = path === '' ? name : `${path}.${name}`;
    // A path that stands twice has the condition that stands last, as with AWS.
    if (Array.isArray(value)) return branches.map((branch) => new Map(branch).set(here, value));
    return expand(value as Filter, here, branches);
  }, start);
}

function isOr(value: unknown): value is readonly Filter[] {
  return (
    Array.isArray(value) &&
    value.length >= 2 &&
    value.every((item) => !isLeaf(item) && !Object.keys(item as object).some((key) => reservedInOr.has(key)))
  );
}

/**
 * In which element of which list a value lies; `undefined` outside of lists. A plain value that is itself an element
 * counts as outside of its list, as with AWS's rule library.
 */
type Place = readonly (readonly [list: number, element: number])[] | undefined;
interface Field {
  readonly value: Leaf;
  readonly place: Place;
}
/** The values of a message by path; undefined for a text that no filter matches. */
type Fields = ReadonlyMap<string, readonly Field[]> | undefined;

/**
 * What refuses a branch. Values that lie in lists must lie in the same elements: of two records
 * `{kind: a, size: 1}` and `{kind: b, size: 2}`, no branch finds kind `a` with size 2.
 */
function refusalOf(branch: Branch, fields: Fields): Refusal | undefined {
  let groups: readonly Group[] = [];
  for (const [key, condition] of branch) {
    const found = fields?.get(key);
    if (found === undefined) {
      if (fields !== undefined && acceptsAbsence(condition)) continue;
      return { key, condition, because: 'absent' };
    }
    const matching = found.filter(({ value }) => condition.some((wanted) => meets(value, wanted)));
    if (matching.length === 0) return { key, condition, because: 'different' };
    // A value outside of lists agrees with every other one.
    if (matching.some(({ place }) => place === undefined)) continue;
    const lists = new Set(matching.flatMap(({ place = [] }) => place.map(([list]) => list)));
    const touched = groups.filter((group) => [...lists].some((list) => group.lists.has(list)));
    const places = touched.reduce<readonly Place[]>(
      (all, group) => joined(all, group.places),
      matching.map(({ place }) => place),
    );
    if (places.length === 0) return { key, condition, because: 'apart' };
    const merged = new Set([...lists, ...touched.flatMap((group) => [...group.lists])]);
    groups = [...groups.filter((group) => !touched.includes(group)), { lists: merged, places }];
  }
  return undefined;
}

/** Where keys hold together. What holds in lists of one group says nothing about those of another. */
interface Group {
  readonly lists: ReadonlySet<number>;
  readonly places: readonly Place[];
}

/**
 * So many places are followed at most: lists in lists could multiply them beyond all bounds. An event that needs more
 * may be called refused although SNS takes it.
 */
const placesMax = 10_000;

/** How many pairs of places are compared at most, for the same reason. */
const pairsMax = 100_000;

/** The places in which both sides hold, each once. */
function joined(left: readonly Place[], right: readonly Place[]): readonly Place[] {
  const all = new Map<string, Place>();
  let pairs = 0;
  /** Only places in the same element of a list can agree: pairs of others are never looked at. */
  const joinWithin = (these: readonly Place[], those: readonly Place[], fixed: ReadonlySet<number>): void => {
    const list = sharedList(these, those, fixed);
    if (list !== undefined) {
      const byElement = Map.groupBy(those, (place) => elementIn(place, list));
      for (const [element, some] of Map.groupBy(these, (place) => elementIn(place, list))) {
        joinWithin(some, byElement.get(element) ?? [], new Set(fixed).add(list));
      }
      return;
    }
    for (const one of these) {
      for (const other of those) {
        if (all.size >= placesMax || ++pairs > pairsMax) return;
        const both = join(one, other);
        if (both !== 'contradiction') all.set(JSON.stringify(both), both);
      }
    }
  };
  joinWithin(left, right, new Set());
  return [...all.values()];
}

const elementIn = (place: Place, list: number) => place?.find(([each]) => each === list)?.[1];

/** A list in which every place of both sides lies, and which is not one of those that are fixed. */
function sharedList(
  these: readonly Place[],
  those: readonly Place[],
  fixed: ReadonlySet<number>,
): number | undefined {
  const [first] = these;
  if (those.length === 0) return undefined;
  return first
    ?.map(([list]) => list)
    .find(
      (list) =>
        !fixed.has(list) &&
        [these, those].every((places) => places.every((place) => elementIn(place, list) !== undefined)),
    );
}

function join(left: Place, right: Place): Place | 'contradiction' {
  if (left === undefined || right === undefined) return left ?? right;
  const merged = new Map(left);
  for (const [list, element] of right) {
    if ((merged.get(list) ?? element) !== element) return 'contradiction';
    merged.set(list, element);
  }
  return [...merged].sort(([one], [other]) => one - other);
}

/** SNS compares attributes as they stand escaped in JSON. */
function attributeFields(attributes: Message['attributes']): Fields {
  return new Map(
    Object.entries(attributes).map(([name, text]) => [
      name,
      [{ value: text.replaceAll(/["\\]/g, '\\$&'), place: undefined }],
    ]),
  );
}

/** JSON that is nested deeper is taken for none. */
const nestingMax = 1000;

function bodyFields(body: string): Fields {
  const root = parse(body);
  if (isLeaf(root) || Array.isArray(root)) return undefined;
  const fields = new Map<string, Field[]>();
  let lists = 0;
  let tooDeep = false;
  const visit = (value: unknown, path: string, place: Place, depth: number): void => {
    if (depth > nestingMax) {
      tooDeep = true;
    } else if (Array.isArray(value)) {
      const list = lists++;
      for (const [element, item] of value.entries()) {
        visit(item, path, isLeaf(item) ? place : [...(place ?? []), [list, element]], depth + 1);
      }
    } else if (isLeaf(value)) {
      // Copied for each of its values, a long list would take quadratic time.
      const known = fields.get(path);
      if (known === undefined) fields.set(path, [{ value, place }]);
      else known.push({ value, place });
    } else {
      for (const [name, item] of Object.entries(value as object)) {
        visit(item, depth === 0 ? name : `${path}.${name}`, place, depth + 1);
      }
    }
  };
  visit(root, '', undefined, 0);
  return tooDeep ? undefined : fields;
}

/** A text that is no JSON has no fields, and no filter matches it. */
function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return null;
  }
}
