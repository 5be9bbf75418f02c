import type { Host, Input } from '../engine.ts';
import { AwsError } from '../engine.ts';
import { type Item, parseItem } from './attribute.ts';
import {
  type CapacityMode,
  consumedCapacity,
  meterWrite,
  noCost,
  writeCost,
  writeUnits,
} from './capacity.ts';
import type { Change } from './database.ts';
import { keyNamesOf } from './definition.ts';
import { conditionFailed, invalidValues, validation } from './errors.ts';
import { applyUpdate } from './expressions/apply-update.ts';
import type { BoundCondition } from './expressions/bind-condition.ts';
import { knownType } from './expressions/bind-update.ts';
import { Bindings, rejectStrayBindings } from './expressions/bindings.ts';
import { satisfies } from './expressions/evaluate.ts';
import { conditionPaths, readCondition, readUpdate, updatePaths } from './expressions/index.ts';
import type { Path } from './expressions/syntax.ts';
import { optionalChoice, requireRecord, requireTableName } from './input.ts';
import {
  checkIndexKeys,
  checkIndexKeyType,
  checkItemKeys,
  checkKey,
  itemId,
  rejectPathsIntoKeys,
} from './key.ts';
import type { Context } from './permission.ts';
import { itemSizeBytes, itemSizeMaxBytes } from './size.ts';
import type { Table } from './table.ts';

/**
 * A write as requested, validated as far as possible without its table. Reading the request throws
 * `ValidationException`. Checks against the table and the item come later, because a transaction reports their errors
 * as cancellation reasons.
 */
export interface WriteRequest {
  readonly tableName: string;
  readonly condition: BoundCondition | undefined;
  readonly returnOldOnFailure: boolean;
  /** The paths that an update writes to. */
  readonly writtenPaths: readonly Path[];
  /** Checks the request against the schema of the table, and returns the id of the item. */
  identify(table: Table): string;
  /** The item after the write; undefined when it is deleted. */
  next(table: Table, before: Item | undefined): Item | undefined;
}

export type WriteKind = 'Put' | 'Update' | 'Delete' | 'ConditionCheck';

/** The action that IAM must allow for each write. */
export const writeActions = {
  Put: 'PutItem',
  Update: 'UpdateItem',
  Delete: 'DeleteItem',
  ConditionCheck: 'ConditionCheckItem',
} as const satisfies Readonly<Record<WriteKind, string>>;

const commonMembers = [
  'TableName',
  'ConditionExpression',
  'ExpressionAttributeNames',
  'ExpressionAttributeValues',
  'ReturnValuesOnConditionCheckFailure',
];
/** The members that `readWrite` reads for each kind. */
export const writeMembers: Readonly<Record<WriteKind, readonly string[]>> = {
  Put: [...commonMembers, 'Item'],
  Update: [...commonMembers, 'Key', 'UpdateExpression'],
  Delete: [...commonMembers, 'Key'],
  ConditionCheck: [...commonMembers, 'Key'],
};

const expressionMembers: Readonly<Record<WriteKind, readonly string[]>> = {
  Put: ['ConditionExpression'],
  Update: ['UpdateExpression', 'ConditionExpression'],
  Delete: ['ConditionExpression'],
  ConditionCheck: ['ConditionExpression'],
};

/** Reads the members that a single write and an action of a transaction share. */
export function readWrite(context: Context, kind: WriteKind, input: Input): WriteRequest {
  const tableName = requireTableName(context.host, input);
  const given = kind === 'Put' ? 'Item' : 'Key';
  const itemOrKey = parseItem(requireRecord(input[given], given), given);
  rejectStrayBindings(input, expressionMembers[kind]);
  const bindings = new Bindings(input);
  const update = kind === 'Update' ? (readUpdate(input, bindings) ?? []) : [];
  const condition = readCondition(input, 'ConditionExpression', bindings);
  bindings.rejectUnused();
  const returnOldOnFailure =
    optionalChoice(input, 'ReturnValuesOnConditionCheckFailure', ['ALL_OLD', 'NONE']) === 'ALL_OLD';
  const writtenPaths = update.map((action) => action.path);
  if (kind === 'Put' && itemSizeBytes(itemOrKey) > itemSizeMaxBytes) {
    throw validation('Item size has exceeded the maximum allowed size');
  }

  return {
    tableName,
    condition,
    returnOldOnFailure,
    writtenPaths,
    identify(table) {
      const { definition } = table;
      if (kind === 'Put') checkItemKeys(definition, itemOrKey);
      else checkKey(definition, itemOrKey);
      for (const name of keyNamesOf(definition.key)) {
        if (writtenPaths.some(([first]) => first === name)) {
          throw invalidValues(`Cannot update attribute ${name}. This attribute is part of the key`);
        }
      }
      for (const action of update) {
        const [name, ...rest] = action.path;
        const type = action.kind === 'REMOVE' ? undefined : knownType(action.value);
        if (typeof name === 'string' && rest.length === 0 && type !== undefined) {
          checkIndexKeyType(definition, name, type);
        }
      }
      rejectPathsIntoKeys(definition, [...conditionPaths(condition), ...updatePaths(update)]);
      return itemId(definition, itemOrKey);
    },
    next(table, before) {
      switch (kind) {
        case 'Put':
          return itemOrKey;
        case 'Delete':
          return undefined;
        case 'ConditionCheck':
          return before;
        case 'Update': {
          const after = applyUpdate(before ?? itemOrKey, update);
          checkIndexKeys(table.definition, after, before);
          return after;
        }
      }
    },
  };
}

/** Throws when the condition of a write does not hold. The error carries what the caller may see of the item. */
function checkCondition(request: WriteRequest, before: Item | undefined): void {
  if (request.condition === undefined || satisfies(before ?? {}, request.condition)) return;
  throw conditionFailed(request.returnOldOnFailure ? before : undefined);
}

/** Plans a write without applying it. Throws when the condition or the content of the item forbids it. */
export function planWrite(table: Table, request: WriteRequest): Change {
  const id = request.identify(table);
  const before = table.get(id)?.item;
  checkCondition(request, before);
  const after = request.next(table, before);
  const afterSizeBytes = after === undefined ? 0 : itemSizeBytes(after);
  if (afterSizeBytes > itemSizeMaxBytes) {
    throw validation('Item size to update has exceeded the maximum allowed size');
  }
  return { id, before, after, afterSizeBytes };
}

export interface WriteResult {
  readonly change: Change;
  readonly ConsumedCapacity: ReturnType<typeof consumedCapacity>;
}

/** Applies and charges a single write. A failed condition costs as much as the write would have. */
export function makeWrite(
  context: Context,
  request: WriteRequest,
  mode: CapacityMode | undefined,
): WriteResult {
  const table = context.database.table(request.tableName);
  const change = planCharged(context.host, table, request);
  const cost = writeCost(table, change);
  context.database.write(table, change);
  meterWrite(context.host, cost);
  return { change, ConsumedCapacity: consumedCapacity(mode, request.tableName, cost) };
}

function planCharged(host: Host, table: Table, request: WriteRequest): Change {
  try {
    return planWrite(table, request);
  } catch (error) {
    if (error instanceof AwsError && error.code === 'ConditionalCheckFailedException') {
      const sizeBytes = table.get(request.identify(table))?.sizeBytes ?? 0;
      meterWrite(host, { ...noCost, table: writeUnits(sizeBytes) });
    }
    throw error;
  }
}
