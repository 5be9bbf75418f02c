import type { Target } from '../event/target.ts';
import { BusbarError } from '../kernel/errors.ts';

/** When the bus asks about a transaction that nobody ended, where its producer does not say. */
const checkAfterSecondsDefault = 60;

/** After this many checks without a verdict a transaction is rolled back. */
export const transactionChecksMax = 15;

/** The wait between checks doubles up to this, or stays at what the producer asked for when that is more. */
const checkWaitSecondsMax = 3600;

/** How long a transaction that names neither a check URL nor a time stays open. */
const transactionOpenSeconds = 3600;

/**
 * Half messages: events that the bus keeps until their producer says whether its own transaction was committed.
 *
 *   half ── commit ──▶ committed ── all events out ──▶ published
 *     └──── rollback, or nobody ever answered ──▶ rolled-back ── events thrown away ──▶ cleared
 *
 * The API shows `published` as `committed`, and `cleared` as `rolled-back`, with the time.
 */
export const phases = ['half', 'committed', 'published', 'rolled-back', 'cleared'] as const;
export type Phase = (typeof phases)[number];

/** An event of a transaction, as the API shows it. */
export type TransactionEvent = Target & {
  readonly id: string;
  readonly source: string;
  readonly type: string;
};

/** A transaction, as its row keeps it. Times named `At` are RFC 3339. */
export interface Transaction {
  readonly id: string;
  /** Names its row where that is not the id; see `scopedKey`. */
  readonly key?: string;
  /** The application that began it; besides an admin, only it may end it. */
  readonly application: string;
  readonly state: 'half' | 'committed' | 'rolled-back';
  readonly events: readonly TransactionEvent[];
  /** How much its events take up, by which they are counted; absent in one from before that. */
  readonly bytes?: number;
  readonly checkUrl?: string;
  readonly checkAfterSeconds: number;
  readonly createdAt: string;
  /** How often the bus has asked. */
  readonly checks: number;
  /** While it is half: when the bus next asks, or rolls back. */
  readonly nextCheckAtMs: number;
  readonly lastCheck?: { readonly at: string; readonly outcome: string };
  readonly decidedAt?: string;
  readonly decidedBy?: Decider;
  readonly reason?: string;
  /** When all its events were out, or deleted. */
  readonly settledAt?: string;
  /** The indexes of events that are out, or refused, while others are not. */
  readonly sent: readonly number[];
  /** How many events could not be published after the commit, and are listed as refused. */
  readonly refused: number;
  /** A hash of the request, so a repeated call begins only one transaction. */
  readonly digest: string;
}

/** `check`: its producer, asked by the bus. `bus`: the bus, because its producer did not answer. */
export type Decider = 'producer' | 'check' | 'bus';

/** The log line when the bus ended a transaction itself; an alarm counts it. */
export const transactionGivenUp = 'A transaction was rolled back because nobody ended it';

/** What may happen to a transaction. */
export type TransactionMessage =
  | { readonly kind: 'commit'; readonly by: 'producer' | 'check' }
  | { readonly kind: 'rollback'; readonly by: 'producer' | 'check' }
  /** A check without a verdict: `unknown`, no answer, or an unreadable one. */
  | { readonly kind: 'no-verdict'; readonly answer: string }
  /** Its timer looks at it. */
  | { readonly kind: 'timer' }
  /** Some of its events are out, or refused. */
  | { readonly kind: 'sent'; readonly places: readonly number[]; readonly refused: number }
  /** Nothing is left to do with its events. */
  | { readonly kind: 'finished'; readonly refused: number };

/** What follows from a message: nothing, a new state of the row, a check to make, or a rejection. */
export type Transition =
  | { readonly kind: 'none' }
  | { readonly kind: 'change'; readonly to: Transaction }
  /** Write the row, then ask. */
  | { readonly kind: 'ask'; readonly to: Transaction }
  | { readonly kind: 'reject'; readonly error: BusbarError };

