/** Where a bus lives. `prefix` starts every name, so that roles can be granted by it. */
export interface Place {
  readonly partition: string;
  readonly region: string;
  readonly account: string;
  readonly prefix: string;
}

/** `ordered` is a FIFO queue, made when the receiver is first subscribed to an ordered topic. */
export type Lane = 'online' | 'offline' | 'ordered';

/**
 * `ordered-dead-letters` takes only what SQS and SNS themselves give up: the dead-letter queue of a FIFO queue must be
 * FIFO.
 */
export type QueueRole = Lane | 'dead-letters' | 'ordered-dead-letters';

/** Names of FIFO queues must end in `.fifo` (SQS API reference, CreateQueue); names that teams choose have no dot. */
export const queueEndings: Readonly<Record<QueueRole, string>> = {
  online: '-online',
  offline: '-offline',
  ordered: '-ordered.fifo',
  'dead-letters': '-dead-letters',
  'ordered-dead-letters': '-dead.fifo',
};

export const topicName = (prefix: string, topic: string, isOrdered = false) =>
  `${prefix}-${topic}${isOrdered ? '.fifo' : ''}`;

export const queueName = (prefix: string, receiver: string, role: QueueRole) =>
  `${prefix}-${receiver}${queueEndings[role]}`;

/** The queue of running redrives; no receiver's queue has this ending. */
export const redriveQueueName = (prefix: string) => `${prefix}-redrive`;

/** The queue of the timers of open transactions. */
export const transactionQueueName = (prefix: string) => `${prefix}-transactions`;

export const topicArn = (place: Place, topic: string, isOrdered = false) =>
  `arn:${place.partition}:sns:${place.region}:${place.account}:${topicName(place.prefix, topic, isOrdered)}`;

export const queueArn = (place: Place, receiver: string, role: QueueRole) =>
  `arn:${place.partition}:sqs:${place.region}:${place.account}:${queueName(place.prefix, receiver, role)}`;

/** The receiver and lane that a queue belongs to, read from its ARN; undefined for any other queue. */
export function queueOwner(
  prefix: string,
  arn: string,
): { readonly receiver: string; readonly role: QueueRole } | undefined {
  const name = arn.slice(arn.lastIndexOf(':') + 1);
  if (!name.startsWith(`${prefix}-`)) return undefined;
  for (const role of Object.keys(queueEndings) as QueueRole[]) {
    if (name.endsWith(queueEndings[role])) {
      return { receiver: name.slice(prefix.length + 1, -queueEndings[role].length), role };
    }
  }
  return undefined;
}

export const functionArn = ({ partition, region, account, prefix }: Place, name: string) =>
  `arn:${partition}:lambda:${region}:${account}:function:${prefix}-${name}`;

/** The schedule that makes a function look at a recurrence every hour; timers have other names. */
export const guardName = (schedule: string) => `every-${schedule}`;

/** The names of the functions that look at single receivers every few minutes while they need it. */
export type Watcher = 'probe' | 'offload' | 'validate' | 'pause' | 'hold';

/** Never the name of an event's schedule: those are hashes. */
export const watchName = (watcher: Watcher, watched: string) => `${watcher}-${watched}`;
