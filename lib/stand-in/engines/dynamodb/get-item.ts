import { type Operation, rejectUnknownMembers } from '../engine.ts';
import { capacityModes, consumedCapacity, meterRead } from './capacity.ts';
import { optionalBoolean, optionalChoice, requireTableName } from './input.ts';
import { type Context, onItems } from './permission.ts';
import { readOne, readOneRequest } from './read.ts';

const members = [
  'TableName',
  'Key',
  'ConsistentRead',
  'ProjectionExpression',
  'ExpressionAttributeNames',
  'ReturnConsumedCapacity',
];

export function getItem(context: Context): Operation {
  return {
    permissions: (input) => [onItems(context, 'GetItem', input.TableName, [input.Key])],
    handle(input) {
      rejectUnknownMembers('GetItem', input, members);
      const tableName = requireTableName(context.host, input);
      const request = readOneRequest(input);
      const consistent = optionalBoolean(input, 'ConsistentRead') ?? false;
      const mode = optionalChoice(input, 'ReturnConsumedCapacity', capacityModes);
      const { item, cost } = readOne(context.database.table(tableName), request, consistent);
      meterRead(context.host, cost);
      return { Item: item, ConsumedCapacity: consumedCapacity(mode, tableName, cost) };
    },
  };
}
