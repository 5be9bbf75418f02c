import type { EpochMs } from '../../../lib/runtime/clock.ts';
import type { HttpRequest } from '../../../lib/runtime/http/http.ts';
import type { Model } from '../workload/model.ts';
import type { Standing } from '../workload/tenancy.ts';
import type { Profile } from '../world/profile.ts';

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

/** Everything that a run left behind. */
export interface Run {
  readonly profile: Profile;
  readonly model: Model;
  readonly attempts: readonly Attempt[];
  /** Those at the receivers of the two applications that share topics. */
  readonly tenantAttempts: readonly Attempt[];
  /** Their topics, as the bus shows them at the end. */
  readonly standings: readonly Standing[];
  readonly deadLetters: readonly DeadLetter[];
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
