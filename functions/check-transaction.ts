import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import * as z from 'zod';
import { checkTransaction } from '../lib/app/transaction/check-transaction.ts';
import { open } from '../lib/runtime/open.ts';
import type { Runtime } from '../lib/runtime/runtime.ts';
import { checkSecrets, refused, transactions } from '../lib/runtime/stores.ts';
import { lazy } from '../lib/runtime/system.ts';
import { systemRuntimeWithHttp } from '../lib/runtime/system-http.ts';
import { publishing } from '../lib/runtime/tools.ts';

const bodySchema = z.object({ transaction: z.string() });

/** Consumes the timers of open transactions: a message each, which stays until its transaction is over. */
export function create(runtime: Runtime) {
  const tools = open(runtime, { ...publishing, checkSecrets, refused, transactions });
  return async (event: SQSEvent): Promise<SQSBatchResponse> => {
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
  };
}

export const handler = lazy(() => create(systemRuntimeWithHttp()));
