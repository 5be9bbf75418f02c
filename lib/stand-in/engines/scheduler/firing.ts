import type { EpochMs, Host } from '../engine.ts';
import { createDueHeap } from './due-heap.ts';
import type { Invocation, Schedule, SchedulerOptions } from './model.ts';
import { scheduleArn } from './names.ts';
import type { DueTimes, Schedules } from './scheduler.ts';
import { callTarget, sendToDeadLetters } from './target.ts';

const table = 'scheduler.invocations';

/** How many fire before other work of the process gets its turn. */
const batch = 200;

export interface Firing extends DueTimes {
  /** Starts firing, beginning with what became due while nothing ran. */
  start(schedules: Schedules): void;
  close(): Promise<void>;
}

/**
 * Fires schedules when they are due, with one timer for the earliest of all, and retries each target by its retry
 * policy. One commit moves a schedule on and stores its invocation; the invocation is removed after the target
 * answered. A process that dies in between fires again: at least once, as on AWS.
 */
export function createFiring(host: Host, options: SchedulerOptions): Firing {
  const due = createDueHeap();
  const invocations = new Map<string, Invocation>();
  const underway = new Set<Promise<void>>();
  let schedules: Schedules | undefined;
  let timer: { readonly dueMs: EpochMs; cancel(): void } | undefined;
  let closed = false;

  const ofSchedule = (key: string) => `schedule/${key}`;
  const ofInvocation = (id: string) => `invocation/${id}`;

  for (const [id, row] of host.store.load(table)) {
    const invocation = row as Invocation;
    invocations.set(id, invocation);
    due.set(ofInvocation(id), invocation.dueMs);
  }

  /** Sets the timer for the earliest, unless it is already set for that time. */
  function arm(): void {
    const dueMs = due.peekMs();
    if (closed || schedules === undefined || dueMs === timer?.dueMs) return;
    timer?.cancel();
    timer =
      dueMs === undefined
        ? undefined
        : { dueMs, cancel: host.clock.setTimer(Math.max(0, dueMs - host.clock.now()), fireDue) };
  }

  function fireDue(): void {
    timer = undefined;
    const nowMs = host.clock.now();
    for (let count = 0; count < batch; count++) {
      const key = due.pop(nowMs);
      if (key === undefined) break;
      const slash = key.indexOf('/');
      const name = key.slice(slash + 1);
      if (key.slice(0, slash) === 'schedule') fire(name);
      else track(name);
    }
    arm();
  }

  function fire(key: string): void {
    const schedule = schedules?.get(key);
    if (schedule === undefined || schedules === undefined) return;
    const goesOn = schedules.advance(schedule);
    const nowMs = host.clock.now();
    const invocation: Invocation = {
      id: host.random.uuid(),
      group: schedule.group,
      schedule: schedule.name,
      scheduleArn: scheduleArn(host, schedule.group, schedule.name),
      target: schedule.target,
      occurrenceMs: schedule.occurrenceMs ?? nowMs,
      firedMs: nowMs,
      attempts: 0,
      dueMs: nowMs,
      last: !goesOn && schedule.deleteAfterCompletion,
    };
    host.meter.count('scheduler.invocations', 1);
    keep(invocation);
    track(invocation.id);
  }

  function keep(invocation: Invocation): void {
    invocations.set(invocation.id, invocation);
    host.store.put(table, invocation.id, invocation);
  }

  function track(id: string): void {
    const invocation = invocations.get(id);
    if (invocation === undefined) return;
    const work = attempt(invocation)
      // Nothing awaits this work; the invocation stays in the store and is tried again after a restart.
      .catch((error: unknown) => report('internal', invocation, String(error)))
      .finally(() => underway.delete(work));
    underway.add(work);
  }

  async function attempt(invocation: Invocation): Promise<void> {
    try {
      await callTarget(host, invocation);
    } catch (error) {
      await failed(invocation, error);
      return;
    }
    finish(invocation);
  }

  async function failed(invocation: Invocation, error: unknown): Promise<void> {
    const { target } = invocation;
    const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    report('target-failed', invocation, message);
    const nowMs = host.clock.now();
    const attempts = invocation.attempts + 1;
    const dueMs = nowMs + retryDelayMs(attempts);
    const tooOld = dueMs - invocation.firedMs > target.maximumEventAgeSeconds * 1000;
    if (attempts <= target.maximumRetryAttempts && !tooOld) {
      keep({ ...invocation, attempts, dueMs });
      due.set(ofInvocation(invocation.id), dueMs);
      arm();
      return;
    }
    const exhausted =
      attempts > target.maximumRetryAttempts ? 'MaximumRetryAttempts' : 'MaximumEventAgeInSeconds';
    if (target.deadLetterArn === undefined) {
      report('dropped', invocation, `${exhausted}, and the schedule has no dead-letter queue.`);
    } else {
      try {
        await sendToDeadLetters(host, invocation, target.deadLetterArn, error, exhausted);
        report('dead-lettered', invocation, exhausted);
      } catch (dlqError) {
        report('dropped', invocation, `The dead-letter queue rejected the event: ${String(dlqError)}`);
      }
    }
    finish(invocation);
  }

  /** 2 s, doubled up to 10 min, minus up to half at random. AWS documents "exponential back-off" without numbers. */
  function retryDelayMs(attempts: number): number {
    const fullMs = Math.min(1000 * 2 ** attempts, 600_000);
    return Math.round(fullMs * (1 - host.random.next() / 2));
  }

  function finish(invocation: Invocation): void {
    invocations.delete(invocation.id);
    host.store.delete(table, invocation.id);
    const schedule = schedules?.get(`${invocation.group}/${invocation.schedule}`);
    // A schedule that was changed or created again in the meantime is not the one that is complete.
    if (invocation.last && schedule !== undefined && isComplete(schedule, invocation)) {
      schedules?.delete(`${invocation.group}/${invocation.schedule}`);
    }
  }

  function report(
    kind: Parameters<SchedulerOptions['onProblem']>[0]['kind'],
    invocation: Invocation,
    message: string,
  ): void {
    options.onProblem({ kind, scheduleArn: invocation.scheduleArn, message });
  }

  return {
    plan(key, fireMs) {
      due.set(ofSchedule(key), fireMs);
      arm();
    },
    cancel(key) {
      due.delete(ofSchedule(key));
      arm();
    },
    start(all) {
      schedules = all;
      arm();
    },
    async close() {
      closed = true;
      timer?.cancel();
      while (underway.size > 0) await Promise.allSettled(underway);
    },
  };
}

const isComplete = (schedule: Schedule, invocation: Invocation) =>
  schedule.fireMs === undefined && schedule.enabled && schedule.modifiedMs <= invocation.firedMs;
