import type { Input } from '../engine.ts';
import { type Item, parseItem } from './attribute.ts';
import { type Cost, noCost, readUnits } from './capacity.ts';
import { Bindings, rejectStrayBindings } from './expressions/bindings.ts';
import { readProjection } from './expressions/index.ts';
import { project } from './expressions/path.ts';
import type { Path } from './expressions/syntax.ts';
import { requireRecord } from './input.ts';
import { checkKey, itemId, rejectPathsIntoKeys } from './key.ts';
import type { Table } from './table.ts';

/** A read of one item by its key. */
export interface ReadOne {
  readonly key: Item;
  readonly projection: readonly Path[] | undefined;
}

export function readOneRequest(input: Input): ReadOne {
  const key = parseItem(requireRecord(input.Key, 'Key'), 'Key');
  return { key, projection: readLoneProjection(input) };
}

/** The projection of a request that has no other expression. */
export function readLoneProjection(input: Input): readonly Path[] | undefined {
  rejectStrayBindings(input, ['ProjectionExpression']);
  const bindings = new Bindings(input);
  const projection = readProjection(input, bindings);
  bindings.rejectUnused();
  return projection;
}

/** The item (or its projected part) and the cost of reading it: half a unit even when there is no item. */
export function readOne(
  table: Table,
  { key, projection }: ReadOne,
  consistent: boolean,
): { readonly item: Item | undefined; readonly sizeBytes: number; readonly cost: Cost } {
  checkKey(table.definition, key);
  rejectPathsIntoKeys(table.definition, projection ?? []);
  const stored = table.get(itemId(table.definition, key));
  const sizeBytes = stored?.sizeBytes ?? 0;
  const item =
    stored === undefined || projection === undefined ? stored?.item : project(stored.item, projection);
  return { item, sizeBytes, cost: { ...noCost, table: readUnits(sizeBytes, consistent) } };
}
