import type { EpochMs } from '../engine.ts';

export interface Target {
  readonly arn: string;
  readonly roleArn: string;
  readonly input?: string;
  readonly deadLetterArn?: string;
  readonly maximumRetryAttempts: number;
  readonly maximumEventAgeSeconds: number;
  readonly messageGroupId?: string;
}

/** What CreateSchedule and UpdateSchedule set, all of it. */
export interface Definition {
  readonly expression: string;
  readonly timezone: string;
  readonly description?: string;
  readonly startMs?: EpochMs;
  readonly endMs?: EpochMs;
  readonly enabled: boolean;
  readonly flexibleWindowMinutes?: number;
  readonly deleteAfterCompletion: boolean;
  readonly target: Target;
}

/** A schedule as the store keeps it (table `scheduler.schedules`). */
export interface Schedule extends Definition {
  readonly group: string;
  readonly name: string;
  /** The order of creation, which is the order of lists. */
  readonly number: number;
  readonly createdMs: EpochMs;
  readonly modifiedMs: EpochMs;
  readonly createdBy?: ClientToken;
  readonly updatedBy?: ClientToken;
  /** The next occurrence, and when it fires: a moment later, drawn anew for each. Absent when none is left. */
  readonly occurrenceMs?: EpochMs;
  readonly fireMs?: EpochMs;
}

/** A request's token and a digest of what it asked for, to know a repetition. */
export interface ClientToken {
  readonly token: string;
  readonly digest: string;
}

/** An occurrence whose target has not answered yet (table `scheduler.invocations`). */
export interface Invocation {
  readonly id: string;
  readonly group: string;
  readonly schedule: string;
  readonly scheduleArn: string;
  readonly target: Target;
  readonly occurrenceMs: EpochMs;
  readonly firedMs: EpochMs;
  readonly attempts: number;
  readonly dueMs: EpochMs;
  /** Whether the schedule is done after this one, and is to be deleted. */
  readonly last: boolean;
}

export interface Group {
  readonly name: string;
  readonly createdMs: EpochMs;
  readonly modifiedMs: EpochMs;
  readonly tags: Readonly<Record<string, string>>;
  readonly createdBy?: ClientToken;
}

/** What nobody waits for and AWS would show as a metric (TargetErrorCount, InvocationDroppedCount). */
export interface SchedulerProblem {
  readonly kind: 'target-failed' | 'dead-lettered' | 'dropped' | 'internal';
  readonly scheduleArn: string;
  readonly message: string;
}

export interface SchedulerOptions {
  onProblem(problem: SchedulerProblem): void;
  /**
   * Within how many milliseconds after its time a schedule fires. AWS promises 60 s and no more, so that is the
   * default; 0 fires on the dot, for a demonstration that must not wait.
   */
  readonly precisionMs?: number;
}
