import { type DelayedState, type Look, stepDelayed } from '../core/delayed.ts';
import { aws, bus } from '../core/limits.ts';
import type { RoutableEvent, Target } from '../core/routing.ts';
import { secondsToHide } from '../core/schedule.ts';
import { dueOf, readTimer, type TimerMessage } from '../core/timer.ts';
import type { Random } from '../runtime/random.ts';
import type { DelayedStore, KeptDelayed } from '../runtime/stores/delayed.ts';
import { type RouteTools, route } from './route.ts';
import { newTurn } from './schedule.ts';
import { dropTimer, lookTimer, setTimers, type TimerTools } from './timers.ts';

export interface ReleaseTools extends RouteTools, TimerTools {
  readonly delayed: DelayedStore;
  readonly random: Random;
}

/** One message of the delay queue. */
export interface DelayQueueMessage {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly body: string;
}

/** What is done with a message of the delay queue: it is over, hidden for some seconds, or kept as it is. */
type Outcome = 'done' | 'keep' | { readonly hideSeconds: number };

/** An event that is due and that this function may route. */
interface Ready {
  readonly target: Target;
  readonly event: RoutableEvent;
  readonly dueAtMs: number;
  /** Says in its row that it left, where it has one. */
  left(): Promise<void>;
}

type Decision = { readonly outcome: Outcome } | { readonly ready: Ready };

/**
 * Routes the delayed events that are due and hides the timers of others for the rest of their time. Answers the ids
 * of the messages that must stay in the queue.
 */
export async function releaseDue(
  tools: ReleaseTools,
  messages: readonly DelayQueueMessage[],
): Promise<string[]> {
  const nowMs = tools.clock.now();
  const outcomes = new Map<DelayQueueMessage, Outcome>();
  const due: [DelayQueueMessage, TimerMessage][] = [];
  const soon: [DelayQueueMessage, TimerMessage][] = [];
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
    else if (restMs <= bus.delayHeldMs) soon.push([message, timer]);
    else outcomes.set(message, hidden(dueOf(timer), nowMs));
  }
  const early = hide(tools, outcomes);
  const now = await releaseAll(tools, due);
  // What is due within a second waits here for the fraction that a queue cannot count.
  const last = soon.reduce((latestMs, [, timer]) => Math.max(latestMs, dueOf(timer)), 0);
  if (soon.length > 0) await passed(tools, last - tools.clock.now());
  const then = await releaseAll(tools, soon);
  await Promise.all([early, hide(tools, now), hide(tools, then)]);
  const done = new Set(
    [...now, ...then].flatMap(([message, outcome]) => (outcome === 'done' ? [message] : [])),
  );
  return messages.filter((message) => !done.has(message)).map(({ messageId }) => messageId);
}

const hidden = (untilMs: number, nowMs: number): Outcome => ({
  hideSeconds: Math.min(aws.sqs.delaySecondsMax, Math.max(1, secondsToHide(untilMs, nowMs))),
});

const passed = (tools: ReleaseTools, waitMs: number) =>
  new Promise<void>((resolve) => tools.clock.setTimer(Math.max(0, waitMs), resolve));

async function hide(tools: ReleaseTools, outcomes: ReadonlyMap<DelayQueueMessage, Outcome>): Promise<void> {
  const hiding = [...outcomes].flatMap(([{ receiptHandle }, outcome]) =>
    typeof outcome === 'object' ? [{ receiptHandle, seconds: outcome.hideSeconds }] : [],
  );
  for (const failure of await tools.queues.hide('delay', hiding)) {
    // It only comes back sooner or later than meant, and is looked at again then.
    if (failure !== undefined)
      tools.log('warn', 'A delayed event could not be hidden', { reason: failure.reason });
  }
}

