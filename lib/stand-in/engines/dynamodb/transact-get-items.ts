import { AwsError, type Input, type Operation, rejectUnknownMembers } from '../engine.ts';
import {
  addCosts,
  type Cost,
  capacityModes,
  consumedCapacity,
  meterRead,
  noCost,
  transactional,
} from './capacity.ts';
import { validation } from './errors.ts';
import { optionalChoice, requireList, requireRecord, requireTableName } from './input.ts';
import { itemId } from './key.ts';
import { type Context, onItems } from './permission.ts';
import { readOne, readOneRequest } from './read.ts';

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactGetItems.html */
const getsMax = 100;
const answerMaxBytes = 4 * 1024 * 1024;

const getMembers = ['TableName', 'Key', 'ProjectionExpression', 'ExpressionAttributeNames'];

export function transactGetItems(context: Context): Operation {
  return {
    permissions(input) {
      const items = Array.isArray(input.TransactItems) ? input.TransactItems : [];
      return items.map((item: { Get?: Input } | null) =>
        onItems(context, 'GetItem', item?.Get?.TableName, [item?.Get?.Key]),
      );
    },
    handle(input) {
      rejectUnknownMembers('TransactGetItems', input, ['TransactItems', 'ReturnConsumedCapacity']);
      const mode = optionalChoice(input, 'ReturnConsumedCapacity', capacityModes);
      const gets = requireList(input, 'TransactItems', 1, getsMax).map((item) => {
        const entry = requireRecord(item, 'TransactItems');
        rejectUnknownMembers('TransactGetItems', entry, ['Get']);
        const get = requireRecord(entry.Get, 'Get');
        rejectUnknownMembers('TransactGetItems Get', get, getMembers);
        return { tableName: requireTableName(context.host, get), request: readOneRequest(get) };
      });
      const tables = gets.map(({ tableName }) => context.database.table(tableName));

      const seen = new Set<string>();
      const byTable = new Map<string, Cost>();
      const reasons: { Code: string; Message?: string }[] = [];
      const responses: { Item?: unknown }[] = [];
      let answerBytes = 0;
      for (const [index, { tableName, request }] of gets.entries()) {
        const table = tables[index];
        if (table === undefined) throw new Error('Every get of a transaction has a table.');
        try {
          const { item, cost, sizeBytes } = readOne(table, request, true);
          const use = `${tableName}\n${itemId(table.definition, request.key)}`;
          seen.add(use);
          answerBytes += sizeBytes;
          byTable.set(tableName, addCosts(byTable.get(tableName) ?? noCost, transactional(cost)));
          responses.push(item === undefined ? {} : { Item: item });
          reasons.push({ Code: 'None' });
        } catch (error) {
          if (!(error instanceof AwsError) || error.code !== 'ValidationException') throw error;
          reasons.push({ Code: 'ValidationError', Message: error.message });
        }
      }
      if (responses.length < gets.length) throw cancelled(reasons);
      if (seen.size < gets.length) {
        throw validation('Transaction request cannot include multiple operations on one item');
      }
      if (answerBytes > answerMaxBytes) {
        throw validation('The aggregate size of the items in the transaction exceeds 4 MB');
      }
      for (const cost of byTable.values()) meterRead(context.host, cost);
      return {
        Responses: responses,
        ConsumedCapacity:
          mode === undefined || mode === 'NONE'
            ? undefined
            : [...byTable].map(([name, cost]) => consumedCapacity(mode, name, cost, 'ReadCapacityUnits')),
      };
    },
  };
}

function cancelled(reasons: readonly { Code: string }[]): AwsError {
  const codes = reasons.map((reason) => reason.Code).join(', ');
  return new AwsError(
    'TransactionCanceledException',
    `Transaction cancelled, please refer cancellation reasons for specific reasons [${codes}]`,
    { members: { CancellationReasons: reasons } },
  );
}
