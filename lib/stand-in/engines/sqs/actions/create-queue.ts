import type { Operation } from '../../engine.ts';
import { rejectUnknownMembers } from '../../engine.ts';
import { invalidParameter, queueDeletedRecently, queueNameExists, unknownAttribute } from '../errors.ts';
import { requiredText, textMap } from '../input.ts';
import { differingAttribute, settableAttributes } from '../queue-attributes.ts';
import type { Sqs } from '../sqs.ts';
import { checkTags } from './tag-queue.ts';

/** Creates a queue, or returns the one of that name if the given attributes are the same. */
export function createQueue(sqs: Sqs): Operation {
  return {
    permissions(input) {
      const resource = sqs.arnOf(typeof input.QueueName === 'string' ? input.QueueName : '*');
      const create = { action: 'sqs:CreateQueue', resource };
      return input.tags === undefined ? [create] : [create, { action: 'sqs:TagQueue', resource }];
    },
    handle(input, caller) {
      rejectUnknownMembers('CreateQueue', input, ['QueueName', 'Attributes', 'tags']);
      const name = requiredText(input, 'QueueName');
      const attributes = textMap(input, 'Attributes') ?? {};
      const tags = textMap(input, 'tags') ?? {};
      checkName(name, attributes.FifoQueue?.toLowerCase() === 'true');
      checkTags(tags);
      for (const attribute of Object.keys(attributes)) {
        if (!settableAttributes.includes(attribute)) throw unknownAttribute(attribute);
      }
      const existing = sqs.queues.get(name);
      if (existing !== undefined) {
        const differing = differingAttribute(existing.row.attributes, attributes);
        if (differing !== undefined) throw queueNameExists(differing);
      } else if (isDeletedRecently(sqs, name)) {
        throw queueDeletedRecently();
      }
      const queue = existing ?? sqs.create(name, attributes, tags);
      sqs.bill(caller, queue, 0);
      return { QueueUrl: queue.url };
    },
  };
}

function isDeletedRecently(sqs: Sqs, name: string): boolean {
  const deletedMs = sqs.deletedMs.get(name);
  return deletedMs !== undefined && sqs.host.clock.now() - deletedMs < sqs.recreateAfterMs;
}

function checkName(name: string, fifo: boolean): void {
  if (fifo && !/^[A-Za-z0-9_-]{1,75}\.fifo$/.test(name)) {
    throw invalidParameter(
      'The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in length.',
    );
  }
  if (!fifo && !/^[A-Za-z0-9_-]{1,80}$/.test(name)) {
    throw invalidParameter(
      'Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length',
    );
  }
}
