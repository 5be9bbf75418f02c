import { dueOf, readTimer, type TimerMessage } from '../../core/delay/timer.ts';
import { aws, bus } from '../../core/kernel/limits.ts';
import { sleep } from '../../core/kernel/sleep.ts';
import { hidden, type Leaving, leave, type Outcome } from '../delay/leave.ts';
import { type FireTools, fire } from './fire.ts';

/** One message of the delay queue. */
export interface DelayQueueMessage {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly body: string;
}

type Come = readonly [message: DelayQueueMessage, timer: TimerMessage];
type Outcomes = ReadonlyMap<DelayQueueMessage, Outcome>;

/**
 * Routes the delayed events that are due and hides the timers of others for the rest of their time. Answers the ids
 * of the messages that must stay in the queue.
 */
export async function releaseDue(
  tools: FireTools,
  messages: readonly DelayQueueMessage[],
): Promise<string[]> {
  const nowMs = tools.clock.now();
  const outcomes = new Map<DelayQueueMessage, Outcome>();
  const due: Come[] = [];
  const soon: Come[] = [];
  for (const message of messages) {
    const timer = readTimer(message.body);
    if (timer === undefined) {
      // It ends among the failed ones by the queue's own redrive, and holds up no other until then.
      tools.log('error', 'A message of the delay queue is no timer', { messageId: message.messageId });
      outcomes.set(message, 'keep');
      continue;
    }
    const restMs = dueOf(timer) - nowMs;
    // Who comes long before the time ends a leg: the row is looked at, and another leg begins.
    if (restMs <= 0 || restMs > aws.sqs.delaySecondsMax * 1000) due.push([message, timer]);
    else if (restMs <= bus.timerEarlyMsMax) soon.push([message, timer]);
    else outcomes.set(message, hidden(dueOf(timer), nowMs));
  }
  const early = hide(tools, outcomes);
  const now = await releaseAll(tools, due);
  // What is due within a second waits here for the fraction that a queue cannot count.
  const last = soon.reduce((latestMs, [, timer]) => Math.max(latestMs, dueOf(timer)), 0);
  if (soon.length > 0) await sleep(tools.clock, last - tools.clock.now());
  const then = await releaseAll(tools, soon);
  await Promise.all([early, hide(tools, now), hide(tools, then)]);
  const done = new Set(
    [...now, ...then].flatMap(([message, outcome]) => (outcome === 'done' ? [message] : [])),
  );
  return messages.filter((message) => !done.has(message)).map(({ messageId }) => messageId);
}

async function hide(tools: FireTools, outcomes: Outcomes): Promise<void> {
  const hiding = [...outcomes].flatMap(([{ receiptHandle }, outcome]) =>
    typeof outcome === 'object' ? [{ receiptHandle, seconds: outcome.hideSeconds }] : [],
  );
  for (const failure of await tools.queues.hide('delay', hiding)) {
    // It only comes back sooner or later than meant, and is looked at again then.
    if (failure !== undefined)
      tools.log('warn', 'A delayed event could not be hidden', { reason: failure.reason });
  }
}

/** Does what is due: lets events leave, and fires recurring schedules. */
async function releaseAll(tools: FireTools, due: readonly Come[]): Promise<Outcomes> {
  const outcomes = new Map<DelayQueueMessage, Outcome>();
  const leaving: { message: DelayQueueMessage; timer: Leaving }[] = [];
  const ticks: Promise<void>[] = [];
  for (const [message, timer] of due) {
    if (timer.kind !== 'tick') leaving.push({ message, timer });
    else {
      const firing = fire(tools, timer.tick).then((outcome) => void outcomes.set(message, outcome));
      ticks.push(firing);
    }
  }
  const left = await leave(
    tools,
    leaving.map(({ timer }) => timer),
  );
  for (const [index, { message }] of leaving.entries()) outcomes.set(message, left[index] ?? 'keep');
  await Promise.all(ticks);
  return outcomes;
}
