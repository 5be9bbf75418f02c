import type { EpochMs } from '../../../lib/runtime/clock.ts';
import { createTenancy, type Tenancy } from './tenancy.ts';

/** What the producers and operators of a run did, and what they were told: what the checkers hold the bus to. */

export interface Event {
  readonly type: string;
  readonly subject?: string;
  readonly data: { readonly n: number; readonly zone: string };
}

/** A filter in the language of SNS, and the same as a function, so that the bus is not checked by its own code. */
export interface Filter {
  readonly policy: object | undefined;
  accepts(event: Event): boolean;
}

/** One call that carried an event, and what it came to. `unknown`: it may have been taken, or not. */
export interface Submission {
  readonly startMs: EpochMs;
  endMs: EpochMs | undefined;
  outcome: 'accepted' | 'duplicate' | 'scheduled' | 'held' | 'refused' | 'unknown' | undefined;
}

export interface Publication {
  readonly id: string;
  readonly target: { readonly topic: string } | { readonly receiver: string };
  readonly event: Event;
  readonly via: 'publish' | 'invoke' | 'lambda' | 'transaction' | 'outbox';
  readonly submissions: Submission[];
  /** The earliest times at which it may be delivered, the newest last. Empty: at once. */
  readonly dueMs: EpochMs[];
  /** The id of its transaction. */
  readonly transaction?: string;
  /** The id of the key that it was published with, where that may be revoked. */
  readonly key?: string;
  /** When a cancel was answered by a 2xx. */
  cancelledMs?: EpochMs;
  /** A cancel was sent, and its answer is not known. */
  maybeCancelled?: boolean;
}

/** A state of something that calls change. It may hold from `startMs` on, and does from `endMs` on, if ever. */
export interface Version<State> {
  readonly startMs: EpochMs;
  endMs: EpochMs | undefined;
  /** Set when the answer was a refusal: it never came to be. */
  refused?: boolean;
  readonly state: State;
}

/** A secret that a receiver may have had. */
export interface Secret {
  readonly text: string;
  /** From then on the bus is known to have it; never, where no answer said so. */
  knownFromMs: EpochMs;
}

export interface ReceiverModel {
  readonly name: string;
  /** The newest last. */
  readonly secrets: Secret[];
  /** Every list of delays that it ever had. */
  readonly delaysSeconds: (readonly number[])[];
  readonly timeoutSeconds: number;
  readonly limits: { readonly concurrency?: number; readonly perSecond?: number };
  /** What is older than that may be dropped. */
  skippedBeforeMs: EpochMs;
  paused: boolean;
  redriven: boolean;
}

export interface TopicModel {
  readonly name: string;
  readonly ordered: boolean;
  readonly deduplicates: boolean;
  /** Receiver to what its subscription was: a filter, or undefined for none. */
  readonly subscriptions: Map<string, Version<Filter | undefined>[]>;
  /** When it was on hold for certain: from the answer to the hold until the call that releases it. */
  readonly holds: { readonly fromMs: EpochMs; untilMs: EpochMs }[];
  /** Whether it may be on hold now. */
  maybeHeld: boolean;
}

export interface TransactionModel {
  readonly id: string;
  readonly events: Publication[];
  /** What the producer says when it is asked. */
  readonly checkAnswer: 'commit' | 'rollback' | 'unknown' | undefined;
  began: boolean;
  /** When somebody first said commit: by a call, or as an answer to a check. */
  commitStartMs?: EpochMs;
  committed?: boolean;
  rolledBackMs?: EpochMs;
}

export interface Model {
  readonly topics: Map<string, TopicModel>;
  readonly receivers: Map<string, ReceiverModel>;
  readonly publications: Map<string, Publication>;
  readonly transactions: Map<string, TransactionModel>;
  /** How often somebody did something while things failed. */
  operations: number;
  /** Two applications that share topics of their own. */
  readonly tenancy: Tenancy;
  /** Answers that no caller should get from a bus where nothing fails. */
  readonly surprises: string[];
}

