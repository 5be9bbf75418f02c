import { type QueueRole, queueName } from '../../core/kernel/place.ts';
import type { World } from '../open.ts';
import { sqs } from './clients.ts';
import {
  countMessages,
  deleteMessages,
  type MessageCounts,
  type ReceivedMessage,
  receiveMessages,
} from './queue-messages.ts';
import type { SendFailure } from './topics.ts';

/** Where the dead letters of a receiver come in: its own, and what SQS and SNS gave up of its ordered lane. */
export type DeadLetterRole = Extract<QueueRole, 'dead-letters' | 'ordered-dead-letters'>;

/** The dead-letter queues of receivers, read by hand: no mapping polls them. One that was never made is empty. */
export interface DeadLetterQueues {
  /** Up to ten messages, which stay hidden from others for `hideSeconds`. */
  receive(receiver: string, role: DeadLetterRole, hideSeconds: number): Promise<ReceivedMessage[]>;
  /** Deletes up to ten; answers, in their order, why one was not. */
  delete(
    receiver: string,
    role: DeadLetterRole,
    receiptHandles: readonly string[],
  ): Promise<(SendFailure | undefined)[]>;
  /** How many messages it holds, and how many of them are hidden; as AWS counts, roughly. */
  count(receiver: string, role: DeadLetterRole): Promise<MessageCounts>;
}

export function createDeadLetterQueues(world: World): DeadLetterQueues {
  const { config } = world;
  const client = world.use(sqs);
  const urlOf = (receiver: string, role: DeadLetterRole) =>
    `${config.queueUrlBase}/${queueName(config.prefix, receiver, role)}`;
  return {
    receive: (receiver, role, hideSeconds) =>
      receiveMessages(client, urlOf(receiver, role), { VisibilityTimeout: hideSeconds }),

    delete: (receiver, role, receiptHandles) => deleteMessages(client, urlOf(receiver, role), receiptHandles),

    count: (receiver, role) =>
      countMessages(client, urlOf(receiver, role), { mayBeMissing: role !== 'dead-letters' }),
  };
}
