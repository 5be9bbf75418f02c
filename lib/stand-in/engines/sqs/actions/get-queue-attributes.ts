import type { Operation } from '../../engine.ts';
import { rejectUnknownMembers } from '../../engine.ts';
import { unknownAttribute } from '../errors.ts';
import { texts } from '../input.ts';
import type { Queue } from '../queue.ts';
import { computedAttributes, settableAttributes } from '../queue-attributes.ts';
import type { Sqs } from '../sqs.ts';

export function getQueueAttributes(sqs: Sqs): Operation {
  return {
    permissions: (input) => [sqs.permission('GetQueueAttributes', input)],
    handle(input, caller) {
      rejectUnknownMembers('GetQueueAttributes', input, ['QueueUrl', 'AttributeNames']);
      const queue = sqs.queueOf(input);
      const names = texts(input, 'AttributeNames') ?? [];
      for (const name of names) {
        if (name !== 'All' && !isKnown(name)) throw unknownAttribute(name);
      }
      sqs.bill(caller, queue, 0);
      const all = attributesOf(queue);
      const wanted = Object.entries(all).filter(([name]) => names.includes('All') || names.includes(name));
      return wanted.length === 0 ? {} : { Attributes: Object.fromEntries(wanted) };
    },
  };
}

function isKnown(name: string): boolean {
  return settableAttributes.includes(name) || computedAttributes.some((computed) => computed === name);
}

/** Counts are exact here and approximate on AWS. Timestamps are in seconds. */
function attributesOf(queue: Queue): Readonly<Record<string, string>> {
  const { visible, inFlight, delayed } = queue.counts();
  const { attributes, createdMs, modifiedMs } = queue.row;
  return {
    QueueArn: queue.arn,
    ApproximateNumberOfMessages: String(visible),
    ApproximateNumberOfMessagesNotVisible: String(inFlight),
    ApproximateNumberOfMessagesDelayed: String(delayed),
    CreatedTimestamp: String(Math.floor(createdMs / 1000)),
    LastModifiedTimestamp: String(Math.floor(modifiedMs / 1000)),
    ...attributes,
    ...(attributes.KmsMasterKeyId === undefined
      ? {}
      : { KmsDataKeyReusePeriodSeconds: attributes.KmsDataKeyReusePeriodSeconds ?? '300' }),
  };
}
