import { type DelayedEvent, delayedKey } from '../../core/delay/delayed.ts';
import { type Tick, writeTimer } from '../../core/delay/timer.ts';
import { aws, bus } from '../../core/kernel/limits.ts';
import { orderOf } from '../../core/routing/order.ts';
import { eventOf, planFiring, type Recurrence, targetOf } from '../../core/schedule/recurrence.ts';
import type { RecurrenceState } from '../../runtime/stores/recurrences.ts';
import type { Tools } from '../../runtime/tools.ts';
import { hideUntil, type LeaveTools, leave, type TimerAction } from '../delay/leave.ts';
import { newRevision } from '../delay/schedule.ts';
import { dropTimer, setTimers, type Timer } from '../delay/timers.ts';

export type FireTools = LeaveTools & Tools<'recurrences' | 'registry' | 'trace'>;

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
    const { fireMs, nextMs } = planFiring(recurrence, state.nextMs, nowMs);
    const fired = await fireAll(tools, recurrence, fireMs);
    if (fired.action !== 'done') return fired.action;
    if (nextMs === undefined) {
      tools.log('warn', 'A recurring schedule has no time left', { schedule });
      return 'done';
    }
    const next = {
      nextMs,
      revision: newRevision(tools.random),
      firedMs: fireMs.at(-1) ?? state.firedMs,
      problem: fireMs.length > 0 ? fired.problem : state.problem,
    };
    const [problem] = await setTimers(tools, [tickTimer(schedule, next)]);
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

async function fireAll(
  tools: FireTools,
  recurrence: Recurrence,
  fireMs: readonly number[],
): Promise<{ action: TimerAction; problem: string }> {
  if (fireMs.length === 0) return { action: 'done', problem: '' };
  const target = targetOf(recurrence);
  const topic = 'topic' in target ? await tools.registry.cachedTopic(target.topic) : undefined;
  const exists = 'topic' in target ? topic : await tools.registry.cachedReceiver(target.receiver);
  if (exists === undefined) {
    // Trying again would not help; the target may exist again at the next time.
    const problem = `There is no ${'topic' in target ? `topic ${target.topic}` : `receiver ${target.receiver}`}.`;
    tools.log('error', 'A recurring schedule has no target', { schedule: recurrence.schedule, ...target });
    return { action: 'done', problem };
  }
  const mode = topic?.trace ?? tools.trace;
  const trace = mode === 'failures' ? {} : { trace: mode };
  const nowMs = tools.clock.now();
  const looks = await Promise.all(
    fireMs.map(async (plannedMs) => {
      const made = eventOf(recurrence.schedule, recurrence.event, plannedMs);
      const { id, source, type, subject, body } = made;
      const order = topic && orderOf(topic, made, plannedMs);
      const event: DelayedEvent = { target, id, source, type, subject, body, order, atMs: nowMs, ...trace };
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
