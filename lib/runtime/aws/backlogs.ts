import { ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { aws } from '../../core/kernel/limits.ts';
import { type Lane, queueName } from '../../core/kernel/place.ts';
import { topicAttribute } from '../../core/routing/routing.ts';
import type { World } from '../open.ts';
import { sqs } from './clients.ts';

/** A message that waits in a lane. */
export interface Waiting {
  readonly body: string;
  /** The topic it came by; undefined when it was invoked. */
  readonly topic: string | undefined;
  readonly sentAtMs: number;
}

/** Looks into lanes without taking anything out of them. */
export interface Backlogs {
  /**
   * Up to ten messages that wait, of the oldest as far as SQS keeps order. They stay where they are, but SQS counts that
   * they were received once more, so that whoever calls this does so by the measure of core/hold/look.
   */
  peek(receiver: string, lane: Lane): Promise<Waiting[]>;
}

export function createBacklogs(world: World): Backlogs {
  const { config } = world;
  const client = world.use(sqs);
  return {
    async peek(receiver, lane) {
      const { Messages = [] } = await client.send(
        new ReceiveMessageCommand({
          QueueUrl: `${config.queueUrlBase}/${queueName(config.prefix, receiver, lane)}`,
          MaxNumberOfMessages: aws.sqs.batchEntriesMax,
          VisibilityTimeout: 0,
          MessageSystemAttributeNames: ['SentTimestamp'],
          MessageAttributeNames: [topicAttribute],
        }),
      );
      return Messages.map(({ Body = '', Attributes, MessageAttributes }) => ({
        body: Body,
        topic: MessageAttributes?.[topicAttribute]?.StringValue,
        sentAtMs: Number(Attributes?.SentTimestamp),
      }));
    },
  };
}
