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
 * Half messages: events that the bus keeps until their producer says whether its own transaction went through.
 *
 *   half ── commit ──▶ committed ── all events out ──▶ published
 *     └──── rollback, or nobody ever answered ──▶ rolled-back ── events thrown away ──▶ cleared
 *
 * To the outside `published` is `committed`, and `cleared` is `rolled-back`, with the time of it.
 */
export const phases = ['half', 'committed', 'published', 'rolled-back', 'cleared'] as const;
export type Phase = (typeof phases)[number];

/** An event of a transaction, as it is told of. */
export type TransactionEvent = Target & {
  readonly id: string;
  readonly source: string;
  readonly type: string;
};

/** A transaction, as its row keeps it. Times named `At` are RFC 3339. */
export interface Transaction {
  readonly id: string;
  /** Who began it, and alone may end it, beside an admin. */
  readonly application: string;
  readonly state: 'half' | 'committed' | 'rolled-back';
  readonly events: readonly TransactionEvent[];
  readonly checkUrl?: string;
  readonly checkAfterSeconds: number;
  readonly createdAt: string;
  /** How often the bus has asked. */
  readonly checks: number;
  /** While it is half: when the bus asks next, or rolls back. */
  readonly nextCheckAtMs: number;
  readonly lastCheck?: { readonly at: string; readonly outcome: string };
  readonly decidedAt?: string;
  readonly decidedBy?: Decider;
  readonly reason?: string;
  /** When its events were all out, or thrown away. */
  readonly settledAt?: string;
  /** The places of events that are out, or refused, while others are not yet. */
  readonly sent: readonly number[];
  /** How many events could not be published after the commit, and are listed as refused. */
  readonly refused: number;
  /** Of what it was begun with, so that a call that is made twice begins one transaction. */
  readonly digest: string;
}

/** `check`: its producer, asked by the bus. `bus`: nobody answered. */
export type Decider = 'producer' | 'check' | 'bus';

/** The line of the log when the bus ended a transaction itself; an alarm is made of it. */
export const transactionGivenUp = 'A transaction was rolled back because nobody ended it';

/** What may happen to a transaction. */
export type TransactionMessage =
  | { readonly kind: 'commit'; readonly by: 'producer' | 'check' }
  | { readonly kind: 'rollback'; readonly by: 'producer' | 'check' }
  /** A check that brought no verdict: `unknown`, no answer, or one that says nothing. */
  | { readonly kind: 'no-verdict'; readonly outcome: string }
  /** Its timer looks at it. */
  | { readonly kind: 'timer' }
  /** Some of its events are out, some of these refused. */
  | { readonly kind: 'sent'; readonly places: readonly number[]; readonly refused: number }
  /** Nothing is left to be done with its events. */
  | { readonly kind: 'settled'; readonly refused: number };

/** What follows from a message: nothing, a new state of the row, a check to be made, or a refusal. */
export type Transition =
  | { readonly kind: 'none' }
  | { readonly kind: 'change'; readonly to: Transaction }
  /** Writes the row, and then asks. */
  | { readonly kind: 'ask'; readonly to: Transaction }
  | { readonly kind: 'refuse'; readonly error: BusbarError };

export function phaseOf({ state, settledAt }: Transaction): Phase {
  if (settledAt === undefined || state === 'half') return state;
  return state === 'committed' ? 'published' : 'cleared';
}

export function newTransaction(
  about: Pick<Transaction, 'id' | 'application' | 'events' | 'digest'> & {
    readonly checkUrl?: string | undefined;
    readonly checkAfterSeconds?: number | undefined;
  },
  nowMs: number,
): Transaction {
  const { id, application, events, digest, checkUrl } = about;
  const checkAfterSeconds =
    about.checkAfterSeconds ?? (checkUrl === undefined ? transactionOpenSeconds : checkAfterSecondsDefault);
  return {
    id,
    application,
    state: 'half',
    events,
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

/** What a message does to a transaction; every phase answers every message. */
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
        lastCheck: { at: new Date(nowMs).toISOString(), outcome: message.outcome },
      };
      return to.checks >= transactionChecksMax ? givenUp(to, nowMs) : { kind: 'change', to };
    }
    // Events go out after the commit alone: whoever says otherwise looked at an older row.
    case 'sent':
    case 'settled':
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
      `Nobody ended it within ${transaction.checkAfterSeconds} s, and it has no checkUrl to ask.`,
      nowMs,
    );
  }
  if (transaction.checks >= transactionChecksMax) return givenUp(transaction, nowMs);
  // Counted before it is made: a check that breaks off must not be made for ever.
  const checks = transaction.checks + 1;
  return {
    kind: 'ask',
    to: { ...transaction, checks, nextCheckAtMs: nowMs + 1000 * checkWaitSeconds(transaction, checks) },
  };
}

/** The wait after so many checks: it doubles, up to an hour or what the producer asked for. */
export function checkWaitSeconds({ checkAfterSeconds }: Transaction, checks: number): number {
  const most = Math.max(checkWaitSecondsMax, checkAfterSeconds);
  return Math.min(most, checkAfterSeconds * 2 ** (checks - 1));
}

function givenUp(transaction: Transaction, nowMs: number): Transition {
  const last = transaction.lastCheck === undefined ? '' : `, the last time: ${transaction.lastCheck.outcome}`;
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

/** After the decision its own kind is welcome again, and the other one refused: nothing changes it any more. */
function ofDecided(
  transaction: Transaction,
  message: TransactionMessage,
  nowMs: number,
  contrary: 'commit' | 'rollback',
): Transition {
  switch (message.kind) {
    case 'commit':
    case 'rollback':
      // A check that was under way meanwhile learns nothing new, and nobody waits for its answer.
      return message.kind === contrary && message.by === 'producer'
        ? { kind: 'refuse', error: contradiction(transaction, message.kind) }
        : none;
    case 'sent': {
      if (phaseOf(transaction) !== 'committed') return none;
      const sent = [...new Set([...transaction.sent, ...message.places])].sort((one, other) => one - other);
      return {
        kind: 'change',
        to: { ...transaction, sent, refused: transaction.refused + message.refused },
      };
    }
    case 'settled':
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
      ? 'Its events are gone: publish them again, or begin another transaction.'
      : 'Its events cannot be taken back: publish what undoes them.';
  return new BusbarError(
    'transaction_decided',
    `${was}${reason === undefined ? '' : ` (${reason})`}. ${solution}`,
    { members: { state } },
  );
}

/** What the API shows of a transaction. */
export interface ShownTransaction
  extends Omit<Transaction, 'digest' | 'sent' | 'nextCheckAtMs' | 'refused' | 'settledAt'> {
  /** While it is half: when the bus asks its checkUrl next … */
  readonly nextCheckAt?: string;
  /** … or, without one, rolls back. */
  readonly rollsBackAt?: string;
  readonly publishedAt?: string;
  /** How many events could not be published after all, and are listed as refused. */
  readonly refused?: number;
}

export function showTransaction(transaction: Transaction): ShownTransaction {
  const { digest: _1, sent: _2, nextCheckAtMs, refused, settledAt, ...shown } = transaction;
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
