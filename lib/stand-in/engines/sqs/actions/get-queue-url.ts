import type { Operation } from '../../engine.ts';
import { rejectUnknownMembers } from '../../engine.ts';
import { queueDoesNotExist } from '../errors.ts';
import { requiredText, text } from '../input.ts';
import type { Sqs } from '../sqs.ts';

export function getQueueUrl(sqs: Sqs): Operation {
  return {
    permissions: (input) => [
      {
        action: 'sqs:GetQueueUrl',
        resource: sqs.arnOf(typeof input.QueueName === 'string' ? input.QueueName : '*'),
      },
    ],
    handle(input, caller) {
      rejectUnknownMembers('GetQueueUrl', input, ['QueueName', 'QueueOwnerAWSAccountId']);
      const owner = text(input, 'QueueOwnerAWSAccountId') ?? sqs.host.account;
      const queue = sqs.queues.get(requiredText(input, 'QueueName'));
      // There is one account here, so a queue of another account does not exist.
      if (queue === undefined || owner !== sqs.host.account) throw queueDoesNotExist();
      sqs.bill(caller, queue, 0);
      return { QueueUrl: queue.url };
    },
  };
}
