import middy from '@middy/core';
import type { DynamoDBBatchResponse, DynamoDBStreamEvent } from 'aws-lambda';
import { relay } from '../lib/app/relay.ts';
import { parseConfig } from '../lib/runtime/config.ts';
import type { BaseRuntime } from '../lib/runtime/runtime.ts';
import { createRefusedStore } from '../lib/runtime/stores/refused.ts';
import { createTransactionStore } from '../lib/runtime/stores/transactions.ts';
import { lazy, systemRuntime } from '../lib/runtime/system.ts';
import { createTable } from '../lib/runtime/table.ts';
import { publishTools } from './middleware/publish-tools.ts';

/** Consumes the stream of the bus table, of which its filter lets through the rows that wake it. */
export function create(runtime: BaseRuntime) {
  const config = parseConfig(runtime.env);
  const table = createTable(runtime, config);
  const tools = {
    ...publishTools(runtime, config),
    transactions: createTransactionStore(table),
    refused: createRefusedStore(table),
  };
  return middy<DynamoDBStreamEvent, DynamoDBBatchResponse>().handler(async (event) => {
    const rows = event.Records.map(({ dynamodb }) => ({
      pk: dynamodb?.Keys?.pk?.S ?? '',
      itemIdentifier: dynamodb?.SequenceNumber ?? '',
    }));
    const again = await relay(
      tools,
      rows.map(({ pk }) => pk),
    );
    // The stream goes on behind the first that is named, and brings again what is behind it.
    const first = rows.find(({ pk }) => again.has(pk));
    return {
      batchItemFailures: first === undefined ? [] : [{ itemIdentifier: first.itemIdentifier }],
    };
  });
}

export const handler = lazy(() => create(systemRuntime()));
