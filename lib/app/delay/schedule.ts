import type { Acting } from '../../core/access/acting.ts';
import { type DelayedEvent, delayedKey, stepDelayed } from '../../core/delay/delayed.ts';
import { listedSeconds } from '../../core/delay/limits.ts';
import type { Delayed } from '../../core/delay/wait.ts';
import type { BusEvent } from '../../core/event/event.ts';
import type { Target } from '../../core/event/target.ts';
import type { TraceMode } from '../../core/event/trace-mode.ts';
import { BusbarError } from '../../core/kernel/errors.ts';
import { aws } from '../../core/kernel/limits.ts';
import type { ClaimRef } from '../../core/publish/duplicate.ts';
import type { Order } from '../../core/routing/order.ts';
import type { Random } from '../../runtime/random.ts';
import type { DelayedStore } from '../../runtime/stores/delayed.ts';
import type { Tools } from '../../runtime/tools.ts';
import { type Counting, delayedStored, giveBack, takeStored, type UsageTools } from '../access/stored.ts';
import { type NoteTools, noteWaiting } from '../list/note-waiting.ts';
import { dropTimer, lookTimer, setTimers, type Timer, type TimerTools } from './timers.ts';

export type DelayTools = TimerTools & NoteTools & UsageTools & Tools<'delayed'>;

/** An event and when it is due. */
export interface Later {
  readonly event: BusEvent & { readonly trace?: TraceMode; readonly order?: Order };
  readonly dueAtMs: number;
  readonly claim?: ClaimRef | undefined;
}

/** A revision that was never used before; it may name a schedule. */
export const newRevision = (random: Random) => `delay-${random.uuid()}`;

/**
 * Stores events until they are due. Returns, in order, why one was not stored, or undefined for a stored one.
 *
 * The row comes first: a timer without a row would find nothing and lose the event, while a row without a timer belongs
 * to an event that was not accepted.
 * @param how `acting`: for whom they act when they are due. `cancellable`: false keeps events that are due within 15
 * minutes only in the queue, without a row. `counting`: whether quotas refuse them.
 */
export async function delay(
  tools: DelayTools,
  target: Target,
  events: readonly Later[],
  {
    acting,
    cancellable,
    counting,
  }: { readonly acting: Acting; readonly cancellable: boolean; readonly counting: Counting },
): Promise<(BusbarError | undefined)[]> {
  if (events.length === 0) return [];
  const nowMs = tools.clock.now();
  const { application } = acting.actor;
  const amounts = events.map(({ event, dueAtMs }) => delayedStored(event, dueAtMs, nowMs));
  const refusal = await takeStored(tools, application, amounts, counting).catch((error: unknown) => {
    tools.log('error', 'What an application has stored could not be counted', {
      application,
      reason: String(error),
    });
    return unavailable();
  });
  if (refusal !== undefined) return events.map(() => refusal);
  const stored = await Promise.all(
    events.map(async (later): Promise<Stored> => {
      if (!cancellable && later.dueAtMs - nowMs <= aws.sqs.delaySecondsMax * 1000) {
        return {
          timer: {
            name: '',
            dueAtMs: later.dueAtMs,
            text: JSON.stringify(wholeOf(target, later, acting, nowMs)),
          },
        };
      }
      return await storeRow(tools, target, later, acting, nowMs);
    }),
  );
  const timers = stored.flatMap(({ timer }) => (timer === undefined ? [] : [timer]));
  const problems = await setTimers(tools, timers);
  return await Promise.all(
    stored.map(async ({ timer, problem, undo, done }, at) => {
      const failed = timer === undefined ? problem : problems[timers.indexOf(timer)];
      if (failed === undefined) {
        await done?.();
        return undefined;
      }
      tools.log('error', 'An event could not be delayed', { ...target, reason: failed });
      await undo?.();
      await giveBack(tools, application, amounts.slice(at, at + 1));
      return unavailable();
    }),
  );
}

interface Stored {
  readonly timer?: Timer;
  readonly problem?: string;
  readonly undo?: () => Promise<void>;
  readonly done?: () => Promise<void>;
}

async function storeRow(
  tools: DelayTools,
  target: Target,
  later: Later,
  acting: Acting,
  nowMs: number,
): Promise<Stored> {
  const { event, dueAtMs, claim } = later;
  const { id, source, type, subject, trace, order, body } = event;
  const kept: DelayedEvent = {
    target,
    id,
    source,
    type,
    subject,
    trace,
    order,
    acting,
    claim,
    atMs: nowMs,
    body,
  };
  const step = stepDelayed(undefined, { kind: 'publish', dueAtMs }, nowMs, newRevision(tools.random));
  if (step.kind !== 'write') throw new Error('A publish always writes.');
  const row = delayedKey(kept);
  const { revision } = step.next;
  try {
    await noteDelayed(tools, target, dueAtMs);
    const before = await tools.delayed.put(kept, step.next);
    return {
      timer: lookTimer({ row, revision, dueAtMs }),
      async done() {
        if (before?.state.state !== 'waiting') return;
        await dropTimer(tools, before.state.revision);
        const { event: earlier, state } = before;
        const amount = delayedStored(earlier, state.dueAtMs, earlier.atMs);
        await giveBack(tools, earlier.acting?.actor.application, [amount]);
      },
      async undo() {
        // If the event already waited, its older timer needs the row, so the row must stay.
        if (before === undefined) await forget(tools, row, revision);
      },
    };
  } catch (error) {
    return { problem: String(error) };
  }
}

/** Lets the owner of a target find the event until it is due, and somewhat longer. */
export const noteDelayed = (tools: NoteTools, target: Target, dueAtMs: number) =>
  noteWaiting(tools, target, 'delayed', dueAtMs + listedSeconds * 1000);

async function forget(
  tools: DelayTools,
  row: Parameters<DelayedStore['remove']>[0],
  revision: string,
): Promise<void> {
  try {
    await tools.delayed.remove(row, revision);
  } catch (error) {
    // It has no timer, so the event never leaves; the row expires.
    tools.log('warn', 'The row of an event that was not accepted could not be removed', {
      reason: String(error),
    });
  }
}

function wholeOf(target: Target, { event, dueAtMs, claim }: Later, acting: Acting, atMs: number): Delayed {
  const { id, source, type, subject, trace, order, body } = event;
  return {
    target,
    dueAtMs,
    atMs,
    acting,
    ...(claim !== undefined && { claim }),
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
}

function unavailable(): BusbarError {
  return new BusbarError(
    'unavailable',
    'The event could not be stored until it is due: AWS failed or throttled the call. Send it again.',
    { retryAfterSeconds: 1 },
  );
}
