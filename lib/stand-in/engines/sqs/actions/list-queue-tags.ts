import type { Operation } from '../../engine.ts';
import { rejectUnknownMembers } from '../../engine.ts';
import type { Sqs } from '../sqs.ts';

export function listQueueTags(sqs: Sqs): Operation {
  return {
    permissions: (input) => [sqs.permission('ListQueueTags', input)],
    handle(input, caller) {
      rejectUnknownMembers('ListQueueTags', input, ['QueueUrl']);
      const queue = sqs.queueOf(input);
      sqs.bill(caller, queue, 0);
      const { tags } = queue.row;
      return Object.keys(tags).length === 0 ? {} : { Tags: tags };
    },
  };
}
