import middy from '@middy/core';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import * as z from 'zod';
import { checkTransaction } from '../lib/app/transaction/check-transaction.ts';
import { createTable } from '../lib/runtime/aws/table/table.ts';
import { parseConfig } from '../lib/runtime/config.ts';
import type { Runtime } from '../lib/runtime/runtime.ts';
import { createCheckSecretStore } from '../lib/runtime/stores/check-secrets.ts';
import { createRefusedStore } from '../lib/runtime/stores/refused.ts';
import { createTransactionStore } from '../lib/runtime/stores/transactions.ts';
import { lazy } from '../lib/runtime/system.ts';
import { systemRuntimeWithHttp } from '../lib/runtime/system-http.ts';
import { publishTools } from './middleware/publish-tools.ts';

const bodySchema = z.object({ transaction: z.string() });

/** Consumes the timers of open transactions: a message each, which stays until its transaction is over. */
export function create(runtime: Runtime) {
  const config = parseConfig(runtime.env);
  const table = createTable(runtime, config);
  const tools = {
    ...publishTools(runtime, config),
    http: runtime.http,
    transactions: createTransactionStore(table),
    checkSecrets: createCheckSecretStore(table),
    refused: createRefusedStore(table),
  };
  return middy<SQSEvent, SQSBatchResponse>().handler(async (event) => {
    const kept = await Promise.all(
      event.Records.map(async ({ messageId, receiptHandle, body, attributes }) => {
        try {
          const timer = { ...bodySchema.parse(JSON.parse(body)), sentAtMs: Number(attributes.SentTimestamp) };
          const seconds = await checkTransaction(tools, timer);
          return seconds === undefined ? undefined : { messageId, receiptHandle, seconds };
        } catch (error) {
          // One that fails must not cost the others of its batch their outcome.
          runtime.log('error', 'A transaction could not be looked at', { messageId, reason: String(error) });
          return { messageId, receiptHandle, seconds: 60 };
        }
      }),
    );
    const waiting = kept.filter((one) => one !== undefined);
    for (const [at, failure] of (await tools.queues.hide('transactions', waiting)).entries()) {
      // It comes back when its visibility runs out, and is looked at then.
      if (failure === undefined) continue;
      runtime.log('warn', 'A timer could not be hidden', {
        messageId: waiting[at]?.messageId,
        reason: failure.reason,
      });
    }
    return { batchItemFailures: waiting.map(({ messageId }) => ({ itemIdentifier: messageId })) };
  });
}

export const handler = lazy(() => create(systemRuntimeWithHttp()));
