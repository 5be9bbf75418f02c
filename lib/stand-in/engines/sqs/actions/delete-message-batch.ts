import type { Operation } from '../../engine.ts';
import { rejectUnknownMembers } from '../../engine.ts';
import { eachEntry, readEntries } from '../batch.ts';
import { requiredText } from '../input.ts';
import type { Sqs } from '../sqs.ts';

export function deleteMessageBatch(sqs: Sqs): Operation {
  return {
    permissions: (input) => [sqs.permission('DeleteMessage', input)],
    handle(input, caller) {
      rejectUnknownMembers('DeleteMessageBatch', input, ['QueueUrl', 'Entries']);
      const queue = sqs.queueOf(input);
      const entries = readEntries(input, 'DeleteMessageBatchRequestEntry');
      for (const entry of entries) {
        rejectUnknownMembers('DeleteMessageBatch', entry.input, ['Id', 'ReceiptHandle']);
      }
      sqs.bill(caller, queue, 0);
      return eachEntry(entries, (entry) => {
        queue.delete(requiredText(entry.input, 'ReceiptHandle'));
        return {};
      });
    },
  };
}
