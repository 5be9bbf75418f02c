import { type Deduplication, deduplicationIdOf, type Receipt } from './deduplication.ts';
import { filteredMessage } from './filter-policy/index.ts';
import { snsLimits } from './limits.ts';
import type { Message } from './message.ts';
import { createNotification } from './notification.ts';
import type { Sns } from './sns.ts';
import type { Topic } from './state.ts';

/** The answer for an accepted message; only FIFO topics have a sequence number. */
export interface Published {
  readonly MessageId: string;
  readonly SequenceNumber?: string;
}

/** Accepts one message and sends a copy to every subscription whose filter policy matches. */
export function publishMessage(sns: Sns, topic: Topic, message: Message): Published {
  if (!topic.fifo) {
    const messageId = sns.host.random.uuid();
    fanOut(sns, topic, message, messageId, undefined, undefined);
    return { MessageId: messageId };
  }
  const deduplicationId = deduplicationIdOf(message);
  // A duplicate is accepted but not delivered.
  const receipt =
    sns.deduplication.earlier(topic, message, deduplicationId) ??
    publishFirst(sns, sns.deduplication, topic, message, deduplicationId);
  return { MessageId: receipt.messageId, SequenceNumber: receipt.sequenceNumber };
}

function publishFirst(
  sns: Sns,
  deduplication: Deduplication,
  topic: Topic,
  message: Message,
  deduplicationId: string,
): Receipt {
  const receipt = deduplication.remember(topic, message, deduplicationId, sns.host.random.uuid());
  fanOut(sns, topic, message, receipt.messageId, receipt.sequenceNumber, deduplicationId);
  return receipt;
}

function fanOut(
  sns: Sns,
  topic: Topic,
  message: Message,
  messageId: string,
  sequenceNumber: string | undefined,
  deduplicationId: string | undefined,
): void {
  const notification = createNotification({
    topic,
    endpoint: sns.host.endpoint,
    messageId,
    message,
    sequenceNumber,
    deduplicationId,
    publishedAtMs: sns.host.clock.now(),
  });
  const filtered = filteredMessage(message.content, message.attributes);
  let bodyPolicies = 0;
  for (const subscription of sns.state.subscriptionsOf(topic.arn)) {
    const { filter } = subscription;
    if (filter?.scope === 'MessageBody') bodyPolicies += 1;
    if (filter === undefined || filter.matches(filtered)) sns.deliverer.deliver(subscription, notification);
  }
  if (bodyPolicies > 0) {
    const bytes = Buffer.byteLength(message.content, 'utf8');
    sns.host.meter.count('sns.filter-payload-bytes', bytes * bodyPolicies);
  }
}

/** Counts one Publish or PublishBatch: a request for each 64 KB of its payload, and on FIFO topics its bytes. */
export function countRequests({ host }: Sns, topic: Topic, bytes: number): void {
  host.meter.count(
    topic.fifo ? 'sns.fifo-requests' : 'sns.requests',
    Math.max(1, Math.ceil(bytes / snsLimits.requestUnitBytes)),
  );
  if (topic.fifo) host.meter.count('sns.fifo-payload-bytes', bytes);
}
