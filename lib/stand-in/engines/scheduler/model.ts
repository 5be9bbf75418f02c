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

/** Everything that CreateSchedule and UpdateSchedule set. */
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

/** A schedule as stored (table `scheduler.schedules`). */
export interface Schedule extends Definition {
  readonly group: string;
  readonly name: string;
  /** The order of creation, which is the order of lists. */
  readonly number: number;
  readonly createdMs: EpochMs;
  readonly modifiedMs: EpochMs;
  readonly createdBy?: ClientToken;
  readonly updatedBy?: ClientToken;
  /** The next occurrence, and when it fires: a moment later, drawn anew for each. Undefined when none is left. */
  readonly occurrenceMs?: EpochMs;
  readonly fireMs?: EpochMs;
}

/** The token of a request and a digest of the request, to recognise a repetition. */
export interface ClientToken {
  readonly token: string;
  readonly digest: string;
}

/** An occurrence whose target has not answered (table `scheduler.invocations`). */
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
  /** Whether this is the last invocation of a schedule that is to be deleted afterwards. */
  readonly last: boolean;
}

export interface Group {
  readonly name: string;
  readonly createdMs: EpochMs;
  readonly modifiedMs: EpochMs;
  readonly tags: Readonly<Record<string, string>>;
  readonly createdBy?: ClientToken;
}

/** A problem that no caller sees and AWS shows as a metric (TargetErrorCount, InvocationDroppedCount). */
export interface SchedulerProblem {
  readonly kind: 'target-failed' | 'dead-lettered' | 'dropped' | 'internal';
  readonly scheduleArn: string;
  readonly message: string;
}

export interface SchedulerOptions {
  onProblem(problem: SchedulerProblem): void;
  /**
   * How long after its time a schedule may fire, in milliseconds. The default is AWS's promise of 60 s; 0 fires
   * exactly on time, for demonstrations that must not wait.
   */
  readonly precisionMs?: number;
}
