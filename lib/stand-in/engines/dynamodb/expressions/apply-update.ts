import { type AttributeValue, attributeOf, type Item, setOwn } from '../attribute.ts';
import { validation } from '../errors.ts';
import { addNumbers, subtractNumbers } from '../number.ts';
import type { BoundUpdate, BoundValue } from './bind-update.ts';
import { valueAt } from './path.ts';
import type { Path } from './syntax.ts';

type MutableItem = Record<string, AttributeValue>;
/** A list during an update: removing an element leaves a hole, so every index keeps its meaning. */
type MutableList = (AttributeValue | undefined)[];

/**
 * The item after an update expression. Every operand reads the item as it was. The item itself is not modified,
 * because others hold it: containers on the path of a change are copied, everything else is shared.
 */
export function applyUpdate(item: Item, actions: BoundUpdate): Item {
  const values = actions.map((action) =>
    action.kind === 'REMOVE' ? undefined : evaluate(item, action.value),
  );
  const draft = new Draft(item);
  for (const [index, action] of actions.entries()) {
    const value = values[index];
    switch (action.kind) {
      case 'REMOVE':
        draft.replace(action.path, () => undefined);
        break;
      case 'SET':
        draft.replace(action.path, () => value);
        break;
      case 'ADD':
        draft.replace(action.path, (existing) => added(existing, value));
        break;
      case 'DELETE':
        draft.replace(action.path, (existing) => without(existing, value));
        break;
    }
  }
  return draft.finish();
}

class Draft {
  readonly #item: MutableItem;
  readonly #ownMaps = new Set<Item>();
  readonly #ownLists = new Set<MutableList>();

  constructor(item: Item) {
    this.#item = { ...item };
  }

  /** Replaces the value at a path with what `change` makes of it; undefined removes it. */
  replace(path: Path, change: (existing: AttributeValue | undefined) => AttributeValue | undefined): void {
    let container: MutableItem | MutableList = this.#item;
    for (const step of path.slice(0, -1)) container = this.#open(container, step);
    const last = path.at(-1);
    const existing = read(container, last);
    const value = change(existing);
    if (Array.isArray(container) && typeof last === 'number') {
      // A position beyond the end means the end: the holes before it close up.
      if (value !== undefined || last < container.length) container[last] = value;
    } else if (!Array.isArray(container) && typeof last === 'string') {
      if (value !== undefined) setOwn(container, last, value);
      else delete container[last];
    } else throw invalidPath();
  }

  /** The list or map at one step, as a copy that may be modified. */
  #open(container: MutableItem | MutableList, step: string | number): MutableItem | MutableList {
    const value = read(container, step);
    if (value === undefined) throw invalidPath();
    if ('M' in value) {
      if (this.#ownMaps.has(value.M)) return value.M as MutableItem;
      const copy: MutableItem = { ...value.M };
      this.#ownMaps.add(copy);
      write(container, step, { M: copy });
      return copy;
    }
    if ('L' in value) {
      if (this.#ownLists.has(value.L as MutableList)) return value.L as MutableList;
      const copy: MutableList = [...value.L];
      this.#ownLists.add(copy);
      write(container, step, { L: copy as AttributeValue[] });
      return copy;
    }
    throw invalidPath();
  }

  finish(): Item {
    for (const list of this.#ownLists) {
      const kept = list.filter((member) => member !== undefined);
      list.splice(0, list.length, ...kept);
    }
    return this.#item;
  }
}

function read(container: MutableItem | MutableList, step: string | number | undefined) {
  if (Array.isArray(container)) return typeof step === 'number' ? container[step] : undefined;
  return typeof step === 'string' ? attributeOf(container, step) : undefined;
}

function write(container: MutableItem | MutableList, step: string | number, value: AttributeValue): void {
  if (Array.isArray(container)) container[Number(step)] = value;
  else setOwn(container, String(step), value);
}

function evaluate(item: Item, value: BoundValue): AttributeValue {
  switch (value.kind) {
    case 'value':
      return value.value;
    case 'path': {
      const found = valueAt(item, value.path);
      if (found === undefined) {
        throw validation('The provided expression refers to an attribute that does not exist in the item');
      }
      return found;
    }
    case 'if_not_exists':
      return valueAt(item, value.path) ?? evaluate(item, value.otherwise);
    case 'list_append': {
      const first = evaluate(item, value.first);
      const second = evaluate(item, value.second);
      if (!('L' in first) || !('L' in second)) throw wrongType();
      return { L: [...first.L, ...second.L] };
    }
    case 'sum': {
      const left = evaluate(item, value.left);
      const right = evaluate(item, value.right);
      if (!('N' in left) || !('N' in right)) throw wrongType();
      return { N: value.operator === '+' ? addNumbers(left.N, right.N) : subtractNumbers(left.N, right.N) };
    }
  }
}

function added(existing: AttributeValue | undefined, value: AttributeValue | undefined) {
  if (existing === undefined || value === undefined) return value;
  if ('N' in value && 'N' in existing) return { N: addNumbers(existing.N, value.N) };
  if ('SS' in value && 'SS' in existing) return { SS: union(existing.SS, value.SS) };
  if ('NS' in value && 'NS' in existing) return { NS: union(existing.NS, value.NS) };
  if ('BS' in value && 'BS' in existing) return { BS: union(existing.BS, value.BS) };
  throw wrongType();
}

/** A set that loses its last member is removed: empty sets do not exist. */
function without(existing: AttributeValue | undefined, value: AttributeValue | undefined) {
  if (existing === undefined || value === undefined) return existing;
  if ('SS' in value && 'SS' in existing) return nonEmpty('SS', difference(existing.SS, value.SS));
  if ('NS' in value && 'NS' in existing) return nonEmpty('NS', difference(existing.NS, value.NS));
  if ('BS' in value && 'BS' in existing) return nonEmpty('BS', difference(existing.BS, value.BS));
  throw wrongType();
}

function nonEmpty(type: 'SS' | 'NS' | 'BS', members: readonly string[]): AttributeValue | undefined {
  return members.length === 0 ? undefined : ({ [type]: members } as AttributeValue);
}

function union(left: readonly string[], right: readonly string[]): readonly string[] {
  return [...new Set([...left, ...right])];
}

function difference(left: readonly string[], right: readonly string[]): readonly string[] {
  const taken = new Set(right);
  return left.filter((member) => !taken.has(member));
}

function wrongType() {
  return validation('An operand in the update expression has an incorrect data type');
}

function invalidPath() {
  return validation('The document path provided in the update expression is invalid for update');
}