/**
 * Names the row of a transaction whose id its producer chose. Such ids are scoped to the application, so no other one
 * can take, meet or learn them; neither names of applications nor ids have a dot. An id that the bus made is its own
 * key: nobody can guess it.
 */
export const scopedKey = (application: string, id: string) => `${application}.${id}`;

/** The key of a transaction's row. */
export const keyOf = ({ id, key = id }: Pick<Transaction, 'id' | 'key'>): string => key;

export function phaseOf({ state, settledAt }: Transaction): Phase {
  if (settledAt === undefined || state === 'half') return state;
  return state === 'committed' ? 'published' : 'cleared';
}

export function newTransaction(
  about: Pick<Transaction, 'id' | 'application' | 'events' | 'digest'> & {
    readonly key?: string | undefined;
    readonly bytes?: number;
    readonly checkUrl?: string | undefined;
    readonly checkAfterSeconds?: number | undefined;
  },
  nowMs: number,
): Transaction {
  const { id, key, application, events, bytes, digest, checkUrl } = about;
  const checkAfterSeconds =
    about.checkAfterSeconds ?? (checkUrl === undefined ? transactionOpenSeconds : checkAfterSecondsDefault);
  return {
    id,
    ...(key !== undefined && { key }),
    application,
    state: 'half',
    events,
    ...(bytes !== undefined && { bytes }),
    ...(checkUrl !== undefined && { checkUrl }),
    checkAfterSeconds,
    createdAt: new Date(nowMs).toISOString(),
    checks: 0,
    nextCheckAtMs: nowMs + checkAfterSeconds * 1000,
    sent: [],
    refused: 0,
    digest,
  };
}

/** What a message does to a transaction; every phase handles every message. */
export function transition(transaction: Transaction, message: TransactionMessage, nowMs: number): Transition {
  switch (phaseOf(transaction)) {
    case 'half':
      return ofHalf(transaction, message, nowMs);
    case 'committed':
    case 'published':
      return ofDecided(transaction, message, nowMs, 'rollback');
    case 'rolled-back':
    case 'cleared':
      return ofDecided(transaction, message, nowMs, 'commit');
  }
}

const none: Transition = { kind: 'none' };

function ofHalf(transaction: Transaction, message: TransactionMessage, nowMs: number): Transition {
  switch (message.kind) {
    case 'commit':
      return decided(transaction, 'committed', message.by, undefined, nowMs);
    case 'rollback':
      return decided(transaction, 'rolled-back', message.by, undefined, nowMs);
    case 'timer':
      return whenDue(transaction, nowMs);
    case 'no-verdict': {
      const to = {
        ...transaction,
        lastCheck: { at: new Date(nowMs).toISOString(), outcome: message.answer },
      };
      return to.checks >= transactionChecksMax ? givenUp(to, nowMs) : { kind: 'change', to };
    }
    // Events go out only after the commit: this message comes from a reader of an outdated row.
    case 'sent':
    case 'finished':
      return none;
  }
}

function whenDue(transaction: Transaction, nowMs: number): Transition {
  if (nowMs < transaction.nextCheckAtMs) return none;
  if (transaction.checkUrl === undefined) {
    return decided(
      transaction,
      'rolled-back',
      'bus',
      `It was not ended within ${transaction.checkAfterSeconds} s, and it has no checkUrl to ask.`,
      nowMs,
    );
  }
  if (transaction.checks >= transactionChecksMax) return givenUp(transaction, nowMs);
  // Counted before it is made: a check that crashes must not be repeated for ever.
  const checks = transaction.checks + 1;
  return {
    kind: 'ask',
    to: { ...transaction, checks, nextCheckAtMs: nowMs + 1000 * checkWaitSeconds(transaction, checks) },
  };
}

/** The wait after this many checks: it doubles, up to an hour or what the producer asked for. */
export function checkWaitSeconds({ checkAfterSeconds }: Transaction, checks: number): number {
  const most = Math.max(checkWaitSecondsMax, checkAfterSeconds);
  return Math.min(most, checkAfterSeconds * 2 ** (checks - 1));
}

