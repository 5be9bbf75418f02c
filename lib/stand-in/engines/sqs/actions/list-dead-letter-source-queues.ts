import type { Operation } from '../../engine.ts';
import { rejectUnknownMembers } from '../../engine.ts';
import { pageOfQueues } from '../paging.ts';
import type { Sqs } from '../sqs.ts';

export function listDeadLetterSourceQueues(sqs: Sqs): Operation {
  return {
    permissions: (input) => [sqs.permission('ListDeadLetterSourceQueues', input)],
    handle(input, caller) {
      rejectUnknownMembers('ListDeadLetterSourceQueues', input, ['QueueUrl', 'NextToken', 'MaxResults']);
      const queue = sqs.queueOf(input);
      const { urls, nextToken } = pageOfQueues(input, sqs.sourcesOf(queue.arn));
      sqs.bill(caller, queue, 0);
      // AWS spells this member in lower case.
      return { queueUrls: urls, ...(nextToken === undefined ? {} : { NextToken: nextToken }) };
    },
  };
}
