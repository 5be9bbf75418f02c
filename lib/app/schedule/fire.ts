import { type DelayedEvent, delayedKey } from '../../core/delay/delayed.ts';
import { type Tick, writeTimer } from '../../core/delay/timer.ts';
import { sourceRefusal } from '../../core/event/publisher.ts';
import { aws, bus } from '../../core/kernel/limits.ts';
import { refusedIdOf } from '../../core/refused/refused.ts';
import { orderOf } from '../../core/routing/order.ts';
import {
  eventOf,
  overRateSeconds,
  planFiring,
  type Recurrence,
  targetOf,
  waitsSince,
} from '../../core/schedule/recurrence.ts';
import type { RecurrenceState } from '../../runtime/stores/recurrences.ts';
import type { Tools } from '../../runtime/tools.ts';
import { refusalsOf, standingTarget } from '../access/act.ts';
import { type RateTools, takeRateUpTo } from '../access/rate.ts';
import { hideUntil, type LeaveTools, leave, type TimerAction } from '../delay/leave.ts';
import { newRevision } from '../delay/schedule.ts';
import { dropTimer, setTimers, type Timer } from '../delay/timers.ts';
import { keepRefused } from '../refused/keep-refused.ts';

export type FireTools = LeaveTools & RateTools & Tools<'recurrences' | 'registry' | 'trace'>;

export const tickTimer = (
  schedule: string,
  { revision, nextMs }: Pick<RecurrenceState, 'revision' | 'nextMs'>,
): Timer => {
  const tick: Tick = { schedule, revision, dueAtMs: nextMs };
  return { name: revision, dueAtMs: nextMs, text: writeTimer(tick) };
};

/**
 * Looks at a recurring schedule: fires what is due, sets the next timer, and then advances the row. Each fired event is
 * a delayed event that is due, with an id made from its time: whoever fires the same time again finds its row.
 */
export async function fire(tools: FireTools, tick: Tick): Promise<TimerAction> {
  try {
    return await look(tools, tick);
  } catch (error) {
    tools.log('error', 'A recurring schedule could not fire', {
      schedule: tick.schedule,
      reason: String(error),
    });
    return { hideSeconds: bus.ownFaultSeconds };
  }
}

async function look(tools: FireTools, { schedule }: Tick): Promise<TimerAction> {
  let kept = await tools.recurrences.find(schedule);
  for (let tries = 0; tries < bus.conditionalTriesMax; tries++) {
    // Deleted, or paused: a resume sets another timer.
    if (kept === undefined || kept.recurrence.state === 'paused') return 'done';
    const { recurrence, state } = kept;
    const nowMs = tools.clock.now();
    const isDue = state.nextMs <= nowMs;
    // A timer with another revision is the guard's or outdated: it looks again when the time has come.
    if (!isDue && state.nextMs - nowMs <= aws.sqs.delaySecondsMax * 1000)
      return hideUntil(state.nextMs, nowMs);
    const plan = planFiring(recurrence, state.nextMs, nowMs, state.waitsSinceMs);
    const { taken, waitSeconds } = await takeRateUpTo(tools, payerOf(recurrence), plan.fireMs.length);
    const fireMs = plan.fireMs.slice(0, taken);
    const fired = await fireAll(tools, recurrence, fireMs);
    if (fired.action !== 'done') return fired.action;
    // The first time that is over the rate of the application waits, and those behind it.
    const nextMs = plan.fireMs[taken] ?? plan.nextMs;
    if (nextMs === undefined) {
      tools.log('warn', 'A recurring schedule has no time left', { schedule });
      return 'done';
    }
    const next = {
      nextMs,
      revision: newRevision(tools.random),
      firedMs: fireMs.at(-1) ?? state.firedMs,
      problem: fireMs.length > 0 ? fired.problem : state.problem,
      waitsSinceMs: waitsSince(state.waitsSinceMs, waitSeconds !== undefined, nextMs, nowMs),
    };
    const timer = tickTimer(schedule, next);
    const [problem] = await setTimers(tools, [
      waitSeconds === undefined
        ? timer
        : { ...timer, dueAtMs: nowMs + overRateSeconds(waitSeconds, next.waitsSinceMs, nowMs) * 1000 },
    ]);
    if (problem !== undefined) throw new Error(`The next timer could not be set: ${problem}`);
    const changed = await tools.recurrences.change(schedule, state.revision, next);
    if (changed.done) {
      if (!isDue) await dropTimer(tools, state.revision);
      return 'done';
    }
    // Another function advanced it. This timer may be the one that it set: look again.
    await dropTimer(tools, next.revision);
    kept = changed.kept;
  }
  return { hideSeconds: bus.ownFaultSeconds };
}

