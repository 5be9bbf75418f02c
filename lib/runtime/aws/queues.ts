import { ChangeMessageVisibilityBatchCommand, SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import {
  type QueueRole,
  queueName,
  redriveQueueName,
  transactionQueueName,
} from '../../core/kernel/place.ts';
import { batchLimits, type Message, messageBytes, packBatches } from '../../core/routing/routing.ts';
import type { World } from '../open.ts';
import { sqs } from './clients.ts';
import { countMessages, deleteMessages, type ReceivedMessage, receiveMessages } from './queue-messages.ts';
import { failuresOf, fifoMembers, type SendFailure, settle, stringAttributes } from './topics.ts';

export interface OutgoingMessage extends Message {
  /** 0 to 900. */
  readonly delaySeconds?: number;
}

/** Which queue is meant: a receiver's, the one for delayed events, for redrives under way, or for open transactions. */
export type QueueName =
  | { readonly receiver: string; readonly role: QueueRole }
  | 'delay'
  | 'redrive'
  | 'transactions';

/** Sends to queues, and hides messages that were received. */
export interface Queues {
  /**
   * Sends up to ten messages, in as many calls as their sizes take; answers, in their order, why one was not taken, or
   * undefined where it was.
   */
  send(queue: QueueName, messages: readonly OutgoingMessage[]): Promise<(SendFailure | undefined)[]>;
  /** Hides up to ten received messages for some more time. Answers why where it did not happen. */
  hide(
    queue: QueueName,
    messages: readonly { readonly receiptHandle: string; readonly seconds: number }[],
  ): Promise<(SendFailure | undefined)[]>;
  /** Up to ten messages that wait, hidden from others for the queue's visibility timeout; none where there is no queue. */
  receive(queue: QueueName): Promise<ReceivedMessage[]>;
  /** How many messages a queue holds, as AWS counts, roughly: ready to be received, and in all. */
  count(
    queue: QueueName,
  ): Promise<{ readonly ready: number; readonly hidden: number; readonly inAll: number }>;
  /** Takes up to ten received messages out of the queue. Answers why where it did not happen. */
  acknowledge(
    queue: QueueName,
    messages: readonly { readonly receiptHandle: string }[],
  ): Promise<(SendFailure | undefined)[]>;
}

export function createQueues(world: World): Queues {
  const { config } = world;
  const client = world.use(sqs);
  const urlOf = (queue: QueueName) =>
    queue === 'delay' ? config.delayQueueUrl : `${config.queueUrlBase}/${nameOf(config.prefix, queue)}`;
  async function sendBatch(queue: QueueName, messages: readonly OutgoingMessage[]) {
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
  }

  return {
    async send(queue, messages) {
      const sized = messages.map((message) => ({ message, bytes: messageBytes(message) }));
      const sent = await Promise.all(
        packBatches(sized, batchLimits.queue).map((batch) =>
          sendBatch(
            queue,
            batch.map(({ message }) => message),
          ),
        ),
      );
      return sent.flat();
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

    // A short poll asks only some of SQS's servers, and may find nothing where there is something.
    receive: (queue) => receiveMessages(client, urlOf(queue), { WaitTimeSeconds: 1 }),

    async count(queue) {
      const { ready, hidden, delayed } = await countMessages(client, urlOf(queue), {
        mayBeMissing: typeof queue === 'object' && queue.role === 'ordered',
      });
      return { ready, hidden, inAll: ready + hidden + delayed };
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
