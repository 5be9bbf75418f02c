import { PublishBatchCommand } from '@aws-sdk/client-sns';
import { topicArn } from '../../core/kernel/place.ts';
import type { Order } from '../../core/routing/order.ts';
import type { Message } from '../../core/routing/routing.ts';
import type { World } from '../open.ts';
import { sns } from './clients.ts';

/** Why AWS did not take a message. */
export interface SendFailure {
  /** True when the same message may be taken later. */
  readonly retryable: boolean;
  readonly reason: string;
  /** Set when the message was not even sent, because it would have overtaken an earlier event of its key. */
  readonly overtakes?: true;
}

/** Sends batches to topics. */
export interface TopicSender {
  /**
   * Sends up to ten messages, all of them with an order or none; answers, in their order, why one was not taken, or
   * undefined where it was.
   */
  send(topic: string, messages: readonly Message[]): Promise<(SendFailure | undefined)[]>;
}

export function createTopicSender(world: World): TopicSender {
  const { config } = world;
  const client = world.use(sns);
  return {
    async send(topic, messages) {
      const TopicArn = topicArn(config, topic, messages[0]?.order !== undefined);
      const answer = await settle(
        client.send(
          new PublishBatchCommand({
            TopicArn,
            PublishBatchRequestEntries: messages.map((message, index) => ({
              Id: String(index),
              Message: message.body,
              MessageAttributes: stringAttributes(message.attributes),
              ...(message.group !== undefined && { MessageGroupId: message.group }),
              ...fifoMembers(message.order),
            })),
          }),
        ),
      );
      return failuresOf(messages.length, answer);
    },
  };
}

/** The order of a message as FIFO topics and queues take it. */
export const fifoMembers = (order: Order | undefined) =>
  order !== undefined && { MessageGroupId: order.group, MessageDeduplicationId: order.deduplicationId };

export function stringAttributes(attributes: Readonly<Record<string, string>>) {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [name, { DataType: 'String', StringValue: value }]),
  );
}

interface FailedEntry {
  readonly Id?: string | undefined;
  readonly SenderFault?: boolean | undefined;
  readonly Code?: string | undefined;
  readonly Message?: string | undefined;
}
interface BatchAnswer {
  readonly Failed?: readonly FailedEntry[] | undefined;
}

/** A call that failed as a whole failed for each of its messages: the caller decides about each. */
export async function settle<Answer extends BatchAnswer>(
  call: Promise<Answer>,
): Promise<Answer | SendFailure> {
  try {
    return await call;
  } catch (error) {
    const fault = (error as { $fault?: string }).$fault;
    const name = error instanceof Error ? error.name : 'Error';
    // A throttle is the client's fault on the wire, and may go through later all the same.
    const retryable = fault !== 'client' || /Throttl|TooManyRequests|Timeout/i.test(name);
    return { retryable, reason: error instanceof Error ? `${name}: ${error.message}` : String(error) };
  }
}

/** A batch answers 200 with failed entries in it (SNS and SQS API references). */
export function failuresOf(count: number, answer: BatchAnswer | SendFailure): (SendFailure | undefined)[] {
  if ('retryable' in answer) return Array.from({ length: count }, () => answer);
  const failures = Array.from({ length: count }, (): SendFailure | undefined => undefined);
  for (const entry of answer.Failed ?? []) {
    failures[Number(entry.Id)] = {
      retryable: entry.SenderFault !== true,
      reason: `${entry.Code ?? 'Failed'}: ${entry.Message ?? ''}`,
    };
  }
  return failures;
}
