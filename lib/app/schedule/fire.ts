import { type DelayedEvent, delayedKey } from '../../core/delay/delayed.ts';
import type { Tick } from '../../core/delay/timer.ts';
import { aws, bus } from '../../core/kernel/limits.ts';
import { orderOf } from '../../core/routing/order.ts';
import { eventOf, planFiring, type Recurrence, targetOf } from '../../core/schedule/recurrence.ts';
import type { RecurrenceState } from '../../runtime/stores/recurrences.ts';
import type { Tools } from '../../runtime/tools.ts';
import { hidden, type LeaveTools, leave, type Outcome } from '../delay/leave.ts';
import { newTurn } from '../delay/schedule.ts';
import { dropTimer, setTimers, type Timer } from '../delay/timers.ts';

export type FireTools = LeaveTools & Tools<'recurrences' | 'registry' | 'trace'>;

export const tickTimer = (
  schedule: string,
  { turn, nextMs }: Pick<RecurrenceState, 'turn' | 'nextMs'>,
): Timer => {
  const tick: Tick = { schedule, turn, dueAtMs: nextMs };
  return { name: turn, dueAtMs: nextMs, text: JSON.stringify(tick) };
};

/**
 * Looks at a recurring schedule: fires what is due, sets the next timer, and then moves the row on. Each fired event is
 * a delayed event that is due, with an id of its time: whoever fires the same time again finds its row.
 */
export async function fire(tools: FireTools, tick: Tick): Promise<Outcome> {
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

async function look(tools: FireTools, { schedule }: Tick): Promise<Outcome> {
  let kept = await tools.recurrences.find(schedule);
  for (let tries = 0; tries < bus.conditionalTriesMax; tries++) {
    // Deleted, or paused: who resumes it sets another timer.
    if (kept === undefined || kept.recurrence.state === 'paused') return 'done';
    const { recurrence, state } = kept;
    const nowMs = tools.clock.now();
    const isDue = state.nextMs <= nowMs;
    // A timer that is not of this turn is the guard's, or left over: it looks again when the time has come.
    if (!isDue && state.nextMs - nowMs <= aws.sqs.delaySecondsMax * 1000) return hidden(state.nextMs, nowMs);
    const { fireMs, nextMs } = planFiring(recurrence, state.nextMs, nowMs);
    const fired = await fireAll(tools, recurrence, fireMs);
    if (fired.outcome !== 'done') return fired.outcome;
    if (nextMs === undefined) {
      tools.log('warn', 'A recurring schedule has no time left', { schedule });
      return 'done';
    }
    const next = {
      nextMs,
      turn: newTurn(tools.random),
      firedMs: fireMs.at(-1) ?? state.firedMs,
      problem: fireMs.length > 0 ? fired.problem : state.problem,
    };
    const [problem] = await setTimers(tools, [tickTimer(schedule, next)]);
    if (problem !== undefined) throw new Error(`No timer could be set: ${problem}`);
    const changed = await tools.recurrences.change(schedule, state.turn, next);
    if (changed.done) {
      if (!isDue) await dropTimer(tools, state.turn);
      return 'done';
    }
    // Somebody else moved it on. This may be the very timer that they set: look again.
    await dropTimer(tools, next.turn);
    kept = changed.kept;
  }
  return { hideSeconds: bus.ownFaultSeconds };
}

async function fireAll(
  tools: FireTools,
  recurrence: Recurrence,
  fireMs: readonly number[],
): Promise<{ outcome: Outcome; problem: string }> {
  if (fireMs.length === 0) return { outcome: 'done', problem: '' };
  const target = targetOf(recurrence);
  const topic = 'topic' in target ? await tools.registry.cachedTopic(target.topic) : undefined;
  const exists = 'topic' in target ? topic : await tools.registry.cachedReceiver(target.receiver);
  if (exists === undefined) {
    // Trying again would not help, and the next time may find it again.
    const problem = `There is no ${'topic' in target ? `topic ${target.topic}` : `receiver ${target.receiver}`}.`;
    tools.log('error', 'A recurring schedule has no target', { schedule: recurrence.schedule, ...target });
    return { outcome: 'done', problem };
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
      const turn = newTurn(tools.random);
      const fresh = { state: 'waiting', dueAtMs: plannedMs, turn, leaseUntilMs: 0 } as const;
      const standing = await tools.delayed.putNew(event, fresh, nowMs);
      const row = delayedKey(event);
      // A row that stood there may have left: a turn that it never had makes the look read it.
      const look = { row, turn: standing === undefined ? turn : '', dueAtMs: plannedMs };
      return { kind: 'look', look } as const;
    }),
  );
  const outcomes = await leave(tools, looks);
  return { outcome: outcomes.find((outcome) => outcome !== 'done') ?? 'done', problem: '' };
}
