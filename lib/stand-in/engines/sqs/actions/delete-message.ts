import type { Operation } from '../../engine.ts';
import { rejectUnknownMembers } from '../../engine.ts';
import { requiredText } from '../input.ts';
import type { Sqs } from '../sqs.ts';

export function deleteMessage(sqs: Sqs): Operation {
  return {
    permissions: (input) => [sqs.permission('DeleteMessage', input)],
    handle(input, caller) {
      rejectUnknownMembers('DeleteMessage', input, ['QueueUrl', 'ReceiptHandle']);
      const queue = sqs.queueOf(input);
      sqs.bill(caller, queue, 0);
      queue.delete(requiredText(input, 'ReceiptHandle'));
      return {};
    },
  };
}
