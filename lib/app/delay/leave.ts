import { type DelayedState, type Look, stepDelayed } from '../../core/delay/delayed.ts';
import { delayLeaseSeconds } from '../../core/delay/limits.ts';
import { type Delayed, secondsUntilWake } from '../../core/delay/wait.ts';
import type { Target } from '../../core/event/target.ts';
import type { HeldEvent } from '../../core/hold/held.ts';
import { aws, bus } from '../../core/kernel/limits.ts';
import {
  type Refusal,
  type Refused,
  refusedIdOf,
  unrecordedApplication,
} from '../../core/refused/refused.ts';
import type { KeptDelayed } from '../../runtime/stores/delayed.ts';
import type { Tools } from '../../runtime/tools.ts';
import { type ActTools, refusalsOf } from '../access/act.ts';
import { type RouteOrHoldTools, routeOrHold } from '../hold/route-or-hold.ts';
import { type KeepRefusedTools, keepRefused } from '../refused/keep-refused.ts';
import { newRevision } from './schedule.ts';
import { dropTimer, lookTimer, setTimers, type TimerTools } from './timers.ts';

export type LeaveTools = RouteOrHoldTools &
  TimerTools &
  ActTools &
  KeepRefusedTools &
  Tools<'delayed' | 'claims'>;

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
  /** When it was published; undefined when its message does not say. */
  readonly atMs: number | undefined;
  /** Marks its row, if it has one, as left, or as refused. */
  mark(as: 'routed' | 'refused'): Promise<void>;
}

type LookResult = { readonly action: TimerAction } | { readonly ready: Ready };

/** Hides a timer that woke too early, for at most 15 minutes. */
export const hideUntil = (untilMs: number, nowMs: number): TimerAction => ({
  hideSeconds: Math.min(aws.sqs.delaySecondsMax, Math.max(1, secondsUntilWake(untilMs, nowMs))),
});

/**
 * Routes the events that are due and that no other function has, in one batch for each target; events of topics on hold
 * are held, and those that may not go to their target any more are listed as refused. Returns, in order, what is done
 * with each timer.
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
  const sorted = released.toSorted((left, right) => left.ready.dueAtMs - right.ready.dueAtMs);
  const group = await refuse(tools, sorted, actions);
  const [first] = group;
  if (first === undefined) return;
  const routed = await routeOrHold(
    tools,
    first.ready.target,
    group.map(({ ready }) => ready.event),
    // It was accepted: should its topic be on hold, no quota refuses it.
    'count',
  );
  await Promise.all(
    group.map(async ({ index, ready }, position) => {
      const failure = routed[position];
      // A held event has left as well: it now waits for the release of its topic.
      if (failure === undefined || typeof failure === 'string') {
        await ready.mark('routed');
        actions[index] = 'done';
      } else {
        tools.log('error', 'A due event could not be routed', { reason: failure.reason });
        actions[index] = { hideSeconds: delayLeaseSeconds };
      }
    }),
  );
}

/** Refuses those of the events that may not go to their target; returns the others. */
async function refuse<One extends { readonly index: number; readonly ready: Ready }>(
  tools: LeaveTools,
  group: readonly One[],
  actions: TimerAction[],
): Promise<One[]> {
  const [first] = group;
  if (first === undefined) return [];
  const refusals = await refusalsOf(
    tools,
    first.ready.target,
    group.map(({ ready: { event, atMs } }) => ({ acting: event.acting, atMs, body: event.body })),
  );
  const going: One[] = [];
  await Promise.all(
    group.map(async (one, at) => {
      const refusal = refusals[at];
      if (refusal === undefined) return void going.push(one);
      try {
        // Listed before its row is marked, so it cannot vanish in between.
        const { body, acting, claim } = one.ready.event;
        await keepRefused(tools, aboutOf(one.ready), refusal, body, acting?.incarnation);
        if (claim !== undefined) await tools.claims.free([claim], tools.clock.now());
        await one.ready.mark('refused');
        actions[one.index] = 'done';
      } catch (error) {
        tools.log('error', 'A refused event could not be kept', { reason: String(error) });
        actions[one.index] = { hideSeconds: delayLeaseSeconds };
      }
    }),
  );
  return going;
}

function aboutOf({ target, event, dueAtMs }: Ready): Parameters<typeof keepRefused>[1] {
  const { acting, id, source } = event;
  const about: Omit<Refused, keyof Refusal | 'refusedAt' | 'times'> = {
    id: refusedIdOf('delayed', JSON.stringify([target, acting?.incarnation ?? null]), source, id, dueAtMs),
    application: acting?.actor.application ?? unrecordedApplication,
    from: 'delayed',
    ...target,
    eventId: id,
  };
  return about;
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
  const { target, event, body, dueAtMs, atMs, acting, claim } = timer.delayed;
  const whole = { ...event, subject: event.subject, body, acting, ...(claim !== undefined && { claim }) };
  return { ready: { target, event: whole, dueAtMs, atMs, mark: async () => undefined } };
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
  const { id, type, source, subject, body, trace, order, acting, claim, atMs } = event;
  return {
    target: event.target,
    event: {
      id,
      type,
      source,
      subject,
      body,
      acting,
      ...(claim !== undefined && { claim }),
      ...(trace !== undefined && { trace }),
      ...(order !== undefined && { order }),
    },
    dueAtMs: state.dueAtMs,
    atMs,
    async mark(as) {
      const nowMs = tools.clock.now();
      const step = stepDelayed(
        state,
        { kind: as, revision: state.revision },
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
