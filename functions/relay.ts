import middy from '@middy/core';
import type { DynamoDBBatchResponse, DynamoDBStreamEvent } from 'aws-lambda';
import { relayOutbox } from '../lib/app/relay/relay-outbox.ts';
import { relay } from '../lib/app/transaction/relay.ts';
import { outboxTableName } from '../lib/core/relay/outbox.ts';
import { createTable } from '../lib/runtime/aws/table/table.ts';
import { parseConfig } from '../lib/runtime/config.ts';
import type { BaseRuntime } from '../lib/runtime/runtime.ts';
import { createOutboxStore } from '../lib/runtime/stores/outbox.ts';
import { createRefusedStore } from '../lib/runtime/stores/refused.ts';
import { createTransactionStore } from '../lib/runtime/stores/transactions.ts';
import { lazy, systemRuntime } from '../lib/runtime/system.ts';
import { publishTools } from './middleware/publish-tools.ts';

/**
 * Consumes two streams: of the bus table, of which the filter lets through the rows that wake it, and of the outbox. A
 * batch is always of one.
 */
export function create(runtime: BaseRuntime) {
  const config = parseConfig(runtime.env);
  const table = createTable(runtime, config);
  const tools = {
    ...publishTools(runtime, config),
    transactions: createTransactionStore(table),
    refused: createRefusedStore(table),
    outbox: createOutboxStore(runtime, config),
  };
  const ofOutbox = `:table/${outboxTableName(config.prefix)}/stream/`;
  return middy<DynamoDBStreamEvent, DynamoDBBatchResponse>().handler(async (event) => {
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
  });
}

export const handler = lazy(() => create(systemRuntime()));
