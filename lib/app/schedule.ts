import { BusbarError } from '../core/errors.ts';
import { type BusEvent, utf8Bytes } from '../core/event.ts';
import { bus } from '../core/limits.ts';
import type { Order } from '../core/order.ts';
import type { Target } from '../core/routing.ts';
import { chooseWait, type Delayed, scheduleName, secondsUntil } from '../core/schedule.ts';
import type { TraceMode } from '../core/trace.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { Queues } from '../runtime/queues.ts';
import type { Schedules } from '../runtime/schedules.ts';
import { type RouteTools, route } from './route.ts';

export interface DelayTools {
  readonly queues: Queues;
  readonly schedules: Schedules;
  readonly clock: Clock;
}

/** Stores an event until it is due. @throws BusbarError event_too_large, unavailable. */
export async function delay(
  tools: DelayTools,
  target: Target,
  event: BusEvent & { readonly trace?: TraceMode; readonly order?: Order },
  dueAtMs: number,
): Promise<void> {
  const { id, source, type, subject, body, trace, order } = event;
  const delayed: Delayed = {
    target,
    dueAtMs,
    event: {
      id,
      source,
      type,
      ...(subject !== undefined && { subject }),
      ...(trace !== undefined && { trace }),
      ...(order !== undefined && { order }),
    },
    body,
  };
  const text = JSON.stringify(delayed);
  const wait = chooseWait(dueAtMs, tools.clock.now());
  if (wait.kind === 'schedule') {
    if (utf8Bytes(text) > bus.eventBytesMax) {
      throw new BusbarError(
        'event_too_large',
        `The event has ${utf8Bytes(text)} bytes as it is stored until it is due; at most ${bus.eventBytesMax} fit. Store the data elsewhere and send a reference to it.`,
      );
    }
    await tools.schedules.create(scheduleName(target, event, dueAtMs), wait.fireAtMs, text);
    return;
  }
  const [failure] = await tools.queues.send('delay', [
    { body: text, attributes: {}, delaySeconds: wait.delaySeconds },
  ]);
  if (failure !== undefined)
    throw new BusbarError('unavailable', `The event could not be stored: ${failure.reason}`);
}

/** One message of the delay queue. */
export interface DelayedMessage {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly body: string;
}

/** The delayed event that a message holds; undefined when it was not written by the bus. */
function readDelayed(message: DelayedMessage): Delayed | undefined {
  try {
    const { target, dueAtMs, event, body } = JSON.parse(message.body) ?? {};
    const isOurs =
      (typeof target?.topic === 'string' || typeof target?.receiver === 'string') &&
      Number.isFinite(dueAtMs) &&
      typeof event?.type === 'string' &&
      typeof event.source === 'string' &&
      typeof body === 'string';
    return isOurs ? { target, dueAtMs, event, body } : undefined;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return undefined;
  }
}

/**
 * Routes the delayed events that are due and hides the others for the rest of their time. Answers the ids of
 * the messages that must stay in the queue.
 */
export async function releaseDue(
  tools: RouteTools & { readonly clock: Clock; readonly log: Log },
  messages: readonly DelayedMessage[],
): Promise<string[]> {
  const nowMs = tools.clock.now();
  const waiting: { receiptHandle: string; seconds: number }[] = [];
  const kept: string[] = [];
  const due = new Map<string, { message: DelayedMessage; delayed: Delayed }[]>();
  for (const message of messages) {
    const delayed = readDelayed(message);
    if (delayed === undefined) {
      // It ends among the failed ones by the queue's own redrive, and holds up no other until then.
      tools.log('error', 'A message of the delay queue is no delayed event', {
        messageId: message.messageId,
      });
      kept.push(message.messageId);
      continue;
    }
    const seconds = secondsUntil(delayed.dueAtMs, nowMs);
    if (seconds > 0) {
      waiting.push({ receiptHandle: message.receiptHandle, seconds });
      kept.push(message.messageId);
    } else {
      const key = JSON.stringify(delayed.target);
      due.set(key, [...(due.get(key) ?? []), { message, delayed }]);
    }
  }
  for (const failure of await tools.queues.hide('delay', waiting)) {
    // It only comes back sooner or later than meant, and is looked at again then.
    if (failure !== undefined)
      tools.log('warn', 'A delayed event could not be hidden', { reason: failure.reason });
  }
  await Promise.all(
    [...due.values()].map(async (released) => {
      // Into an ordered topic, events of one key go in the order in which they are due.
      const group = released.toSorted((left, right) => left.delayed.dueAtMs - right.delayed.dueAtMs);
      const [first] = group;
      if (first === undefined) return;
      const failures = await route(
        tools,
        first.delayed.target,
        group.map(({ delayed }) => ({
          ...delayed.event,
          subject: delayed.event.subject,
          body: delayed.body,
        })),
      );
      for (const [index, { message }] of group.entries()) {
        const failure = failures[index];
        if (failure === undefined) continue;
        tools.log('error', 'A due event could not be routed', { reason: failure.reason });
        kept.push(message.messageId);
      }
    }),
  );
  return kept;
}
