import type { Operation } from '../../engine.ts';
import { rejectUnknownMembers } from '../../engine.ts';
import { eachEntry, readEntries } from '../batch.ts';
import type { Sqs } from '../sqs.ts';
import { change } from './change-message-visibility.ts';

export function changeMessageVisibilityBatch(sqs: Sqs): Operation {
  return {
    permissions: (input) => [sqs.permission('ChangeMessageVisibility', input)],
    handle(input, caller) {
      rejectUnknownMembers('ChangeMessageVisibilityBatch', input, ['QueueUrl', 'Entries']);
      const queue = sqs.queueOf(input);
      const entries = readEntries(input, 'ChangeMessageVisibilityBatchRequestEntry');
      for (const entry of entries) {
        rejectUnknownMembers('ChangeMessageVisibilityBatch', entry.input, [
          'Id',
          'ReceiptHandle',
          'VisibilityTimeout',
        ]);
      }
      sqs.bill(caller, queue, 0);
      return eachEntry(entries, (entry) => {
        change(queue, entry.input);
        return {};
      });
    },
  };
}
