import { AwsError, type Service } from '../../lib/stand-in/engines/engine.ts';
import type { TestBus } from './bus.ts';

/**
 * Faults of AWS calls, so that a test can break off a walk at each of its steps: the call does not happen (`before`),
 * it happens and its answer is lost (`after`), or the process dies there, so that no call of it follows (`death`).
 */
export const faultKinds = ['before', 'after', 'death'] as const;
export type FaultKind = (typeof faultKinds)[number];

/** Every call by which something is changed or learned on these walks; polling and deliveries are not broken. */
const operations: readonly `${Service}.${string}`[] = [
  'dynamodb.TransactWriteItems',
  'dynamodb.PutItem',
  'dynamodb.UpdateItem',
  'dynamodb.DeleteItem',
  'dynamodb.BatchWriteItem',
  'dynamodb.GetItem',
  'dynamodb.Query',
  'dynamodb.Scan',
  'sns.PublishBatch',
  'sqs.SendMessageBatch',
  'sqs.ChangeMessageVisibilityBatch',
];

export interface Fault {
  /** How many calls there were. */
  readonly calls: readonly string[];
  heal(): void;
}

/** Has the call with this number fail, counted from 0; -1 for none. */
export function inject(bus: Pick<TestBus, 'intercept' | 'restore'>, at: number, kind: FaultKind): Fault {
  const calls: string[] = [];
  const away = () => new AwsError('InternalServerError', 'The fault of this test', { status: 500 });
  for (const operation of operations) {
    bus.intercept(operation, async (_, next) => {
      const number = calls.push(operation) - 1;
      if (at < 0 || number < at || (number > at && kind !== 'death')) return await next();
      if (kind === 'after' && number === at) await next();
      throw away();
    });
  }
  return {
    calls,
    heal: () => {
      for (const operation of operations) bus.restore(operation);
    },
  };
}
