import { type Input, type Operation, rejectUnknownMembers } from '../engine.ts';
import {
  addCosts,
  type Cost,
  capacityModes,
  consumedCapacity,
  meterWrite,
  noCost,
  writeCost,
} from './capacity.ts';
import type { Change } from './database.ts';
import { constraint, validation } from './errors.ts';
import {
  optionalChoice,
  optionalRecord,
  rejectItemCollectionMetrics,
  requireRecord,
  tableNameOf,
} from './input.ts';
import { type Context, onItems } from './permission.ts';
import type { Table } from './table.ts';
import { planWrite, readWrite, type WriteRequest } from './write.ts';

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html */
const requestsMax = 25;
const batchMaxBytes = 16 * 1024 * 1024;
const mapValueRule = `Map value must satisfy constraint: [Member must have length less than or equal to ${requestsMax}, Member must have length greater than or equal to 1]`;

interface TableWrites {
  readonly table: Table;
  readonly changes: readonly Change[];
}

export function batchWriteItem(context: Context): Operation {
  return {
    permissions(input) {
      const { RequestItems } = input;
      if (typeof RequestItems !== 'object' || RequestItems === null) return [];
      return Object.entries(RequestItems).map(([name, requests]: [string, unknown]) =>
        onItems(context, 'BatchWriteItem', name, itemsOf(requests)),
      );
    },
    handle(input) {
      rejectUnknownMembers('BatchWriteItem', input, [
        'RequestItems',
        'ReturnConsumedCapacity',
        'ReturnItemCollectionMetrics',
      ]);
      rejectItemCollectionMetrics(input);
      const mode = optionalChoice(input, 'ReturnConsumedCapacity', capacityModes);
      const requests = readRequests(context, input);
      const writes = requests.map(([name, list]) => planWrites(context.database.table(name), list));
      let sizeBytes = 0;
      for (const change of writes.flatMap(({ changes }) => changes)) sizeBytes += change.afterSizeBytes;
      if (sizeBytes > batchMaxBytes) throw validation('The batch write request size exceeds 16 MB');
      const capacities = writes.map(({ table, changes }) => {
        let cost: Cost = noCost;
        for (const change of changes) {
          cost = addCosts(cost, writeCost(table, change));
          context.database.write(table, change);
        }
        meterWrite(context.host, cost);
        return consumedCapacity(mode, table.definition.tableName, cost);
      });
      return {
        UnprocessedItems: {},
        ConsumedCapacity: mode === undefined || mode === 'NONE' ? undefined : capacities,
      };
    },
  };
}

function readRequests(
  context: Context,
  input: Input,
): readonly (readonly [name: string, requests: readonly WriteRequest[]])[] {
  const tables = Object.entries(optionalRecord(input, 'RequestItems') ?? {});
  // Recorded, like the other messages here, by the tests of dynalite and by later captures of AWS.
  if (tables.length === 0) throw validation('The requestItems parameter is required for BatchWriteItem');
  let count = 0;
  return tables.map(([name, value]) => {
    if (!Array.isArray(value)) throw validation('RequestItems must hold a list for each table');
    if (value.length === 0 || value.length > requestsMax) {
      // AWS shows the requests themselves.
      const shown = `'{${name}=[${value.length} members]}'`;
      throw constraint('requestItems', shown, mapValueRule);
    }
    count += value.length;
    if (count > requestsMax) throw validation('Too many items requested for the BatchWriteItem call');
    const tableName = tableNameOf(context.host, name);
    return [
      tableName,
      value.map((request: unknown) =>
        readRequest(context, tableName, requireRecord(request, 'RequestItems')),
      ),
    ];
  });
}

function readRequest(context: Context, tableName: string, request: Input): WriteRequest {
  rejectUnknownMembers('BatchWriteItem', request, ['PutRequest', 'DeleteRequest']);
  const put = optionalRecord(request, 'PutRequest');
  const remove = optionalRecord(request, 'DeleteRequest');
  if ((put === undefined) === (remove === undefined)) {
    throw validation(
      'Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes',
    );
  }
  if (put !== undefined) {
    rejectUnknownMembers('BatchWriteItem', put, ['Item']);
    return readWrite(context, 'Put', { TableName: tableName, Item: put.Item });
  }
  rejectUnknownMembers('BatchWriteItem', remove ?? {}, ['Key']);
  return readWrite(context, 'Delete', { TableName: tableName, Key: remove?.Key });
}

function planWrites(table: Table, requests: readonly WriteRequest[]): TableWrites {
  const changes = requests.map((request) => planWrite(table, request));
  const ids = new Set(changes.map((change) => change.id));
  if (ids.size < changes.length) {
    throw validation('Provided list of item keys contains duplicates');
  }
  return { table, changes };
}

function itemsOf(requests: unknown): readonly unknown[] {
  if (!Array.isArray(requests)) return [];
  return requests.map((request: { PutRequest?: Input; DeleteRequest?: Input } | null) => {
    return request?.PutRequest?.Item ?? request?.DeleteRequest?.Key;
  });
}
