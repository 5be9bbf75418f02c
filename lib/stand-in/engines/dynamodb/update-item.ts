import { type Operation, refuseUnknownMembers } from '../engine.ts';
import type { Item } from './attribute.ts';
import { capacityModes } from './capacity.ts';
import type { Change } from './database.ts';
import { project } from './expressions/path.ts';
import type { Path } from './expressions/syntax.ts';
import { optionalChoice, refuseItemCollectionMetrics } from './input.ts';
import { type Context, onItems } from './permission.ts';
import { makeWrite, readWrite } from './write.ts';

const members = [
  'TableName',
  'Key',
  'UpdateExpression',
  'ConditionExpression',
  'ExpressionAttributeNames',
  'ExpressionAttributeValues',
  'ReturnValues',
  'ReturnValuesOnConditionCheckFailure',
  'ReturnConsumedCapacity',
  'ReturnItemCollectionMetrics',
];

export const returnValueModes = ['ALL_NEW', 'UPDATED_OLD', 'ALL_OLD', 'NONE', 'UPDATED_NEW'] as const;

export function updateItem(context: Context): Operation {
  return {
    permissions: (input) => [onItems(context, 'UpdateItem', input.TableName, [input.Key])],
    handle(input) {
      refuseUnknownMembers('UpdateItem', input, members);
      refuseItemCollectionMetrics(input);
      const returned = optionalChoice(input, 'ReturnValues', returnValueModes) ?? 'NONE';
      const request = readWrite(context, 'Update', input);
      const mode = optionalChoice(input, 'ReturnConsumedCapacity', capacityModes);
      const { change, ConsumedCapacity } = makeWrite(context, request, mode);
      return { Attributes: attributesOf(returned, change, request.writtenPaths), ConsumedCapacity };
    },
  };
}

function attributesOf(
  returned: (typeof returnValueModes)[number],
  { before, after }: Change,
  paths: readonly Path[],
): Item | undefined {
  switch (returned) {
    case 'NONE':
      return undefined;
    case 'ALL_OLD':
      return before;
    case 'ALL_NEW':
      return after;
    case 'UPDATED_OLD':
      return updated(before, paths);
    case 'UPDATED_NEW':
      return updated(after, paths);
  }
}

/** The parts that the update named; no member at all where none of them is there. */
function updated(item: Item | undefined, paths: readonly Path[]): Item | undefined {
  const parts = project(item ?? {}, paths);
  return Object.keys(parts).length === 0 ? undefined : parts;
}
