import { AwsError, type Host, type Input, type Operation, rejectUnknownMembers } from '../engine.ts';
import {
  addCosts,
  type Cost,
  capacityModes,
  consumedCapacity,
  meterRead,
  meterWrite,
  noCost,
  readUnits,
  transactional,
  writeCost,
} from './capacity.ts';
import type { Change } from './database.ts';
import { validation } from './errors.ts';
import {
  optionalChoice,
  optionalRecord,
  optionalString,
  rejectItemCollectionMetrics,
  requireList,
  requireRecord,
} from './input.ts';
import { type Context, onItems } from './permission.ts';
import type { Table } from './table.ts';
import type { Tokens } from './tokens.ts';
import {
  planWrite,
  readWrite,
  type WriteKind,
  type WriteRequest,
  writeActions,
  writeMembers,
} from './write.ts';

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html */
const actionsMax = 100;
const transactionMaxBytes = 4 * 1024 * 1024;

const kinds = Object.keys(writeActions) as readonly WriteKind[];

/** An action planned against its table. */
interface Planned {
  readonly table: Table;
  readonly kind: WriteKind;
  readonly change: Change;
}

interface Action {
  readonly kind: WriteKind;
  readonly request: WriteRequest;
}

/** One entry of `CancellationReasons`. */
type Reason = Readonly<{ Code: string; Message?: string; Item?: unknown }>;

export function transactWriteItems(context: Context, tokens: Tokens): Operation {
  return {
    permissions(input) {
      const items = Array.isArray(input.TransactItems) ? input.TransactItems : [];
      return items.flatMap((item: unknown) =>
        kinds.flatMap((kind) => {
          const action = (item as Readonly<Record<string, Input>> | null)?.[kind];
          if (action === undefined || action === null) return [];
          return [onItems(context, writeActions[kind], action.TableName, [action.Item ?? action.Key])];
        }),
      );
    },
    handle(input) {
      rejectUnknownMembers('TransactWriteItems', input, [
        'TransactItems',
        'ClientRequestToken',
        'ReturnConsumedCapacity',
        'ReturnItemCollectionMetrics',
      ]);
      rejectItemCollectionMetrics(input);
      const mode = optionalChoice(input, 'ReturnConsumedCapacity', capacityModes);
      const token = optionalString(input, 'ClientRequestToken');
      const actions = requireList(input, 'TransactItems', 1, actionsMax).map((item) =>
        readAction(context, requireRecord(item, 'TransactItems')),
      );
      const isRepeat = token !== undefined && tokens.isRepeat(token, input.TransactItems);
      const tables = actions.map(({ request }) => context.database.table(request.tableName));
      if (isRepeat) {
        const costs = actions.map(({ request }, index) => repeatCost(tables[index], request));
        meterCosts(context.host, costs, meterRead);
        return { ConsumedCapacity: capacities(mode, actions, costs, 'ReadCapacityUnits') };
      }

      const planned = plan(actions, tables);
      rejectTooLarge(planned);
      const costs = planned.map(({ table, change }) => transactional(writeCost(table, change)));
      // All writes happen in one turn of the event loop and one commit of the store: all or none.
      for (const { table, kind, change } of planned) {
        if (kind !== 'ConditionCheck') context.database.write(table, change);
      }
      if (token !== undefined) tokens.remember(token, input.TransactItems);
      meterCosts(context.host, costs, meterWrite);
      return { ConsumedCapacity: capacities(mode, actions, costs, 'WriteCapacityUnits') };
    },
  };
}

function readAction(context: Context, item: Input): Action {
  rejectUnknownMembers('TransactWriteItems', item, kinds);
  const present = kinds.filter((kind) => optionalRecord(item, kind) !== undefined);
  const [kind, second] = present;
  if (kind === undefined || second !== undefined) {
    throw validation('TransactItems can only contain one of Check, Put, Update or Delete');
  }
  const action = requireRecord(item[kind], kind);
  rejectUnknownMembers(`TransactWriteItems ${kind}`, action, writeMembers[kind]);
  if (kind === 'ConditionCheck' || kind === 'Update') {
    const needed = kind === 'Update' ? 'UpdateExpression' : 'ConditionExpression';
    if (optionalString(action, needed) === undefined) {
      throw validation(`The ${needed} of ${kind} is required but was not present in the request`);
    }
  }
  return { kind, request: readWrite(context, kind, action) };
}