export const createModel = (): Model => ({
  topics: new Map(),
  receivers: new Map(),
  publications: new Map(),
  transactions: new Map(),
  operations: 0,
  tenancy: createTenancy(),
  surprises: [],
});

/** Whether the event was taken for certain. A duplicate is one of an event that was taken. */
export const isAccepted = ({ submissions }: Publication): boolean =>
  submissions.some(({ outcome }) => outcome !== undefined && outcome !== 'refused' && outcome !== 'unknown');

/** Whether each call with the event was refused for certain. */
export const isRefused = ({ submissions }: Publication): boolean =>
  submissions.every(({ outcome }) => outcome === 'refused');

export const firstStartMs = ({ submissions }: Publication): EpochMs =>
  Math.min(...submissions.map(({ startMs }) => startMs));

/** The versions that may have held at some time from `fromMs` until `untilMs`. */
function versionsDuring<State>(
  versions: readonly Version<State>[],
  fromMs: EpochMs,
  untilMs: EpochMs,
): readonly Version<State>[] {
  return versions.filter((version, index) => {
    if (version.refused === true || version.startMs > untilMs) return false;
    // It ends when a later one is known to hold.
    const end = versions
      .slice(index + 1)
      .find(({ endMs, refused }) => endMs !== undefined && refused !== true);
    return end?.endMs === undefined || end.endMs >= fromMs;
  });
}

/** Whether a receiver has to get an event, may get it, or must not. */
export function expectation(
  model: Model,
  publication: Publication,
  receiver: string,
): 'must' | 'may' | 'never' {
  if (isRefused(publication)) return 'never';
  const { target } = publication;
  if ('receiver' in target && target.receiver !== receiver) return 'never';
  const transaction = model.transactions.get(publication.transaction ?? '');
  if (transaction?.rolledBackMs !== undefined) return 'never';
  const isDecided = transaction === undefined || transaction.committed === true;
  const skipped = model.receivers.get(receiver)?.skippedBeforeMs ?? 0;
  const isCertain =
    isDecided &&
    isAccepted(publication) &&
    publication.cancelledMs === undefined &&
    publication.maybeCancelled !== true &&
    firstStartMs(publication) > skipped;
  if ('receiver' in target) return isCertain ? 'must' : 'may';
  const versions = model.topics.get(target.topic)?.subscriptions.get(receiver) ?? [];
  const startMs = firstStartMs(publication);
  const isAtOnce =
    publication.submissions.every(({ outcome }) => outcome === 'accepted') &&
    transaction === undefined &&
    publication.via !== 'outbox' &&
    publication.dueMs.length === 0;
  const endMs = isAtOnce
    ? Math.max(...publication.submissions.map((submission) => submission.endMs ?? Number.POSITIVE_INFINITY))
    : Number.POSITIVE_INFINITY;
  const during = versionsDuring(versions, startMs, endMs);
  if (during.some((version) => movesScope(versions, version, startMs))) return 'may';
  const accepting = during.filter(({ state }) => state?.accepts(publication.event) === true);
  if (accepting.length === 0) return 'never';
  const isSettled = during.every(({ endMs: settledMs }) => settledMs !== undefined && settledMs <= startMs);
  return isCertain && isSettled && accepting.length === during.length ? 'must' : 'may';
}

/**
 * SNS cannot move a filter from attributes to data at once: while that is done everything passes, lest something be lost
 * (`filterSteps` in lib/runtime/aws/provision.ts).
 */
function movesScope(
  versions: readonly Version<Filter | undefined>[],
  version: Version<Filter | undefined>,
  fromMs: EpochMs,
): boolean {
  const isUnderway = version.endMs === undefined || version.endMs >= fromMs;
  const before = versions[versions.indexOf(version) - 1]?.state;
  return (
    isUnderway &&
    before !== undefined &&
    version.state !== undefined &&
    isOfData(before) !== isOfData(version.state)
  );
}

const isOfData = ({ policy }: Filter): boolean => policy !== undefined && 'data' in policy;
