import { isFifo } from './arn.ts';
import { snsLimits } from './limits.ts';
import type { Message } from './message.ts';
import type { MessageAttributes } from './message-attributes.ts';
import type { Subscription, Topic } from './state.ts';

/** The input of `SendMessage` without the queue; undefined members are left out. */
export interface QueueMessage {
  readonly MessageBody: string;
  readonly MessageAttributes?: MessageAttributes;
  readonly MessageGroupId?: string;
  readonly MessageDeduplicationId?: string;
}

/** A message on its way from a topic to queues. */
export interface Notification {
  readonly messageId: string;
  readonly message: Message;
  /** What the queue of a subscription gets, by the delivery format of the subscription. */
  for(subscription: Subscription): QueueMessage;
  /** The JSON envelope, which has room for any number of attributes. */
  envelopeFor(subscription: Subscription): QueueMessage;
  /** A raw delivery with more attributes than SQS allows fails, and is not retried. */
  fits(subscription: Subscription): boolean;
}

/**
 * Prepares the copies of a message. Envelopes differ only in the unsubscribe URL, so the rest is serialised once.
 * https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
 */
export function createNotification(options: {
  readonly topic: Topic;
  readonly endpoint: string;
  readonly messageId: string;
  readonly message: Message;
  readonly sequenceNumber: string | undefined;
  readonly deduplicationId: string | undefined;
  readonly publishedAtMs: number;
}): Notification {
  const { topic, message, endpoint } = options;
  let head: string | undefined;
  let tail: string | undefined;

  function envelope(subscription: Subscription): string {
    head ??= JSON.stringify({
      Type: 'Notification',
      MessageId: options.messageId,
      SequenceNumber: options.sequenceNumber,
      TopicArn: topic.arn,
      Subject: message.subject,
      Message: message.content,
      Timestamp: new Date(options.publishedAtMs).toISOString(),
      ...(topic.fifo ? {} : signature(topic, endpoint)),
    }).slice(0, -1);
    tail ??= attributesTail(message.attributes);
    const unsubscribeUrl = `${endpoint}/?Action=Unsubscribe&SubscriptionArn=${subscription.row.arn}`;
    return `${head},"UnsubscribeURL":${JSON.stringify(unsubscribeUrl)}${tail}}`;
  }

  /**
   * A FIFO queue gets the group and the deduplication id. A standard queue gets the group only from a standard topic,
   * where it makes the queue fair.
   */
  function order(subscription: Subscription): Partial<QueueMessage> {
    if (!topic.fifo) return message.groupId === undefined ? {} : { MessageGroupId: message.groupId };
    if (!isFifo(subscription.row.endpoint)) return {};
    return {
      ...(message.groupId === undefined ? {} : { MessageGroupId: message.groupId }),
      ...(options.deduplicationId === undefined ? {} : { MessageDeduplicationId: options.deduplicationId }),
    };
  }

  const attributeCount = Object.keys(message.attributes).length;
  const envelopeFor = (subscription: Subscription): QueueMessage => ({
    MessageBody: envelope(subscription),
    ...order(subscription),
  });
  return {
    messageId: options.messageId,
    message,
    for: (subscription) =>
      subscription.row.rawMessageDelivery
        ? {
            MessageBody: message.content,
            ...(attributeCount === 0 ? {} : { MessageAttributes: message.attributes }),
            ...order(subscription),
          }
        : envelopeFor(subscription),
    envelopeFor,
    fits: ({ row }) => !row.rawMessageDelivery || attributeCount <= snsLimits.rawDeliveryAttributes,
  };
}

/** Consumers find the signature members that they expect, but nothing is signed here, and a verifier must notice. */
function signature(topic: Topic, endpoint: string): Record<string, string> {
  return {
    SignatureVersion: topic.attributes.SignatureVersion ?? '1',
    Signature: Buffer.from('not signed by the stand-in').toString('base64'),
    SigningCertURL: `${endpoint}/SimpleNotificationService-not-signed.pem`,
  };
}

function attributesTail(attributes: MessageAttributes): string {
  const entries = Object.entries(attributes);
  if (entries.length === 0) return '';
  const written = entries.map(([name, { DataType, StringValue, BinaryValue }]) => [
    name,
    { Type: DataType, Value: StringValue ?? BinaryValue },
  ]);
  return `,"MessageAttributes":${JSON.stringify(Object.fromEntries(written))}`;
}
