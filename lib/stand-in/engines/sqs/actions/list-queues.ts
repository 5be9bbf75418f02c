import type { Operation } from '../../engine.ts';
import { rejectUnknownMembers } from '../../engine.ts';
import { text } from '../input.ts';
import { pageOfQueues } from '../paging.ts';
import type { Sqs } from '../sqs.ts';

export function listQueues(sqs: Sqs): Operation {
  return {
    permissions: () => [{ action: 'sqs:ListQueues', resource: '*' }],
    handle(input, caller) {
      rejectUnknownMembers('ListQueues', input, ['QueueNamePrefix', 'NextToken', 'MaxResults']);
      const prefix = text(input, 'QueueNamePrefix') ?? '';
      const matching = [...sqs.queues.values()].filter((queue) => queue.row.name.startsWith(prefix));
      const { urls, nextToken } = pageOfQueues(input, matching);
      sqs.bill(caller, undefined, 0);
      return {
        ...(urls.length === 0 ? {} : { QueueUrls: urls }),
        ...(nextToken === undefined ? {} : { NextToken: nextToken }),
      };
    },
  };
}
