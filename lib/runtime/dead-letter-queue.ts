import {
  GetQueueAttributesCommand,
  QueueDoesNotExist,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { DeadLetterMessage } from '../core/dead-letter.ts';
import { aws } from '../core/limits.ts';
import { type QueueRole, queueName } from '../core/resources.ts';
import type { Config } from './config.ts';
import { deleteMessages, orNoQueue } from './queues.ts';
import type { BaseRuntime } from './runtime.ts';
import type { SendFailure } from './topics.ts';

export interface ReceivedDeadLetter extends DeadLetterMessage {
  readonly receiptHandle: string;
}

/** Where the dead letters of a receiver come in: its own, and what SQS and SNS gave up of its ordered lane. */
export type DeadLetterRole = Extract<QueueRole, 'dead-letters' | 'ordered-dead-letters'>;

/** The dead-letter queues of receivers, read by hand: no mapping polls them. One that was never made is empty. */
export interface DeadLetterQueues {
  /** Up to ten messages, which stay hidden from others for `hideSeconds`. */
  receive(receiver: string, role: DeadLetterRole, hideSeconds: number): Promise<ReceivedDeadLetter[]>;
  /** Deletes up to ten; answers, in their order, why one was not. */
  delete(
    receiver: string,
    role: DeadLetterRole,
    receiptHandles: readonly string[],
  ): Promise<(SendFailure | undefined)[]>;
  /** How many messages it holds, and how many of them are hidden; as AWS counts, roughly. */
  count(receiver: string, role: DeadLetterRole): Promise<{ ready: number; hidden: number }>;
}

export function createDeadLetterQueues(runtime: BaseRuntime, config: Config): DeadLetterQueues {
  const client = new SQSClient(runtime.aws);
  const urlOf = (receiver: string, role: DeadLetterRole) =>
    `${config.queueUrlBase}/${queueName(config.prefix, receiver, role)}`;
  return {
    async receive(receiver, role, hideSeconds) {
      const { Messages = [] } = await orNoQueue(
        client,
        new ReceiveMessageCommand({
          QueueUrl: urlOf(receiver, role),
          MaxNumberOfMessages: aws.sqs.batchEntriesMax,
          VisibilityTimeout: hideSeconds,
          MessageSystemAttributeNames: ['SentTimestamp'],
          MessageAttributeNames: ['All'],
        }),
      );
      return Messages.map((message) => ({
        messageId: message.MessageId ?? '',
        receiptHandle: message.ReceiptHandle ?? '',
        body: message.Body ?? '',
        attributes: Object.fromEntries(
          Object.entries(message.MessageAttributes ?? {}).flatMap(([name, { StringValue }]) =>
            StringValue === undefined ? [] : [[name, StringValue]],
          ),
        ),
        sentAtMs: Number(message.Attributes?.SentTimestamp),
      }));
    },

    delete: (receiver, role, receiptHandles) => deleteMessages(client, urlOf(receiver, role), receiptHandles),

    async count(receiver, role) {
      try {
        const { Attributes = {} } = await client.send(
          new GetQueueAttributesCommand({
            QueueUrl: urlOf(receiver, role),
            AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'],
          }),
        );
        return {
          ready: Number(Attributes.ApproximateNumberOfMessages ?? 0),
          hidden: Number(Attributes.ApproximateNumberOfMessagesNotVisible ?? 0),
        };
      } catch (error) {
        if (role === 'dead-letters' || !(error instanceof QueueDoesNotExist)) throw error;
        return { ready: 0, hidden: 0 };
      }
    },
  };
}
