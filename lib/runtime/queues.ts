import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  QueueDoesNotExist,
  ReceiveMessageCommand,
  type ReceiveMessageCommandOutput,
  SendMessageBatchCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { aws } from '../core/limits.ts';
import { type QueueRole, queueName, redriveQueueName, transactionQueueName } from '../core/resources.ts';
import type { Message } from '../core/routing.ts';
import type { Config } from './config.ts';
import type { BaseRuntime } from './runtime.ts';
import { failuresOf, fifoMembers, type SendFailure, settle, stringAttributes } from './topics.ts';

export interface OutgoingMessage extends Message {
  /** 0 to 900. */
  readonly delaySeconds?: number;
}

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

/** Which queue is meant: a receiver's, the one for delayed events, for redrives under way, or for open transactions. */
export type QueueName =
  | { readonly receiver: string; readonly role: QueueRole }
  | 'delay'
  | 'redrive'
  | 'transactions';

/** Sends to queues, and hides messages that were received. */
export interface Queues {
  /** Sends up to ten messages; answers, in their order, why one was not taken, or undefined where it was. */
  send(queue: QueueName, messages: readonly OutgoingMessage[]): Promise<(SendFailure | undefined)[]>;
  /** Hides up to ten received messages for some more time. Answers why where it did not happen. */
  hide(
    queue: QueueName,
    messages: readonly { readonly receiptHandle: string; readonly seconds: number }[],
  ): Promise<(SendFailure | undefined)[]>;
  /** Up to ten messages that wait, hidden from others for the queue's visibility timeout; none where there is no queue. */
  receive(queue: QueueName): Promise<ReceivedMessage[]>;
  /** How many messages a queue holds, as AWS counts, roughly: ready to be received, and in all. */
  count(queue: QueueName): Promise<{ readonly ready: number; readonly inAll: number }>;
  /** Takes up to ten received messages out of the queue. Answers why where it did not happen. */
  acknowledge(
    queue: QueueName,
    messages: readonly { readonly receiptHandle: string }[],
  ): Promise<(SendFailure | undefined)[]>;
}

const countAttributes = [
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesNotVisible',
  'ApproximateNumberOfMessagesDelayed',
] as const;

export function createQueues(runtime: BaseRuntime, config: Config): Queues {
  const client = new SQSClient(runtime.aws);
  const urlOf = (queue: QueueName) =>
    queue === 'delay' ? config.delayQueueUrl : `${config.queueUrlBase}/${nameOf(config.prefix, queue)}`;
  return {
    async send(queue, messages) {
      const answer = await settle(
        client.send(
          new SendMessageBatchCommand({
            QueueUrl: urlOf(queue),
            Entries: messages.map((message, index) => ({
              Id: String(index),
              MessageBody: message.body,
              MessageAttributes: stringAttributes(message.attributes),
              ...(message.group !== undefined && { MessageGroupId: message.group }),
              ...(message.delaySeconds !== undefined && { DelaySeconds: message.delaySeconds }),
              ...fifoMembers(message.order),
            })),
          }),
        ),
      );
      return failuresOf(messages.length, answer);
    },

    async hide(queue, messages) {
      if (messages.length === 0) return [];
      const answer = await settle(
        client.send(
          new ChangeMessageVisibilityBatchCommand({
            QueueUrl: urlOf(queue),
            Entries: messages.map((message, index) => ({
              Id: String(index),
              ReceiptHandle: message.receiptHandle,
              VisibilityTimeout: Math.ceil(message.seconds),
            })),
          }),
        ),
      );
      return failuresOf(messages.length, answer);
    },

    async receive(queue) {
      const { Messages = [] } = await orNoQueue(
        client,
        new ReceiveMessageCommand({
          QueueUrl: urlOf(queue),
          MaxNumberOfMessages: aws.sqs.batchEntriesMax,
          // A short poll asks only some of SQS's servers, and may find nothing where there is something.
          WaitTimeSeconds: 1,
          MessageSystemAttributeNames: ['ApproximateReceiveCount', 'SentTimestamp', 'MessageGroupId'],
          MessageAttributeNames: ['All'],
        }),
      );
      return Messages.map((message) => ({
        messageId: message.MessageId ?? '',
        receiptHandle: message.ReceiptHandle ?? '',
        body: message.Body ?? '',
        attributes: Object.fromEntries(
          Object.entries(message.MessageAttributes ?? {}).map(([name, { StringValue = '' }]) => [
            name,
            StringValue,
          ]),
        ),
        receives: Number(message.Attributes?.ApproximateReceiveCount),
        sentAtMs: Number(message.Attributes?.SentTimestamp),
        // On a standard queue a group is no order.
        ...(typeof queue === 'object' &&
          queue.role === 'ordered' &&
          message.Attributes?.MessageGroupId !== undefined && { group: message.Attributes.MessageGroupId }),
      }));
    },

    async count(queue) {
      const { Attributes = {} } = await client.send(
        new GetQueueAttributesCommand({ QueueUrl: urlOf(queue), AttributeNames: [...countAttributes] }),
      );
      const counts = countAttributes.map((name) => Number(Attributes[name] ?? 0));
      return { ready: counts[0] ?? 0, inAll: counts.reduce((sum, count) => sum + count, 0) };
    },

    async acknowledge(queue, messages) {
      return await deleteMessages(
        client,
        urlOf(queue),
        messages.map(({ receiptHandle }) => receiptHandle),
      );
    },
  };
}

function nameOf(prefix: string, queue: Exclude<QueueName, 'delay'>): string {
  if (queue === 'redrive') return redriveQueueName(prefix);
  if (queue === 'transactions') return transactionQueueName(prefix);
  return queueName(prefix, queue.receiver, queue.role);
}

/** Receives from a queue that need not be there: not every receiver has an ordered lane. */
export async function orNoQueue(
  client: SQSClient,
  command: ReceiveMessageCommand,
): Promise<Pick<ReceiveMessageCommandOutput, 'Messages'>> {
  try {
    return await client.send(command);
  } catch (error) {
    if (!(error instanceof QueueDoesNotExist)) throw error;
    return {};
  }
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
