import type { Operation } from '../../engine.ts';
import { rejectUnknownMembers } from '../../engine.ts';
import { missingParameter } from '../errors.ts';
import { texts } from '../input.ts';
import type { Sqs } from '../sqs.ts';

export function untagQueue(sqs: Sqs): Operation {
  return {
    permissions: (input) => [sqs.permission('UntagQueue', input)],
    handle(input, caller) {
      rejectUnknownMembers('UntagQueue', input, ['QueueUrl', 'TagKeys']);
      const queue = sqs.queueOf(input);
      const keys = texts(input, 'TagKeys');
      if (keys === undefined) throw missingParameter('TagKeys');
      sqs.bill(caller, queue, 0);
      queue.row.tags = Object.fromEntries(
        Object.entries(queue.row.tags).filter(([key]) => !keys.includes(key)),
      );
      queue.save();
      return {};
    },
  };
}