/** For whom it publishes, whose rate counts its events. */
const payerOf = ({ acting, owner }: Recurrence): string => acting?.actor.application ?? owner;

async function fireAll(
  tools: FireTools,
  recurrence: Recurrence,
  fireMs: readonly number[],
): Promise<{ action: TimerAction; problem: string }> {
  if (fireMs.length === 0) return { action: 'done', problem: '' };
  const target = targetOf(recurrence);
  const problem = await refuse(tools, recurrence, fireMs);
  if (problem !== undefined) return { action: 'done', problem };
  const topic = 'topic' in target ? await tools.registry.cachedTopic(target.topic) : undefined;
  const mode = topic?.trace ?? tools.trace;
  const trace = mode === 'failures' ? {} : { trace: mode };
  const nowMs = tools.clock.now();
  const looks = await Promise.all(
    fireMs.map(async (plannedMs) => {
      const made = eventOf(recurrence, plannedMs);
      const { id, source, type, subject, body } = made;
      const order = topic && orderOf(topic, made, plannedMs);
      const { acting } = recurrence;
      const about = { target, id, source, type, subject, body, order, acting };
      const event: DelayedEvent = { ...about, atMs: nowMs, ...trace };
      const revision = newRevision(tools.random);
      const fresh = { state: 'waiting', dueAtMs: plannedMs, revision, leaseUntilMs: 0 } as const;
      const standing = await tools.delayed.putNew(event, fresh, nowMs);
      const row = delayedKey(event);
      // An event that already had a row may have left: a revision that it never had makes the look read the row.
      const look = { row, revision: standing === undefined ? revision : '', dueAtMs: plannedMs };
      return { kind: 'look', look } as const;
    }),
  );
  const actions = await leave(tools, looks);
  return { action: actions.find((action) => action !== 'done') ?? 'done', problem: '' };
}

/**
 * Why a schedule may not fire at its target as that is now; undefined when it may. What it would have fired is listed as
 * refused, once for the schedule: trying again would not help, and at the next time the cause may be gone.
 */
async function refuse(
  tools: FireTools,
  recurrence: Recurrence,
  fireMs: readonly number[],
): Promise<string | undefined> {
  const { schedule, owner, acting, updatedAt } = recurrence;
  const target = targetOf(recurrence);
  const made = eventOf(recurrence, fireMs.at(-1) ?? 0);
  // One from before it was recorded for whom it acts goes on at what its own application made anew.
  const isOwn = acting === undefined && (await standingTarget(tools, target))?.owner === owner;
  const atMs = isOwn ? undefined : Date.parse(updatedAt);
  const [refused] = await refusalsOf(tools, target, [{ acting, atMs, body: made.body }]);
  // A schedule of an earlier version may have a source that is another application's.
  const refusal = refused ?? sourceRefusal(made.source, owner);
  if (refusal === undefined) return undefined;
  const about = {
    id: refusedIdOf('schedule', schedule),
    application: acting?.actor.application ?? owner,
    from: 'schedule',
    schedule,
    ...target,
    eventId: made.id,
  } as const;
  await keepRefused(tools, about, refusal, made.body, acting?.incarnation);
  const again = `Put the schedule again with PUT /v1/schedules/${schedule} to have it fire there.`;
  return refusal.code === 'target_replaced' ? `${refusal.detail} ${again}` : refusal.detail;
}
