import { AwsError, type Input } from '../engine.ts';
import {
  batchEntryIdsNotDistinct,
  emptyBatch,
  invalidBatchEntryId,
  missingParameter,
  tooManyEntries,
} from './errors.ts';
import { structures, text } from './input.ts';
import { limits } from './limits.ts';

export interface Entry {
  readonly id: string;
  readonly input: Input;
}

/** The entries of a batch request. Throws for errors of the batch as a whole. */
export function readEntries(input: Input, entryType: string): readonly Entry[] {
  const inputs = structures(input, 'Entries') ?? [];
  if (inputs.length === 0) throw emptyBatch(entryType);
  if (inputs.length > limits.batchEntriesMax) throw tooManyEntries(inputs.length);
  const seen = new Set<string>();
  return inputs.map((entry) => {
    const id = text(entry, 'Id');
    if (id === undefined) throw missingParameter('Id');
    if (!/^[A-Za-z0-9_-]+$/.test(id) || id.length > limits.batchEntryIdLengthMax) throw invalidBatchEntryId();
    if (seen.has(id)) throw batchEntryIdsNotDistinct(id);
    seen.add(id);
    return { id, input: entry };
  });
}

/** Answers with a result for each entry: a batch succeeds even when entries fail. Empty lists are left out. */
export function eachEntry(
  entries: readonly Entry[],
  act: (entry: Entry) => Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const successful: unknown[] = [];
  const failed: unknown[] = [];
  for (const entry of entries) {
    try {
      successful.push({ Id: entry.id, ...act(entry) });
    } catch (error) {
      // An AWS error becomes the result of the entry; anything else is a fault of the engine.
      if (!(error instanceof AwsError) || error.code === 'NotImplemented') throw error;
      failed.push({
        Id: entry.id,
        SenderFault: error.status < 500,
        Code: error.queryCode ?? error.code,
        Message: error.message,
      });
    }
  }
  return {
    ...(successful.length === 0 ? {} : { Successful: successful }),
    ...(failed.length === 0 ? {} : { Failed: failed }),
  };
}