function givenUp(transaction: Transaction, nowMs: number): Transition {
  const last =
    transaction.lastCheck === undefined ? '' : `; the last answer: ${transaction.lastCheck.outcome}`;
  return decided(
    transaction,
    'rolled-back',
    'bus',
    `Its checkUrl was asked ${transaction.checks} times and gave no verdict${last}.`,
    nowMs,
  );
}

function decided(
  transaction: Transaction,
  state: 'committed' | 'rolled-back',
  decidedBy: Decider,
  reason: string | undefined,
  nowMs: number,
): Transition {
  return {
    kind: 'change',
    to: {
      ...transaction,
      state,
      decidedBy,
      decidedAt: new Date(nowMs).toISOString(),
      ...(reason !== undefined && { reason }),
    },
  };
}

/**
 * After the decision the same call is accepted again, and the opposite one is rejected: nothing changes the decision.
 */
function ofDecided(
  transaction: Transaction,
  message: TransactionMessage,
  nowMs: number,
  contrary: 'commit' | 'rollback',
): Transition {
  switch (message.kind) {
    case 'commit':
    case 'rollback':
      // A check that was under way does not matter any more: nobody waits for its result.
      return message.kind === contrary && message.by === 'producer'
        ? { kind: 'reject', error: contradiction(transaction, message.kind) }
        : none;
    case 'sent': {
      if (phaseOf(transaction) !== 'committed') return none;
      const sent = [...new Set([...transaction.sent, ...message.places])].sort((one, other) => one - other);
      return {
        kind: 'change',
        to: { ...transaction, sent, refused: transaction.refused + message.refused },
      };
    }
    case 'finished':
      if (transaction.settledAt !== undefined) return none;
      return {
        kind: 'change',
        to: {
          ...transaction,
          settledAt: new Date(nowMs).toISOString(),
          refused: transaction.refused + message.refused,
        },
      };
    case 'no-verdict':
    case 'timer':
      return none;
  }
}

const deciders: Readonly<Record<Decider, string>> = {
  producer: 'by its producer',
  check: 'by the answer to a check',
  bus: 'by the bus',
};

function contradiction(transaction: Transaction, wanted: 'commit' | 'rollback'): BusbarError {
  const { id, state, decidedBy = 'producer', decidedAt, reason } = transaction;
  const was = `The transaction ${id} was ${state === 'committed' ? 'committed' : 'rolled back'} ${deciders[decidedBy]} at ${decidedAt}`;
  const solution =
    wanted === 'commit'
      ? 'Its events are deleted. Publish them again, or begin another transaction.'
      : 'Its events cannot be taken back. Publish events that undo them.';
  return new BusbarError(
    'transaction_decided',
    `${was}${reason === undefined ? '' : ` (${reason})`}. ${solution}`,
    { members: { state } },
  );
}

/** What the API shows of a transaction. */
export interface ShownTransaction
  extends Omit<Transaction, 'key' | 'digest' | 'sent' | 'bytes' | 'nextCheckAtMs' | 'refused' | 'settledAt'> {
  /** While it is half: when the bus next asks its checkUrl … */
  readonly nextCheckAt?: string;
  /** … or, without one, rolls back. */
  readonly rollsBackAt?: string;
  readonly publishedAt?: string;
  /** How many events could not be published, and are listed as refused. */
  readonly refused?: number;
}

export function showTransaction(transaction: Transaction): ShownTransaction {
  const {
    key: _0,
    digest: _1,
    sent: _2,
    bytes: _3,
    nextCheckAtMs,
    refused,
    settledAt,
    ...shown
  } = transaction;
  const next = new Date(nextCheckAtMs).toISOString();
  const isOpen = transaction.state === 'half';
  const hasUrl = transaction.checkUrl !== undefined;
  return {
    ...shown,
    ...(isOpen && (hasUrl ? { nextCheckAt: next } : { rollsBackAt: next })),
    ...(settledAt !== undefined && transaction.state === 'committed' && { publishedAt: settledAt }),
    ...(refused > 0 && { refused }),
  };
}
