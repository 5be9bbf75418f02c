import type { Operation } from '../../engine.ts';
import { refuseUnknownMembers } from '../../engine.ts';
import { pageOfQueues } from '../paging.ts';
import type { Sqs } from '../sqs.ts';

export function listDeadLetterSourceQueues(sqs: Sqs): Operation {
  return {
    permissions: (input) => [sqs.permission('ListDeadLetterSourceQueues', input)],
    handle(input, caller) {
      refuseUnknownMembers('ListDeadLetterSourceQueues', input, ['QueueUrl', 'NextToken', 'MaxResults']);
      const queue = sqs.queueOf(input);
      const { urls, nextToken } = pageOfQueues(input, sqs.sourcesOf(queue.arn));
      sqs.bill(caller, queue, 0);
      // AWS spells this member with a small letter.
      return { queueUrls: urls, ...(nextToken === undefined ? {} : { NextToken: nextToken }) };
    },
  };
}
