import { isObject } from '../members.ts';

/**
 * Reads what a function answers under `ReportBatchItemFailures`, and returns the failed identifiers. An empty or null
 * answer, or an empty or null list, is a full success; so is a bare `[]` (recorded for streams). Anything malformed fails the whole batch: an identifier that
 * is empty, null, under a wrong key, or not of this batch.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting
 */
export function failedItems(payload: string, batch: ReadonlySet<string>): ReadonlySet<string> {
  const answer: unknown = JSON.parse(payload);
  if (answer === null || answer === '' || (Array.isArray(answer) && answer.length === 0)) return new Set();
  if (!isObject(answer)) return batch;
  const failures = answer.batchItemFailures;
  if (failures === undefined || failures === null) return new Set();
  if (!Array.isArray(failures)) return batch;
  const failed = new Set<string>();
  for (const failure of failures as readonly unknown[]) {
    const identifier = isObject(failure) ? failure.itemIdentifier : undefined;
    if (typeof identifier !== 'string' || !batch.has(identifier)) return batch;
    failed.add(identifier);
  }
  return failed;
}
