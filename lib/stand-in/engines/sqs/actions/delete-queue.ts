import type { Operation } from '../../engine.ts';
import { refuseUnknownMembers } from '../../engine.ts';
import type { Sqs } from '../sqs.ts';

/** Deletes a queue with its messages, at once; long polls on it end with nothing. */
export function deleteQueue(sqs: Sqs): Operation {
  return {
    permissions: (input) => [sqs.permission('DeleteQueue', input)],
    handle(input, caller) {
      refuseUnknownMembers('DeleteQueue', input, ['QueueUrl']);
      const queue = sqs.queueOf(input);
      sqs.bill(caller, queue, 0);
      sqs.delete(queue);
      return {};
    },
  };
}
