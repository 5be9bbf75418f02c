import { type Operation, rejectUnknownMembers } from '../engine.ts';
import type { Item } from './attribute.ts';
import { capacityModes } from './capacity.ts';
import type { Change } from './database.ts';
import { validation } from './errors.ts';
import { project } from './expressions/path.ts';
import type { Path } from './expressions/syntax.ts';
import { optionalChoice, rejectItemCollectionMetrics } from './input.ts';
import { type Context, onItems } from './permission.ts';
import { makeWrite, readWrite, type WriteKind, writeActions, writeMembers } from './write.ts';

const returnValueModes = ['ALL_NEW', 'UPDATED_OLD', 'ALL_OLD', 'NONE', 'UPDATED_NEW'] as const;
type ReturnValues = (typeof returnValueModes)[number];

/** PutItem, UpdateItem or DeleteItem: a write of one item, which returns what the request asks to see of it. */
export function writeItem(context: Context, kind: Exclude<WriteKind, 'ConditionCheck'>): Operation {
  const action = writeActions[kind];
  const members = [
    ...writeMembers[kind],
    'ReturnValues',
    'ReturnConsumedCapacity',
    'ReturnItemCollectionMetrics',
  ];
  return {
    permissions: (input) => [
      onItems(context, action, input.TableName, [kind === 'Put' ? input.Item : input.Key]),
    ],
    handle(input) {
      rejectUnknownMembers(action, input, members);
      rejectItemCollectionMetrics(input);
      const returned = optionalChoice(input, 'ReturnValues', returnValueModes) ?? 'NONE';
      const request = readWrite(context, kind, input);
      if (kind !== 'Update' && returned !== 'NONE' && returned !== 'ALL_OLD') {
        throw validation('ReturnValues can only be ALL_OLD or NONE');
      }
      const mode = optionalChoice(input, 'ReturnConsumedCapacity', capacityModes);
      const { change, ConsumedCapacity } = makeWrite(context, request, mode);
      return { Attributes: attributesOf(returned, change, request.writtenPaths), ConsumedCapacity };
    },
  };
}

function attributesOf(
  returned: ReturnValues,
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

/** The parts that the update names; undefined when the item has none of them. */
function updated(item: Item | undefined, paths: readonly Path[]): Item | undefined {
  const parts = project(item ?? {}, paths);
  return Object.keys(parts).length === 0 ? undefined : parts;
}
