import { type Filter, filterScope } from './filter.ts';
import { acceptsAbsence, isLeaf, type Leaf, matcherOf } from './values.ts';

/** What filters read of a message. */
interface Message {
  readonly body: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** The part of a filter that did not match an event: the key, and what the filter asks of it. */
export interface Mismatch {
  /** The names from the root joined by dots, such as `data.total`. */
  readonly key: string;
  /** The values that the filter lists for the key; none matched. */
  readonly condition: readonly unknown[];
  /**
   * `absent`: the event has no value for the key. `different`: it has only other values. `apart`: it has a matching
   * value, but in another list element than the values that match the other keys.
   */
  readonly because: 'absent' | 'different' | 'apart';
}

/** At most this many mismatches are reported; `$or` can produce 150 alternatives. */
const mismatchesMax = 10;

/** A message as filters read it: its fields are found once, whatever the number of filters. */
export interface Filterable {
  fieldsFor(filter: Filter): Fields;
}

export function filterable(message: Message): Filterable {
  let ofBody: { readonly fields: Fields } | undefined;
  let ofAttributes: Fields;
  return {
    fieldsFor(filter) {
      if (filterScope(filter) === 'MessageBody') {
        ofBody ??= { fields: bodyFields(message.body) };
        return ofBody.fields;
      }
      ofAttributes ??= attributeFields(message.attributes);
      return ofAttributes;
    },
  };
}

/** Whether a filter matches a message, as SNS decides; undefined when that takes more work than is done for it. */
export function matches(filter: Filter, message: Filterable): boolean | undefined {
  const fields = message.fieldsFor(filter);
  const work: Work = { isTooMuch: false };
  if (branchesOf(filter).some((branch) => mismatchOf(branch, fields, work) === undefined)) return true;
  return work.isTooMuch ? undefined : false;
}

/**
 * Why a filter does not match a message: for each alternative of its `$or`s, the first key that did not match. Empty
 * when the filter matches. It decides as SNS does; SNS itself gives no reason.
 */
export function mismatchesOf(filter: Filter, message: Message): readonly Mismatch[] {
  return mismatchesIn(filter, filterable(message).fieldsFor(filter));
}

/** The same for a JSON body alone. */
export function mismatchesOfBody(filter: Filter, body: string): readonly Mismatch[] {
  return mismatchesIn(filter, bodyFields(body));
}

function mismatchesIn(filter: Filter, fields: Fields): readonly Mismatch[] {
  const mismatches = new Map<string, Mismatch>();
  for (const branch of branchesOf(filter)) {
    const mismatch = mismatchOf(branch, fields, { isTooMuch: false });
    if (mismatch === undefined) return [];
    if (mismatches.size < mismatchesMax) mismatches.set(JSON.stringify(mismatch), mismatch);
  }
  return [...mismatches.values()];
}

/** Set when a bound ended the search, so that a mismatch is no certain one. */
interface Work {
  isTooMuch: boolean;
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
    // Of a path that occurs twice the last condition counts, as with AWS.
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
 * The list elements that contain a value; `undefined` outside lists. A plain value that is itself an element counts as
 * outside its list, as in AWS's rule library.
 */
type Place = readonly (readonly [list: number, element: number])[] | undefined;
interface Field {
  readonly value: Leaf;
  readonly place: Place;
}
/** The values of a message by path; undefined for a body that no filter matches. */
type Fields = ReadonlyMap<string, readonly Field[]> | undefined;

/**
 * The first key of a branch that does not match. Values inside lists must be in the same elements: of two records
 * `{kind: a, size: 1}` and `{kind: b, size: 2}`, no branch finds kind `a` with size 2.
 */
function mismatchOf(branch: Branch, fields: Fields, work: Work): Mismatch | undefined {
  let groups: readonly Group[] = [];
  for (const [key, condition] of branch) {
    const found = fields?.get(key);
    if (found === undefined) {
      if (fields !== undefined && acceptsAbsence(condition)) continue;
      return { key, condition, because: 'absent' };
    }
    const isMatch = matcherOf(condition);
    const matching = found.filter(({ value }) => isMatch(value));
    if (matching.length === 0) return { key, condition, because: 'different' };
    // A value outside lists is compatible with every other one.
    if (matching.some(({ place }) => place === undefined)) continue;
    const lists = new Set(matching.flatMap(({ place = [] }) => place.map(([list]) => list)));
    const touched = groups.filter((group) => [...lists].some((list) => group.lists.has(list)));
    const places = touched.reduce<readonly Place[]>(
      (all, group) => joined(all, group.places, work),
      matching.map(({ place }) => place),
    );
    if (places.length === 0) return { key, condition, because: 'apart' };
    const merged = new Set([...lists, ...touched.flatMap((group) => [...group.lists])]);
    groups = [...groups.filter((group) => !touched.includes(group)), { lists: merged, places }];
  }
  return undefined;
}

/** Places where several keys match together. The lists of one group are independent of those of another. */
interface Group {
  readonly lists: ReadonlySet<number>;
  readonly places: readonly Place[];
}

/**
 * At most this many places are followed: nested lists could multiply them without bound. An event that needs more may
 * be reported as a mismatch although SNS matches it.
 */
const placesMax = 10_000;

/** At most this many pairs of places are compared, for the same reason. */
const pairsMax = 100_000;

/** The places where both sides match, each once. */
function joined(left: readonly Place[], right: readonly Place[], work: Work): readonly Place[] {
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
        if (all.size >= placesMax || ++pairs > pairsMax) {
          work.isTooMuch = true;
          return;
        }
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

/** SNS compares attributes in their JSON-escaped form. */
function attributeFields(attributes: Message['attributes']): Fields {
  return new Map(
    Object.entries(attributes).map(([name, text]) => [
      name,
      [{ value: text.replaceAll(/["\\]/g, '\\$&'), place: undefined }],
    ]),
  );
}

/** JSON that is nested deeper is treated as invalid. */
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

/** Text that is not JSON has no fields, and no filter matches it. */
function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return null;
  }
}
