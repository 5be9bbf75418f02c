import type { DynamoDBBatchResponse, DynamoDBStreamEvent } from 'aws-lambda';
import { relayOutbox } from '../lib/app/relay/relay-outbox.ts';
import { relay } from '../lib/app/transaction/relay.ts';
import { outboxTableName } from '../lib/core/relay/outbox.ts';
import { open } from '../lib/runtime/open.ts';
import type { BaseRuntime } from '../lib/runtime/runtime.ts';
import { outbox, rates, refused, systemEvents, transactions } from '../lib/runtime/stores.ts';
import { lazy, systemRuntime } from '../lib/runtime/system.ts';
import { publishing } from '../lib/runtime/tools.ts';

/**
 * Consumes two streams: of the bus table, of which the filter lets through the rows that wake it, and of the outbox. A
 * batch is always of one.
 */
export function create(runtime: BaseRuntime) {
  const tools = open(runtime, { ...publishing, outbox, rates, refused, systemEvents, transactions });
  const ofOutbox = `:table/${outboxTableName(tools.prefix)}/stream/`;
  return async (event: DynamoDBStreamEvent): Promise<DynamoDBBatchResponse> => {
    const rows = event.Records.map(({ dynamodb }) => ({
      pk: dynamodb?.Keys?.pk?.S ?? '',
      itemIdentifier: dynamodb?.SequenceNumber ?? '',
    }));
    const pks = rows.map(({ pk }) => pk);
    const isOutbox = event.Records[0]?.eventSourceARN?.includes(ofOutbox) ?? false;
    const again = isOutbox ? await relayOutbox(tools, pks) : await relay(tools, pks);
    // The stream goes on behind the first that is named, and brings again what is behind it.
    const first = rows.find(({ pk }) => again.has(pk));
    return {
      batchItemFailures: first === undefined ? [] : [{ itemIdentifier: first.itemIdentifier }],
    };
  };
}

export const handler = lazy(() => create(systemRuntime()));
