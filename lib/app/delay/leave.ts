import { type DelayedState, type Look, stepDelayed } from '../../core/delay/delayed.ts';
import { delayLeaseSeconds } from '../../core/delay/limits.ts';
import { type Delayed, secondsUntilWake } from '../../core/delay/wait.ts';
import type { Target } from '../../core/event/target.ts';
import type { HeldEvent } from '../../core/hold/held.ts';
import { aws, bus } from '../../core/kernel/limits.ts';
import type { KeptDelayed } from '../../runtime/stores/delayed.ts';
import type { Tools } from '../../runtime/tools.ts';
import { type RouteOrHoldTools, routeOrHold } from '../hold/route-or-hold.ts';
import { newRevision } from './schedule.ts';
import { dropTimer, lookTimer, setTimers, type TimerTools } from './timers.ts';

export type LeaveTools = RouteOrHoldTools & TimerTools & Tools<'delayed'>;

/** What is done with a timer: `done`, hidden for some seconds, or kept as it is. */
export type TimerAction = 'done' | 'keep' | { readonly hideSeconds: number };

/** A timer that has woken: for an event in its row, or for a whole event. */
export type Leaving =
  | { readonly kind: 'look'; readonly look: Look }
  | { readonly kind: 'whole'; readonly delayed: Delayed };

/** A due event that this function may route. */
interface Ready {
  readonly target: Target;
  readonly event: HeldEvent;
  readonly dueAtMs: number;
  /** Marks its row, if it has one, as left. */
  left(): Promise<void>;
}

type LookResult = { readonly action: TimerAction } | { readonly ready: Ready };

/** Hides a timer that woke too early, for at most 15 minutes. */
export const hideUntil = (untilMs: number, nowMs: number): TimerAction => ({
  hideSeconds: Math.min(aws.sqs.delaySecondsMax, Math.max(1, secondsUntilWake(untilMs, nowMs))),
});

/**
 * Routes the events that are due and that no other function has, in one batch for each target; events of topics on hold
 * are held. Returns, in order, what is done with each timer.
 */
export async function leave(tools: LeaveTools, timers: readonly Leaving[]): Promise<TimerAction[]> {
  const actions: TimerAction[] = Array.from({ length: timers.length }, () => 'keep' as const);
  const groups = new Map<string, { index: number; ready: Ready }[]>();
  await Promise.all(
    timers.map(async (timer, index) => {
      const result = await decide(tools, timer);
      if ('action' in result) actions[index] = result.action;
      else {
        const key = JSON.stringify(result.ready.target);
        groups.set(key, [...(groups.get(key) ?? []), { index, ready: result.ready }]);
      }
    }),
  );
  await Promise.all([...groups.values()].map((group) => routeGroup(tools, group, actions)));
  return actions;
}

async function routeGroup(
  tools: LeaveTools,
  released: readonly { index: number; ready: Ready }[],
  actions: TimerAction[],
): Promise<void> {
  // In an ordered topic, the events of one key go in the order in which they are due.
  const group = released.toSorted((left, right) => left.ready.dueAtMs - right.ready.dueAtMs);
  const [first] = group;
  if (first === undefined) return;
  const routed = await routeOrHold(
    tools,
    first.ready.target,
    group.map(({ ready }) => ready.event),
  );
  await Promise.all(
    group.map(async ({ index, ready }, position) => {
      const failure = routed[position];
      // A held event has left as well: it now waits for the release of its topic.
      if (failure === undefined || typeof failure === 'string') {
        await ready.left();
        actions[index] = 'done';
      } else {
        tools.log('error', 'A due event could not be routed', { reason: failure.reason });
        actions[index] = { hideSeconds: delayLeaseSeconds };
      }
    }),
  );
}

async function decide(tools: LeaveTools, timer: Leaving): Promise<LookResult> {
  if (timer.kind === 'look') {
    try {
      return await look(tools, timer.look);
    } catch (error) {
      tools.log('error', 'The row of a due event could not be read or written', { reason: String(error) });
      return { action: 'keep' };
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

/** Looks at the row of an event, and takes the event when it is due and no other function has it. */
async function look(tools: LeaveTools, { row, revision, dueAtMs }: Look): Promise<LookResult> {
  // Assume that the row is unchanged since this timer was set: that saves a read.
  let state: DelayedState | undefined = { state: 'waiting', dueAtMs, revision, leaseUntilMs: 0 };
  for (let tries = 0; tries < bus.conditionalTriesMax; tries++) {
    const nowMs = tools.clock.now();
    const next = newRevision(tools.random);
    const step = stepDelayed(state, { kind: 'look' }, nowMs, next);
    if (step.kind === 'leave-alone') return { action: hideUntil(step.untilMs, nowMs) };
    if (state === undefined || step.kind === 'nothing' || step.kind === 'reject') return { action: 'done' };
    if (step.kind === 'wait' && step.untilMs - nowMs <= aws.sqs.delaySecondsMax * 1000) {
      return { action: hideUntil(step.untilMs, nowMs) };
    }
    const wanted = step.kind === 'wait' ? { ...state, revision: next } : step.next;
    const { done, kept } = await tools.delayed.change(row, state.revision, wanted, nowMs);
    if (done && kept !== undefined) {
      return step.kind === 'wait'
        ? {
            action: await setAgain(
              tools,
              { row, revision: next, dueAtMs: kept.state.dueAtMs },
              state.revision,
            ),
          }
        : { ready: readyOf(tools, kept) };
    }
    state = kept?.state;
  }
  return { action: 'keep' };
}

/** Replaces a timer that woke long before its event is due, because the event was re-timed or waits in legs. */
async function setAgain(tools: LeaveTools, next: Look, earlierRevision: string): Promise<TimerAction> {
  const [problem] = await setTimers(tools, [lookTimer(next)]);
  if (problem !== undefined) {
    tools.log('error', 'A timer could not be set again', { reason: problem });
    return 'keep';
  }
  await dropTimer(tools, earlierRevision);
  return 'done';
}

function readyOf(tools: LeaveTools, { key, state, event }: KeptDelayed): Ready {
  const { id, type, source, subject, body, trace, order } = event;
  return {
    target: event.target,
    event: {
      id,
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
      const step = stepDelayed(
        state,
        { kind: 'routed', revision: state.revision },
        nowMs,
        newRevision(tools.random),
      );
      try {
        if (step.kind === 'write') await tools.delayed.change(key, state.revision, step.next, nowMs);
      } catch (error) {
        // The event is on its way and its timer is deleted: only a second timer could send it again.
        tools.log('warn', 'The row of an event that left could not be written', { reason: String(error) });
      }
    },
  };
}
