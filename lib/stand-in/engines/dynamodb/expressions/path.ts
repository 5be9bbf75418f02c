import { type AttributeValue, attributeOf, type Item, setOwn } from '../attribute.ts';
import { ExpressionError, type Path, shownPath } from './syntax.ts';

/** The value at a document path, or undefined. */
export function valueAt(item: Item, path: Path): AttributeValue | undefined {
  const [name, ...rest] = path;
  let value = typeof name === 'string' ? attributeOf(item, name) : undefined;
  for (const step of rest) {
    if (value === undefined) return undefined;
    if (typeof step === 'number') value = 'L' in value ? value.L[step] : undefined;
    else value = 'M' in value ? attributeOf(value.M, step) : undefined;
  }
  return value;
}

/** Rejects two paths of which one contains the other, or that treat the same place as a list and as a map. */
export function rejectOverlap(paths: readonly Path[]): void {
  for (const [index, second] of paths.entries()) {
    for (const first of paths.slice(0, index)) {
      const relation = relate(first, second);
      if (relation === undefined) continue;
      throw new ExpressionError(
        `Two document paths ${relation} with each other; must remove or rewrite one of these paths; ` +
          `path one: ${shownPath(first)}, path two: ${shownPath(second)}`,
      );
    }
  }
}

function relate(first: Path, second: Path): 'overlap' | 'conflict' | undefined {
  const shared = Math.min(first.length, second.length);
  for (let index = 0; index < shared; index++) {
    const [one, other] = [first[index], second[index]];
    if (typeof one !== typeof other) return 'conflict';
    if (one !== other) return undefined;
  }
  return 'overlap';
}

/** A part of an item while it is assembled from paths. List elements keep their order and close up at the end. */
type Draft =
  | { readonly kind: 'whole'; readonly value: AttributeValue }
  | { readonly kind: 'map'; readonly members: Map<string, Draft> }
  | { readonly kind: 'list'; readonly members: Map<number, Draft> };

/** The parts of an item at the given paths, in the form of the item. */
export function project(item: Item, paths: readonly Path[]): Item {
  const root = new Map<string, Draft>();
  for (const path of paths) {
    const value = valueAt(item, path);
    if (value !== undefined) plant(root, path, value);
  }
  return ripen(root);
}

function plant(root: Map<string, Draft>, path: Path, value: AttributeValue): void {
  let members: Map<string | number, Draft> = root as Map<string | number, Draft>;
  for (const [index, step] of path.entries()) {
    const next = path[index + 1];
    if (next === undefined) {
      members.set(step, { kind: 'whole', value });
      return;
    }
    let draft = members.get(step);
    if (draft === undefined) {
      draft =
        typeof next === 'number' ? { kind: 'list', members: new Map() } : { kind: 'map', members: new Map() };
      members.set(step, draft);
    }
    // The paths do not overlap, so no step on the way is a whole value.
    if (draft.kind === 'whole') throw new Error('Two projected paths overlap.');
    members = draft.members as Map<string | number, Draft>;
  }
}

function ripen(members: ReadonlyMap<string, Draft>): Item {
  const item: Record<string, AttributeValue> = {};
  for (const [name, draft] of members) setOwn(item, name, ripenValue(draft));
  return item;
}

function ripenValue(draft: Draft): AttributeValue {
  switch (draft.kind) {
    case 'whole':
      return draft.value;
    case 'map':
      return { M: ripen(draft.members) };
    case 'list':
      return {
        L: [...draft.members].sort(([left], [right]) => left - right).map(([, member]) => ripenValue(member)),
      };
  }
}
