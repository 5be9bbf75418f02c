import { dueOf, readTimer, type TimerMessage } from '../../core/delay/timer.ts';
import { aws, bus } from '../../core/kernel/limits.ts';
import { sleep } from '../../core/kernel/sleep.ts';
import { hideUntil, type Leaving, leave, type TimerAction } from '../delay/leave.ts';
import { type FireTools, fire } from './fire.ts';

/** One message of the delay queue. */
export interface DelayQueueMessage {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly body: string;
}

type Come = readonly [message: DelayQueueMessage, timer: TimerMessage];
type TimerActions = ReadonlyMap<DelayQueueMessage, TimerAction>;

/**
 * Routes the delayed events that are due and hides the timers of others for the rest of their time. Returns the ids of
 * the messages that must stay in the queue.
 */
export async function releaseDue(
  tools: FireTools,
  messages: readonly DelayQueueMessage[],
): Promise<string[]> {
  const nowMs = tools.clock.now();
  const actions = new Map<DelayQueueMessage, TimerAction>();
  const due: Come[] = [];
  const soon: Come[] = [];
  for (const message of messages) {
    const timer = readTimer(message.body);
    if (timer === undefined) {
      // The queue's own redrive moves it to the failed messages in the end; until then it blocks no other.
      tools.log('error', 'A message of the delay queue is not a timer', { messageId: message.messageId });
      actions.set(message, 'keep');
      continue;
    }
    const restMs = dueOf(timer) - nowMs;
    // A timer that wakes long before the time ends a leg: the row is looked at, and another leg begins.
    if (restMs <= 0 || restMs > aws.sqs.delaySecondsMax * 1000) due.push([message, timer]);
    else if (restMs <= bus.timerEarlyMsMax) soon.push([message, timer]);
    else actions.set(message, hideUntil(dueOf(timer), nowMs));
  }
  const early = hide(tools, actions);
  const now = await releaseAll(tools, due);
  // Timers that are due within a second wait here for the fraction that a queue cannot count.
  const last = soon.reduce((latestMs, [, timer]) => Math.max(latestMs, dueOf(timer)), 0);
  if (soon.length > 0) await sleep(tools.clock, last - tools.clock.now());
  const then = await releaseAll(tools, soon);
  await Promise.all([early, hide(tools, now), hide(tools, then)]);
  const done = new Set(
    [...now, ...then].flatMap(([message, action]) => (action === 'done' ? [message] : [])),
  );
  return messages.filter((message) => !done.has(message)).map(({ messageId }) => messageId);
}

async function hide(tools: FireTools, actions: TimerActions): Promise<void> {
  const hiding = [...actions].flatMap(([{ receiptHandle }, action]) =>
    typeof action === 'object' ? [{ receiptHandle, seconds: action.hideSeconds }] : [],
  );
  for (const failure of await tools.queues.hide('delay', hiding)) {
    // It only comes back sooner or later than intended, and is looked at again then.
    if (failure !== undefined)
      tools.log('warn', 'A delayed event could not be hidden', { reason: failure.reason });
  }
}

/** Does what is due: routes events, and fires recurring schedules. */
async function releaseAll(tools: FireTools, due: readonly Come[]): Promise<TimerActions> {
  const actions = new Map<DelayQueueMessage, TimerAction>();
  const leaving: { message: DelayQueueMessage; timer: Leaving }[] = [];
  const ticks: Promise<void>[] = [];
  for (const [message, timer] of due) {
    if (timer.kind !== 'tick') leaving.push({ message, timer });
    else {
      const firing = fire(tools, timer.tick).then((action) => void actions.set(message, action));
      ticks.push(firing);
    }
  }
  const left = await leave(
    tools,
    leaving.map(({ timer }) => timer),
  );
  for (const [index, { message }] of leaving.entries()) actions.set(message, left[index] ?? 'keep');
  await Promise.all(ticks);
  return actions;
}
