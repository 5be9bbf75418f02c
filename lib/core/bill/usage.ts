import { type Bill, billOf } from './bill.ts';

/** What an application used in a month, as its statistics count it. */
export interface Usage {
  /** Publish requests, and what their function was busy for. */
  readonly requests: number;
  readonly publishMs: number;
  /** Events that were accepted, and their bytes. */
  readonly accepted: number;
  readonly bytes: number;
  /** Batches of deliveries, and what their function was busy for. */
  readonly batches: number;
  readonly deliverMs: number;
  readonly delivered: number;
  readonly failed: number;
  readonly deadLettered: number;
}

/** Of the functions that publish and deliver, in megabytes (decision 064). */
export const memoryMb = { publish: 512, deliver: 256 };
const requestBytes = 64 * 1024;

/**
 * What AWS charges for what an application published and received: an estimate of the variable cost, at list prices.
 *
 * - A publish request: one request of the API, one of Lambda, and the time of the function.
 * - An accepted event: its share of a write to the queues, one request for each ten events or 64 KB.
 * - A batch of deliveries: one request of Lambda, the time of the function, and two requests of SQS (receive, delete).
 * - A failed attempt: two write units (its record) and two requests of SQS (hide, receive again).
 * - A dead letter: a request of SQS and two write units.
 *
 * Not in it: what waits in a table (held, delayed), transfer, storage, and what the bus costs while nothing happens.
 */
export function usageBill(usage: Usage): Bill {
  const { requests, publishMs, accepted, bytes, batches, deliverMs, failed, deadLettered } = usage;
  const megabyteMs = publishMs * memoryMb.publish + deliverMs * memoryMb.deliver;
  return billOf({
    'apigateway.requests': requests,
    'lambda.requests': requests + batches,
    'lambda.gb-seconds': megabyteMs / 1024 / 1000,
    'sqs.requests': Math.max(accepted / 10, bytes / requestBytes) + batches * 2 + failed * 2 + deadLettered,
    'dynamodb.write-units': failed * 2 + deadLettered * 2,
  });
}
