import { type Input, type Operation, rejectUnknownMembers } from '../engine.ts';
import { type Item, parseItem } from './attribute.ts';
import { addCosts, type Cost, capacityModes, consumedCapacity, meterRead, noCost } from './capacity.ts';
import { validation } from './errors.ts';
import type { Path } from './expressions/syntax.ts';
import {
  checkLength,
  optionalBoolean,
  optionalChoice,
  requireList,
  requireRecord,
  tableNameOf,
} from './input.ts';
import { checkKey, itemId } from './key.ts';
import { type Context, onItems } from './permission.ts';
import { readLoneProjection, readOne } from './read.ts';
import type { Table } from './table.ts';

const tableMembers = ['Keys', 'ConsistentRead', 'ProjectionExpression', 'ExpressionAttributeNames'];

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html */
const keysMax = 100;
const answerMaxBytes = 16 * 1024 * 1024;

interface TableReads {
  readonly tableName: string;
  readonly request: Input;
  readonly keys: readonly Item[];
  readonly projection: readonly Path[] | undefined;
  readonly consistent: boolean;
}

export function batchGetItem(context: Context): Operation {
  return {
    permissions(input) {
      const { RequestItems } = input;
      if (typeof RequestItems !== 'object' || RequestItems === null) return [];
      return Object.entries(RequestItems).map(([name, request]: [string, unknown]) => {
        const keys = (request as Input | null)?.Keys;
        return onItems(context, 'BatchGetItem', name, Array.isArray(keys) ? keys : []);
      });
    },
    handle(input) {
      rejectUnknownMembers('BatchGetItem', input, ['RequestItems', 'ReturnConsumedCapacity']);
      const mode = optionalChoice(input, 'ReturnConsumedCapacity', capacityModes);
      const reads = readRequests(context, input);
      const planned = reads.map((read) => ({ read, table: context.database.table(read.tableName) }));
      for (const { read, table } of planned) rejectDuplicates(table, read.keys);

      let answerBytes = 0;
      const responses: Record<string, Item[]> = {};
      const unprocessed: Record<string, Input> = {};
      const capacities = planned.map(({ read, table }) => {
        const items: Item[] = [];
        const left: Item[] = [];
        let cost: Cost = noCost;
        for (const key of read.keys) {
          const found = readOne(table, { key, projection: read.projection }, read.consistent);
          // Keys that do not fit into 16 MB are returned as unprocessed; the caller asks for them again.
          if (answerBytes + found.sizeBytes > answerMaxBytes) {
            left.push(key);
            continue;
          }
          answerBytes += found.sizeBytes;
          cost = addCosts(cost, found.cost);
          if (found.item !== undefined) items.push(found.item);
        }
        responses[read.tableName] = items;
        if (left.length > 0) unprocessed[read.tableName] = { ...read.request, Keys: left };
        meterRead(context.host, cost);
        return consumedCapacity(mode, read.tableName, cost);
      });
      return {
        Responses: responses,
        UnprocessedKeys: unprocessed,
        ConsumedCapacity: mode === undefined || mode === 'NONE' ? undefined : capacities,
      };
    },
  };
}

function readRequests({ host }: Context, input: Input): readonly TableReads[] {
  const requests = Object.entries(requireRecord(input.RequestItems, 'RequestItems'));
  checkLength('RequestItems', requests.length, 1, keysMax);
  let count = 0;
  return requests.map(([name, value]) => {
    const request = requireRecord(value, 'RequestItems');
    rejectUnknownMembers('BatchGetItem', request, tableMembers);
    const keys = requireList(request, 'Keys', 1, keysMax).map((key) => parseItem(key, 'Keys'));
    count += keys.length;
    if (count > keysMax) throw validation('Too many items requested for the BatchGetItem call');
    return {
      tableName: tableNameOf(host, name),
      request,
      keys,
      projection: readLoneProjection(request),
      consistent: optionalBoolean(request, 'ConsistentRead') ?? false,
    };
  });
}

function rejectDuplicates(table: Table, keys: readonly Item[]): void {
  const ids = new Set<string>();
  for (const key of keys) {
    checkKey(table.definition, key);
    ids.add(itemId(table.definition, key));
  }
  if (ids.size < keys.length) throw validation('Provided list of item keys contains duplicates');
}
