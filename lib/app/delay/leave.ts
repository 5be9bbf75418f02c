import { type DelayedState, type Look, stepDelayed } from '../../core/delay/delayed.ts';
import { delayLeaseSeconds } from '../../core/delay/limits.ts';
import { type Delayed, secondsToHide } from '../../core/delay/wait.ts';
import type { Target } from '../../core/event/target.ts';
import type { HeldEvent } from '../../core/hold/held.ts';
import { aws, bus } from '../../core/kernel/limits.ts';
import type { KeptDelayed } from '../../runtime/stores/delayed.ts';
import type { Tools } from '../../runtime/tools.ts';
import { type RouteOrHoldTools, routeOrHold } from '../hold/route-or-hold.ts';
import { newTurn } from './schedule.ts';
import { dropTimer, lookTimer, setTimers, type TimerTools } from './timers.ts';

export type LeaveTools = RouteOrHoldTools & TimerTools & Tools<'delayed'>;

/** What is done with a timer: it is over, comes again after some seconds, or is kept as it is. */
export type Outcome = 'done' | 'keep' | { readonly hideSeconds: number };

/** A timer that has come: of an event in its row, or of a whole event. */
export type Leaving =
  | { readonly kind: 'look'; readonly look: Look }
  | { readonly kind: 'whole'; readonly delayed: Delayed };

/** An event that is due and that this function may route. */
interface Ready {
  readonly target: Target;
  readonly event: HeldEvent;
  readonly dueAtMs: number;
  /** Says in its row that it left, where it has one. */
  left(): Promise<void>;
}

type Decision = { readonly outcome: Outcome } | { readonly ready: Ready };

/** A timer that came too early comes again, within 15 minutes. */
export const hidden = (untilMs: number, nowMs: number): Outcome => ({
  hideSeconds: Math.min(aws.sqs.delaySecondsMax, Math.max(1, secondsToHide(untilMs, nowMs))),
});

/**
 * Lets events leave that are due and that nobody else has, in one batch a target; those of topics on hold are held. Answers, in their order, what is done
 * with each timer.
 */
export async function leave(tools: LeaveTools, timers: readonly Leaving[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = Array.from({ length: timers.length }, () => 'keep' as const);
  const groups = new Map<string, { index: number; ready: Ready }[]>();
  await Promise.all(
    timers.map(async (timer, index) => {
      const decision = await decide(tools, timer);
      if ('outcome' in decision) outcomes[index] = decision.outcome;
      else {
        const key = JSON.stringify(decision.ready.target);
        groups.set(key, [...(groups.get(key) ?? []), { index, ready: decision.ready }]);
      }
    }),
  );
  await Promise.all([...groups.values()].map((group) => routeGroup(tools, group, outcomes)));
  return outcomes;
}

async function routeGroup(
  tools: LeaveTools,
  released: readonly { index: number; ready: Ready }[],
  outcomes: Outcome[],
): Promise<void> {
  // Into an ordered topic, events of one key go in the order in which they are due.
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
      // What is held has left as well: it waits for the release of its topic now.
      if (failure === undefined || typeof failure === 'string') {
        await ready.left();
        outcomes[index] = 'done';
      } else {
        tools.log('error', 'A due event could not be routed', { reason: failure.reason });
        outcomes[index] = { hideSeconds: delayLeaseSeconds };
      }
    }),
  );
}

async function decide(tools: LeaveTools, timer: Leaving): Promise<Decision> {
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
async function look(tools: LeaveTools, { row, turn, dueAtMs }: Look): Promise<Decision> {
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
async function setAgain(tools: LeaveTools, next: Look, earlierTurn: string): Promise<Outcome> {
  const [problem] = await setTimers(tools, [lookTimer(next)]);
  if (problem !== undefined) {
    tools.log('error', 'A timer could not be set again', { reason: problem });
    return 'keep';
  }
  await dropTimer(tools, earlierTurn);
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
