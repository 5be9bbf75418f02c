import type { EpochMs } from '../../../lib/runtime/clock.ts';
import type { HttpRequest } from '../../../lib/runtime/http/http.ts';
import type { Model } from '../workload/model.ts';
import type { Refusal, Standing } from '../workload/tenancy.ts';
import type { Profile } from '../world/profile.ts';
import type { Counts } from '../world/tallies.ts';

/** One request that an endpoint got. */
export interface Attempt {
  readonly receiver: string;
  readonly eventId: string;
  readonly deliveryId: string;
  /** What its header says; counted from 1. */
  readonly number: number;
  readonly topic: string | undefined;
  readonly startMs: EpochMs;
  /** Undefined: the endpoint still has it. */
  readonly endMs: EpochMs | undefined;
  /** What the endpoint said, whether the bus heard it or not. */
  readonly status: number | undefined;
  readonly heard: boolean;
  readonly request: HttpRequest;
}

export interface DeadLetter {
  /** The id of its delivery. */
  readonly id: string;
  readonly receiver: string;
  readonly eventId: string;
  readonly cause: string | undefined;
}

/** What the bus may and must report about itself, as the simulation saw it happen. */
export interface SystemTruth {
  /** Every message with a system event that was sent to a receiver. */
  readonly sends: readonly SystemSend[];
  /** Every letter that the bus sent to the dead-letter queue of a receiver. */
  readonly deaths: readonly { readonly receiver: string; readonly topic: string; readonly atMs: EpochMs }[];
  readonly breakers: ReadonlyMap<string, readonly BreakerState[]>;
  /** The last redrive of each receiver, when all is over. */
  readonly redrives: ReadonlyMap<string, { readonly id: string; readonly state: string }>;
}

export interface BreakerState {
  readonly kind: string;
  /** It is open because of system events alone. */
  readonly isQuiet: boolean;
  readonly atMs: EpochMs;
}

export interface SystemSend {
  readonly receiver: string;
  readonly id: string;
  readonly type: string;
  readonly subject: string;
  readonly atMs: EpochMs;
}

/** Everything that a run left behind. */
export interface Run {
  readonly profile: Profile;
  readonly model: Model;
  readonly attempts: readonly Attempt[];
  /** Those at the receivers of the two applications that share topics. */
  readonly tenantAttempts: readonly Attempt[];
  /** Those of system events, at whoever watches. */
  readonly systemAttempts: readonly Attempt[];
  /** Since when all is well. */
  readonly healedMs: EpochMs;
  readonly system: SystemTruth;
  /** Their topics, as the bus shows them at the end. */
  readonly standings: readonly Standing[];
  readonly deadLetters: readonly DeadLetter[];
  /** Those of the receivers of the two applications. */
  readonly tenantDeadLetters: readonly DeadLetter[];
  /** What the bus took over and then refused, as it shows it to either of them. */
  readonly refusals: readonly Refusal[];
  /** Transactions as the bus shows them at the end. */
  readonly transactionStates: ReadonlyMap<string, string>;
  /** What is left in queues other than those of dead letters, such as `busbar-receiver-1-online: 3`. */
  readonly leftInQueues: readonly string[];
  /** Rows of work that is not done, such as `held#…`. */
  readonly leftInTable: readonly string[];
  /** Every state that the breaker of a receiver was written in, in order. */
  readonly breakerStates: ReadonlyMap<string, readonly { readonly kind: string; readonly atMs: EpochMs }[]>;
  /** When each delivery went to the dead letters first, by its id. */
  readonly deaths: ReadonlyMap<string, EpochMs>;
  /** What instances did, what of it they need not have written, and what statistics say, by thing. */
  readonly statistics: {
    readonly happened: ReadonlyMap<string, Counts>;
    readonly unwritten: ReadonlyMap<string, Counts>;
    readonly shown: ReadonlyMap<string, Counts>;
  };
  /** The bill: units that the meter has, and what was counted apart from it. */
  readonly bill: {
    readonly metered: Readonly<Record<string, number>>;
    readonly counted: ReadonlyMap<string, number>;
  };
}

/** Something that must not be. */
export interface Violation {
  readonly checker: string;
  readonly message: string;
  /** What to look for in the history: ids of events, names of receivers. */
  readonly about: readonly string[];
}

export interface Checker {
  readonly name: string;
  /** Gives what is wrong with the run, as messages and what they are about. */
  check(run: Run): Iterable<Omit<Violation, 'checker'>>;
}

/** Who may publish is at most so old when it decides: topics a second, grants and keys five. */
export const rightsMs = 6000;

export const isSuccess = ({ status }: Attempt): boolean =>
  status !== undefined && status >= 200 && status < 300;

/** Whether the endpoint answered, and not by what speaks of an outage. */
export const mayHaveWorked = ({ status, heard }: Attempt): boolean =>
  heard && status !== undefined && status < 500;

/** Attempts of one event at one receiver, in the order in which they began. */
export function byDelivery(attempts: readonly Attempt[]): Map<string, Attempt[]> {
  const groups = new Map<string, Attempt[]>();
  for (const attempt of attempts) {
    const key = `${attempt.receiver} ${attempt.eventId}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [attempt]);
    else group.push(attempt);
  }
  return groups;
}

/** Whether an instance may fail or die between what it did and what it tells of it. */
export const mayLoseReports = ({ rates, restarts }: Profile): boolean =>
  restarts > 0 ||
  (['throttle', 'serverError', 'lostAnswer', 'crash', 'crashAtCall', 'hang'] as const).some(
    (kind) => rates[kind] > 0,
  );
