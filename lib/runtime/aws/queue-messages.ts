import {
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  type Message,
  QueueDoesNotExist,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { aws } from '../../core/kernel/limits.ts';
import { failuresOf, type SendFailure, settle } from './topics.ts';

/** A message as a queue hands it out. */
export interface ReceivedMessage {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly body: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** How often the queue handed it out, this time included. */
  readonly receives: number;
  /** When it was put into the queue. */
  readonly sentAtMs: number;
  /** Its message group; set in a FIFO queue. */
  readonly group?: string;
}

/** How many messages a queue holds; as AWS counts, roughly. */
export interface MessageCounts {
  readonly ready: number;
  /** Received by somebody, and not deleted. */
  readonly hidden: number;
  readonly delayed: number;
}

/** Receives up to ten messages; none from a queue that is not there: not every receiver has an ordered lane. */
export async function receiveMessages(
  client: SQSClient,
  QueueUrl: string,
  options: { readonly VisibilityTimeout?: number; readonly WaitTimeSeconds?: number },
): Promise<ReceivedMessage[]> {
  const { Messages = [] } = await orNoQueue(
    client.send(
      new ReceiveMessageCommand({
        ...options,
        QueueUrl,
        MaxNumberOfMessages: aws.sqs.batchEntriesMax,
        MessageSystemAttributeNames: ['ApproximateReceiveCount', 'SentTimestamp', 'MessageGroupId'],
        MessageAttributeNames: ['All'],
      }),
    ),
  );
  return Messages.map((message) => receivedMessage(message, QueueUrl));
}

/** What SQS answers about one message. An attribute that is no text is left out: the bus sends none. */
export function receivedMessage(message: Message, queueUrl: string): ReceivedMessage {
  const { ApproximateReceiveCount, SentTimestamp, MessageGroupId } = message.Attributes ?? {};
  const attributes: Record<string, string> = {};
  for (const [name, { StringValue }] of Object.entries(message.MessageAttributes ?? {})) {
    if (StringValue !== undefined) attributes[name] = StringValue;
  }
  return {
    messageId: message.MessageId ?? '',
    receiptHandle: message.ReceiptHandle ?? '',
    body: message.Body ?? '',
    attributes,
    receives: Number(ApproximateReceiveCount),
    sentAtMs: Number(SentTimestamp),
    // On a standard queue a group is no order.
    ...(queueUrl.endsWith('.fifo') && MessageGroupId !== undefined && { group: MessageGroupId }),
  };
}

/** Deletes up to ten received messages; answers, in their order, why one was not. */
export async function deleteMessages(
  client: SQSClient,
  QueueUrl: string,
  receiptHandles: readonly string[],
): Promise<(SendFailure | undefined)[]> {
  if (receiptHandles.length === 0) return [];
  const Entries = receiptHandles.map((ReceiptHandle, index) => ({ Id: String(index), ReceiptHandle }));
  const answer = await settle(client.send(new DeleteMessageBatchCommand({ QueueUrl, Entries })));
  return failuresOf(receiptHandles.length, answer);
}

/** Counts the messages of a queue; one that need not be there holds none. */
export async function countMessages(
  client: SQSClient,
  QueueUrl: string,
  { mayBeMissing }: { readonly mayBeMissing: boolean },
): Promise<MessageCounts> {
  const asking = client.send(
    new GetQueueAttributesCommand({
      QueueUrl,
      AttributeNames: [
        'ApproximateNumberOfMessages',
        'ApproximateNumberOfMessagesNotVisible',
        'ApproximateNumberOfMessagesDelayed',
      ],
    }),
  );
  const { Attributes = {} } = mayBeMissing ? await orNoQueue(asking) : await asking;
  return {
    ready: Number(Attributes.ApproximateNumberOfMessages ?? 0),
    hidden: Number(Attributes.ApproximateNumberOfMessagesNotVisible ?? 0),
    delayed: Number(Attributes.ApproximateNumberOfMessagesDelayed ?? 0),
  };
}

async function orNoQueue<Answer>(asking: Promise<Answer>): Promise<Partial<Answer>> {
  try {
    return await asking;
  } catch (error) {
    if (!(error instanceof QueueDoesNotExist)) throw error;
    return {};
  }
}
