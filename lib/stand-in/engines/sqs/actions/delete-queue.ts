import type { Operation } from '../../engine.ts';
import { rejectUnknownMembers } from '../../engine.ts';
import type { Sqs } from '../sqs.ts';

/** Deletes a queue with its messages at once. Long polls on it end empty. */
export function deleteQueue(sqs: Sqs): Operation {
  return {
    permissions: (input) => [sqs.permission('DeleteQueue', input)],
    handle(input, caller) {
      rejectUnknownMembers('DeleteQueue', input, ['QueueUrl']);
      const queue = sqs.queueOf(input);
      sqs.bill(caller, queue, 0);
      sqs.delete(queue);
      return {};
    },
  };
}