/** Releases what is due, in one batch a target; answers what is done with each message. */
async function releaseAll(
  tools: ReleaseTools,
  due: readonly [DelayQueueMessage, TimerMessage][],
): Promise<Map<DelayQueueMessage, Outcome>> {
  const outcomes = new Map<DelayQueueMessage, Outcome>();
  const groups = new Map<string, { message: DelayQueueMessage; ready: Ready }[]>();
  await Promise.all(
    due.map(async ([message, timer]) => {
      const decision = await decide(tools, timer);
      if ('outcome' in decision) outcomes.set(message, decision.outcome);
      else {
        const key = JSON.stringify(decision.ready.target);
        groups.set(key, [...(groups.get(key) ?? []), { message, ready: decision.ready }]);
      }
    }),
  );
  await Promise.all(
    [...groups.values()].map(async (released) => {
      // Into an ordered topic, events of one key go in the order in which they are due.
      const group = released.toSorted((left, right) => left.ready.dueAtMs - right.ready.dueAtMs);
      const [first] = group;
      if (first === undefined) return;
      const failures = await route(
        tools,
        first.ready.target,
        group.map(({ ready }) => ready.event),
      );
      await Promise.all(
        group.map(async ({ message, ready }, index) => {
          const failure = failures[index];
          if (failure === undefined) {
            await ready.left();
            outcomes.set(message, 'done');
          } else {
            tools.log('error', 'A due event could not be routed', { reason: failure.reason });
            outcomes.set(message, { hideSeconds: bus.delayLeaseSeconds });
          }
        }),
      );
    }),
  );
  return outcomes;
}

async function decide(tools: ReleaseTools, timer: TimerMessage): Promise<Decision> {
  if (timer.kind === 'look') {
    try {
      return await look(tools, timer.look);
    } catch (error) {
      tools.log('error', 'The row of a due event could not be read or written', { reason: String(error) });
      return { outcome: 'keep' };
    }
  }
  const { target, event, body } = timer.delayed;
  const ready = {
    target,
    event: { ...event, subject: event.subject, body },
    dueAtMs: timer.delayed.dueAtMs,
    left: async () => undefined,
  };
  return { ready };
}

/** Looks at the row of an event, and takes the event when it is due and nobody else has it. */
async function look(tools: ReleaseTools, { row, turn, dueAtMs }: Look): Promise<Decision> {
  // As long as nobody changed it, the row is what it was when this timer was set: that saves a read.
  let state: DelayedState | undefined = { state: 'waiting', dueAtMs, turn, leaseUntilMs: 0 };
  for (let tries = 0; tries < bus.conditionalTriesMax; tries++) {
    const nowMs = tools.clock.now();
    const next = newTurn(tools.random);
    const step = stepDelayed(state, { kind: 'look' }, nowMs, next);
    if (step.kind === 'leave-alone') return { outcome: hidden(step.untilMs, nowMs) };
    if (state === undefined || step.kind === 'nothing' || step.kind === 'refuse') return { outcome: 'done' };
    if (step.kind === 'wait' && step.untilMs - nowMs <= aws.sqs.delaySecondsMax * 1000) {
      return { outcome: hidden(step.untilMs, nowMs) };
    }
    const wanted = step.kind === 'wait' ? { ...state, turn: next } : step.next;
    const { done, kept } = await tools.delayed.change(row, state.turn, wanted, nowMs);
    if (done && kept !== undefined) {
      return step.kind === 'wait'
        ? { outcome: await setAgain(tools, { row, turn: next, dueAtMs: kept.state.dueAtMs }, state.turn) }
        : { ready: readyOf(tools, kept) };
    }
    state = kept?.state;
  }
  return { outcome: 'keep' };
}

/** A timer that came long before its event, which was re-timed or waits in legs, is followed by another one. */
async function setAgain(tools: ReleaseTools, next: Look, earlierTurn: string): Promise<Outcome> {
  const [problem] = await setTimers(tools, [lookTimer(next)]);
  if (problem !== undefined) {
    tools.log('error', 'A timer could not be set again', { reason: problem });
    return 'keep';
  }
  await dropTimer(tools, earlierTurn);
  return 'done';
}

function readyOf(tools: ReleaseTools, { key, state, event }: KeptDelayed): Ready {
  const { type, source, subject, body, trace, order } = event;
  return {
    target: event.target,
    event: {
      type,
      source,
      subject,
      body,
      ...(trace !== undefined && { trace }),
      ...(order !== undefined && { order }),
    },
    dueAtMs: state.dueAtMs,
    async left() {
      const nowMs = tools.clock.now();
      const step = stepDelayed(state, { kind: 'routed', turn: state.turn }, nowMs, newTurn(tools.random));
      try {
        if (step.kind === 'write') await tools.delayed.change(key, state.turn, step.next, nowMs);
      } catch (error) {
        // The event is on its way and its timer goes: only a second timer of it could send it again.
        tools.log('warn', 'The row of an event that left could not be written', { reason: String(error) });
      }
    },
  };
}
