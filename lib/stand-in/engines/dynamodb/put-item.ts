import { type Operation, refuseUnknownMembers } from '../engine.ts';
import { capacityModes } from './capacity.ts';
import { validation } from './errors.ts';
import { optionalChoice, refuseItemCollectionMetrics } from './input.ts';
import { type Context, onItems } from './permission.ts';
import { returnValueModes } from './update-item.ts';
import { makeWrite, readWrite } from './write.ts';

const members = [
  'TableName',
  'Item',
  'ConditionExpression',
  'ExpressionAttributeNames',
  'ExpressionAttributeValues',
  'ReturnValues',
  'ReturnValuesOnConditionCheckFailure',
  'ReturnConsumedCapacity',
  'ReturnItemCollectionMetrics',
];

export function putItem(context: Context): Operation {
  return {
    permissions: (input) => [onItems(context, 'PutItem', input.TableName, [input.Item])],
    handle(input) {
      refuseUnknownMembers('PutItem', input, members);
      refuseItemCollectionMetrics(input);
      const returned = optionalChoice(input, 'ReturnValues', returnValueModes);
      const request = readWrite(context, 'Put', input);
      if (returned !== undefined && returned !== 'NONE' && returned !== 'ALL_OLD') {
        throw validation('ReturnValues can only be ALL_OLD or NONE');
      }
      const mode = optionalChoice(input, 'ReturnConsumedCapacity', capacityModes);
      const { change, ConsumedCapacity } = makeWrite(context, request, mode);
      return { Attributes: returned === 'ALL_OLD' ? change.before : undefined, ConsumedCapacity };
    },
  };
}
