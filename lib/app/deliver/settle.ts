import { unsentWaitSeconds } from '../../core/deliver/receives.ts';
import { aws, bus } from '../../core/kernel/limits.ts';
import { deadLetterAttributes, deadLettersStored } from '../../core/redrive/dead-letter.ts';
import type { Receiver } from '../../core/registry/receiver.ts';
import { behindTheFirst } from '../../core/routing/order.ts';
import { topicAttribute } from '../../core/routing/routing.ts';
import { newsOfDeadLetters } from '../../core/system-event/news.ts';
import { disable } from '../registry/disable.ts';
import { traceBatch } from '../why/trace.ts';
import type { Batch, BatchContext, Decision, DeliverTools } from './batch.ts';

/** Carries the decisions out and traces the attempts at the same time. Returns the ids of the messages that must stay. */
export async function settle(tools: DeliverTools, context: BatchContext): Promise<string[]> {
  const { batch, decisions } = context;
  const waiting = decisions.map(longerEachTime);
  const inOrder = batch.role === 'ordered' ? behindTheFirst(batch.messages, waiting) : waiting;
  const traced = decisions.flatMap((decision) => (decision.traced === undefined ? [] : [decision.traced]));
  const [kept] = await Promise.all([
    carryOut(tools, context.receiver, batch, inOrder),
    traceBatch(tools, context.receiver, batch.role, traced),
  ]);
  return kept;
}

const visibilitySeconds = bus.deliverTimeoutSeconds * aws.lambda.visibilityToTimeoutRatio;

/** What goes back without an attempt waits longer the more often that happened, so that no queue takes it for poison. */
function longerEachTime(decision: Decision): Decision {
  const { message, done, record, hideSeconds: wanted } = decision;
  if (done || record !== undefined) return decision;
  const hideSeconds = unsentWaitSeconds(message.receives, wanted, visibilitySeconds);
  return hideSeconds === undefined ? decision : { ...decision, hideSeconds };
}

/**
 * Carries the decisions out in the order that loses nothing: dead letters are stored before their messages are
 * acknowledged, and an attempt is recorded before its retry is due.
 */
async function carryOut(
  tools: DeliverTools,
  receiver: Receiver,
  batch: Batch,
  decisions: readonly Decision[],
): Promise<string[]> {
  const kept = new Set(
    decisions.filter((decision) => !decision.done).map(({ message }) => message.messageId),
  );
  for (const messageId of await moveToDeadLetters(tools, batch.receiver, decisions)) kept.add(messageId);
  await tellOfDeadLetters(tools, receiver, decisions, kept);
  await recordAttempts(tools, batch.receiver, decisions, kept);
  await hide(tools, batch, decisions);
  await disableGone(tools, batch.receiver, decisions);
  return [...kept];
}

/** Returns the ids of the messages that could not be moved and must stay. */
async function moveToDeadLetters(
  tools: DeliverTools,
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

/** Counts the dead letters for the owner, before their messages are acknowledged. */
async function tellOfDeadLetters(
  tools: DeliverTools,
  receiver: Receiver,
  decisions: readonly Decision[],
  kept: ReadonlySet<string>,
): Promise<void> {
  const dead = decisions.flatMap(({ message, deadLetter }) =>
    deadLetter === undefined || kept.has(message.messageId)
      ? []
      : [{ topic: message.attributes[topicAttribute], cause: deadLetter.cause }],
  );
  if (dead.length === 0) return;
  const causes = [...new Set(dead.map(({ cause }) => cause))];
  tools.log('warn', deadLettersStored, { receiver: receiver.receiver, count: dead.length, causes });
  for (const event of newsOfDeadLetters(receiver, dead, tools.clock.now())) {
    try {
      await tools.systemEvents.report(event);
    } catch (error) {
      // Thrown on, it would bring back what is settled; the dead letters are listed in any case.
      tools.log('error', 'A system event could not be stored', { type: event.type, reason: String(error) });
    }
  }
}

async function recordAttempts(
  tools: DeliverTools,
  receiver: string,
  decisions: readonly Decision[],
  kept: ReadonlySet<string>,
): Promise<void> {
  const records = new Map(
    decisions.flatMap(({ message, deadLetter, record }) =>
      // A letter that could not be moved is not dead: its last attempt is made again, and it is moved then.
      record === undefined || (deadLetter !== undefined && kept.has(message.messageId))
        ? []
        : [[record.deliveryId, record] as const],
    ),
  );
  if (records.size === 0) return;
  try {
    await tools.deliveries.put([...records.values()]);
  } catch (error) {
    // The attempts are not counted then, which errs on the side of one attempt too many.
    tools.log('error', 'Attempts could not be recorded', { receiver, reason: String(error) });
  }
}

/** Hides the messages that come again later. */
async function hide(tools: DeliverTools, batch: Batch, decisions: readonly Decision[]): Promise<void> {
  const hiding = decisions.filter((decision) => !decision.done && decision.hideSeconds !== undefined);
  if (hiding.length === 0) return;
  const failures = await tools.queues.hide(
    { receiver: batch.receiver, role: batch.role },
    hiding.map(({ message, hideSeconds = 0 }) => ({
      receiptHandle: message.receiptHandle,
      seconds: Math.min(hideSeconds, aws.sqs.visibilitySecondsMax - bus.deliverTimeoutSeconds),
    })),
  );
  for (const failure of failures) {
    if (failure === undefined) continue;
    // The message comes back when its visibility timeout ends, and its record says when it is due.
    tools.log('warn', 'A message could not be hidden', { receiver: batch.receiver, reason: failure.reason });
  }
}

/** Disables the receiver whose endpoint said that it is gone. */
async function disableGone(
  tools: DeliverTools,
  receiver: string,
  decisions: readonly Decision[],
): Promise<void> {
  const gone = decisions.find((decision) => decision.gone !== undefined)?.gone;
  if (gone === undefined) return;
  try {
    await disable(tools, receiver, gone);
  } catch (error) {
    // Thrown on, it would bring back what this batch delivered; the next 410 disables again.
    tools.log('error', 'A receiver could not be disabled', { receiver, reason: String(error) });
  }
}
