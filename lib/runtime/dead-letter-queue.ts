import { GetQueueAttributesCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { DeadLetterMessage } from '../core/dead-letter.ts';
import { aws } from '../core/limits.ts';
import { queueName } from '../core/resources.ts';
import type { Config } from './config.ts';
import { deleteMessages } from './queues.ts';
import type { BaseRuntime } from './runtime.ts';
import type { SendFailure } from './topics.ts';

export interface ReceivedDeadLetter extends DeadLetterMessage {
  readonly receiptHandle: string;
}

/** The dead-letter queues of receivers, read by hand: no mapping polls them. */
export interface DeadLetterQueues {
  /** Up to ten messages, which stay hidden from others for `hideSeconds`. */
  receive(receiver: string, hideSeconds: number): Promise<ReceivedDeadLetter[]>;
  /** Deletes up to ten; answers, in their order, why one was not. */
  delete(receiver: string, receiptHandles: readonly string[]): Promise<(SendFailure | undefined)[]>;
  /** How many messages it holds, and how many of them are hidden; as AWS counts, roughly. */
  count(receiver: string): Promise<{ ready: number; hidden: number }>;
}

export function createDeadLetterQueues(runtime: BaseRuntime, config: Config): DeadLetterQueues {
  const client = new SQSClient(runtime.aws);
  const urlOf = (receiver: string) =>
    `${config.queueUrlBase}/${queueName(config.prefix, receiver, 'dead-letters')}`;
  return {
    async receive(receiver, hideSeconds) {
      const { Messages = [] } = await client.send(
        new ReceiveMessageCommand({
          QueueUrl: urlOf(receiver),
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

    delete: (receiver, receiptHandles) => deleteMessages(client, urlOf(receiver), receiptHandles),

    async count(receiver) {
      const { Attributes = {} } = await client.send(
        new GetQueueAttributesCommand({
          QueueUrl: urlOf(receiver),
          AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'],
        }),
      );
      return {
        ready: Number(Attributes.ApproximateNumberOfMessages ?? 0),
        hidden: Number(Attributes.ApproximateNumberOfMessagesNotVisible ?? 0),
      };
    },
  };
}
