import { aws, bus } from '../../core/kernel/limits.ts';
import type { Lane } from '../../core/kernel/place.ts';
import { deadLetterAttributes } from '../../core/redrive/dead-letter.ts';
import { behindTheFirst } from '../../core/routing/order.ts';
import type { ReceivedMessage } from '../../runtime/aws/queue-messages.ts';
import type { Queues } from '../../runtime/aws/queues.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Log } from '../../runtime/log.ts';
import type { DeliveryStore } from '../../runtime/stores/deliveries.ts';
import type { RegistryStore } from '../../runtime/stores/registry.ts';
import { disable } from '../registry/disable.ts';
import type { PollingTools } from '../registry/polling.ts';
import type { Decision } from './decision.ts';

export interface SettleTools extends PollingTools {
  readonly registry: RegistryStore;
  readonly deliveries: DeliveryStore;
  readonly queues: Queues;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Batch {
  readonly receiver: string;
  readonly role: Lane;
  readonly messages: readonly ReceivedMessage[];
}

/**
 * Carries the decisions out, in the order that loses nothing: dead letters are stored before their messages are
 * acknowledged, and an attempt is recorded before its retry is due.
 */
export async function settle(
  tools: SettleTools,
  batch: Batch,
  decided: readonly Decision[],
): Promise<string[]> {
  const decisions = behindTheFirst(batch.messages, decided);
  const queue = { receiver: batch.receiver, role: batch.role };
  const kept = new Set(
    decisions.filter((decision) => !decision.done).map(({ message }) => message.messageId),
  );

  for (const messageId of await moveToDeadLetters(tools, batch.receiver, decisions)) kept.add(messageId);

  const records = new Map(
    decisions.flatMap(({ message, deadLetter, record }) =>
      // What could not be moved is not dead: its last attempt is made again, and moved then.
      record === undefined || (deadLetter !== undefined && kept.has(message.messageId))
        ? []
        : [[record.deliveryId, record] as const],
    ),
  );
  if (records.size > 0) {
    try {
      await tools.deliveries.put([...records.values()]);
    } catch (error) {
      // The attempts are not counted then, which errs on the side of one attempt too many.
      tools.log('error', 'Attempts could not be recorded', {
        receiver: batch.receiver,
        reason: String(error),
      });
    }
  }

  const hiding = decisions.filter((decision) => !decision.done && decision.hideSeconds !== undefined);
  const failures = await tools.queues.hide(
    queue,
    hiding.map(({ message, hideSeconds = 0 }) => ({
      receiptHandle: message.receiptHandle,
      seconds: Math.min(hideSeconds, aws.sqs.visibilitySecondsMax - bus.deliverTimeoutSeconds),
    })),
  );
  for (const failure of failures) {
    // The message comes back when its visibility runs out, and its record says when it is due.
    if (failure !== undefined) {
      tools.log('warn', 'A message could not be hidden', {
        receiver: batch.receiver,
        reason: failure.reason,
      });
    }
  }

  const gone = decisions.find((decision) => decision.gone !== undefined)?.gone;
  if (gone !== undefined) {
    try {
      await disable(tools, batch.receiver, gone);
    } catch (error) {
      // Thrown on, it would bring back what this batch delivered; the next 410 disables again.
      tools.log('error', 'A receiver could not be disabled', {
        receiver: batch.receiver,
        reason: String(error),
      });
    }
  }
  return [...kept];
}

/** Answers the ids of the messages that could not be moved and must stay. */
async function moveToDeadLetters(
  tools: SettleTools,
  receiver: string,
  decisions: readonly Decision[],
): Promise<string[]> {
  const dead = decisions.flatMap(({ message, deadLetter }) => (deadLetter ? [{ message, deadLetter }] : []));
  if (dead.length === 0) return [];
  const failures = await tools.queues.send(
    { receiver, role: 'dead-letters' },
    dead.map(({ message, deadLetter }) => ({
      body: message.body,
      attributes: deadLetterAttributes(deadLetter, message.attributes),
    })),
  );
  return dead.flatMap(({ message }, index) => {
    const failure = failures[index];
    if (failure === undefined) return [];
    tools.log('error', 'A dead letter could not be stored', { receiver, reason: failure.reason });
    return [message.messageId];
  });
}