/**
 * Plans every action against the current items. If one cannot be applied, none is, and the error lists the reasons in
 * the order of the actions. This engine answers in one turn, so it has no conflicts. To simulate one, add the reason
 * `TransactionConflict` here.
 */
function plan(actions: readonly Action[], tables: readonly (Table | undefined)[]): readonly Planned[] {
  const planned: Planned[] = [];
  const reasons: Reason[] = [];
  const seen = new Set<string>();
  for (const [index, { kind, request }] of actions.entries()) {
    const table = tables[index];
    if (table === undefined) throw new Error('Every action of a transaction has a table.');
    const reason = reasonAgainst(() => {
      rejectSecondUse(seen, table, request);
      planned.push({ table, kind, change: planWrite(table, request) });
    });
    reasons.push(reason ?? { Code: 'None' });
  }
  if (planned.length === actions.length) return planned;
  const codes = reasons.map((reason) => reason.Code).join(', ');
  throw new AwsError(
    'TransactionCanceledException',
    `Transaction cancelled, please refer cancellation reasons for specific reasons [${codes}]`,
    { members: { CancellationReasons: reasons } },
  );
}

function rejectSecondUse(seen: Set<string>, table: Table, request: WriteRequest): void {
  const use = `${request.tableName}\n${request.identify(table)}`;
  if (seen.has(use)) throw new SecondUse();
  seen.add(use);
}

class SecondUse extends AwsError {
  constructor() {
    super('ValidationException', 'Transaction request cannot include multiple operations on one item');
  }
}

/** Why an action cannot be applied; undefined when it can. */
function reasonAgainst(attempt: () => void): Reason | undefined {
  try {
    attempt();
    return undefined;
  } catch (error) {
    // Two actions on one item make the whole request invalid, not one action.
    if (!(error instanceof AwsError) || error instanceof SecondUse) throw error;
    switch (error.code) {
      case 'ConditionalCheckFailedException':
        return { Code: 'ConditionalCheckFailed', Message: error.message, ...error.members };
      case 'ValidationException':
        return { Code: 'ValidationError', Message: error.message };
      default:
        throw error;
    }
  }
}

function rejectTooLarge(planned: readonly Planned[]): void {
  let sizeBytes = 0;
  for (const { table, change } of planned) {
    sizeBytes += Math.max(change.afterSizeBytes, table.get(change.id)?.sizeBytes ?? 0);
  }
  if (sizeBytes > transactionMaxBytes) {
    throw validation('The aggregate size of the items in the transaction exceeds 4 MB');
  }
}

/** A repeated request is charged for reading the items. */
function repeatCost(table: Table | undefined, request: WriteRequest): Cost {
  const sizeBytes = table === undefined ? 0 : (table.get(request.identify(table))?.sizeBytes ?? 0);
  return transactional({ ...noCost, table: readUnits(sizeBytes, true) });
}

function meterCosts(host: Host, costs: readonly Cost[], meter: (host: Host, cost: Cost) => void): void {
  meter(host, costs.reduce(addCosts, noCost));
}

/** One `ConsumedCapacity` for each table. */
function capacities(
  mode: (typeof capacityModes)[number] | undefined,
  actions: readonly Action[],
  costs: readonly Cost[],
  kind: 'ReadCapacityUnits' | 'WriteCapacityUnits',
) {
  if (mode === undefined || mode === 'NONE') return undefined;
  const byTable = new Map<string, Cost>();
  for (const [index, { request }] of actions.entries()) {
    const sum = addCosts(byTable.get(request.tableName) ?? noCost, costs[index] ?? noCost);
    byTable.set(request.tableName, sum);
  }
  return [...byTable].map(([name, cost]) => consumedCapacity(mode, name, cost, kind));
}
