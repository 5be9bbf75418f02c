import type { DynamoDBBatchResponse, DynamoDBStreamEvent } from 'aws-lambda';
import * as z from 'zod';
import { takeInEntries } from '../lib/app/relay/outbox-intake.ts';
import { createOutboxMove, findEntries, type Item, ownEntry } from '../lib/runtime/aws/outbox-move.ts';
import type { BaseRuntime } from '../lib/runtime/runtime.ts';
import { lazy, systemRuntime } from '../lib/runtime/system.ts';

const environmentSchema = z.object({
  BUSBAR_APPLICATION: z.string().min(1),
  BUSBAR_OUTBOX_TABLE: z.string().min(1),
  BUSBAR_OWN_TABLE: z.string().min(1),
  /** The names of the table's keys. */
  BUSBAR_OWN_KEYS: z.string().transform((text) => text.split(',')),
});

/**
 * Runs in a producer's stack: moves the outbox entries of its own table to the bus. Called by the stream of the table, and
 * by a schedule to look for what the stream lost.
 */
export function create(runtime: BaseRuntime) {
  const env = environmentSchema.parse(runtime.env);
  const own = { name: env.BUSBAR_OWN_TABLE, keyNames: env.BUSBAR_OWN_KEYS };
  const tools = {
    application: env.BUSBAR_APPLICATION,
    log: runtime.log,
    move: createOutboxMove(runtime, { own: own.name, outbox: env.BUSBAR_OUTBOX_TABLE }),
  };

  async function lookThrough(): Promise<void> {
    for await (const entries of findEntries(runtime, own)) {
      const left = await takeInEntries(
        tools,
        entries.map((entry) => ({ entry, sequenceNumber: undefined })),
      );
      if (left.size > 0) throw new Error(`${left.size} entries of ${own.name} could not be moved.`);
    }
  }

  return async ({ Records }: Partial<DynamoDBStreamEvent>): Promise<DynamoDBBatchResponse> => {
    if (Records === undefined) {
      await lookThrough();
      return { batchItemFailures: [] };
    }
    const left = await takeInEntries(
      tools,
      Records.map(({ dynamodb }) => ({
        entry: ownEntry((dynamodb?.Keys ?? {}) as Item, (dynamodb?.NewImage ?? {}) as Item),
        sequenceNumber: dynamodb?.SequenceNumber ?? '',
      })),
    );
    // The stream goes on behind the first that is named, and brings again what is behind it.
    const first = Records.find((_, place) => left.has(place));
    return {
      batchItemFailures:
        first === undefined ? [] : [{ itemIdentifier: first.dynamodb?.SequenceNumber ?? '' }],
    };
  };
}

export const handler = lazy(() => create(systemRuntime()));
