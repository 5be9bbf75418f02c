import type { Input, Operation } from '../../engine.ts';
import { rejectUnknownMembers } from '../../engine.ts';
import { missingParameter } from '../errors.ts';
import { requiredText } from '../input.ts';
import type { Queue } from '../queue.ts';
import type { Sqs } from '../sqs.ts';
import { readVisibilitySeconds } from './receive-message.ts';

export function changeMessageVisibility(sqs: Sqs): Operation {
  return {
    permissions: (input) => [sqs.permission('ChangeMessageVisibility', input)],
    handle(input, caller) {
      rejectUnknownMembers('ChangeMessageVisibility', input, [
        'QueueUrl',
        'ReceiptHandle',
        'VisibilityTimeout',
      ]);
      const queue = sqs.queueOf(input);
      sqs.bill(caller, queue, 0);
      change(queue, input);
      return {};
    },
  };
}

/** Changes the visibility of the message in one request, or in one entry of a batch. */
export function change(queue: Queue, input: Input): void {
  const handle = requiredText(input, 'ReceiptHandle');
  const seconds = readVisibilitySeconds(input);
  if (seconds === undefined) throw missingParameter('VisibilityTimeout');
  queue.changeVisibility(handle, seconds);
}
