import { describe, expect, it } from 'vitest';
import { checkAfterSecondsMax } from '../../../lib/core/transaction/request.ts';
import {
  checkWaitSeconds,
  newTransaction,
  phaseOf,
  phases,
  showTransaction,
  type Transaction,
  type TransactionMessage,
  transactionChecksMax,
  transition,
} from '../../../lib/core/transaction/transaction.ts';

const startMs = Date.parse('2026-01-01T00:00:00Z');
const nowMs = startMs + 3600_000;
const now = new Date(nowMs).toISOString();

const half = newTransaction(
  {
    id: 't1',
    application: 'shop',
    events: [{ topic: 'orders', id: 'e1', source: '/shop', type: 'order.placed' }],
    digest: 'd',
    checkUrl: 'https://shop.example.com/check',
    checkAfterSeconds: 60,
  },
  startMs,
);
const committed: Transaction = { ...half, state: 'committed', decidedBy: 'producer', decidedAt: now };
const rolledBack: Transaction = { ...half, state: 'rolled-back', decidedBy: 'producer', decidedAt: now };
const transactions = {
  half,
  committed,
  published: { ...committed, settledAt: now },
  'rolled-back': rolledBack,
  cleared: { ...rolledBack, settledAt: now },
} as const;
const messages = {
  commit: { kind: 'commit', by: 'producer' },
  'commit by check': { kind: 'commit', by: 'check' },
  rollback: { kind: 'rollback', by: 'producer' },
  'rollback by check': { kind: 'rollback', by: 'check' },
  'no verdict': { kind: 'no-verdict', answer: 'it answered unknown' },
  timer: { kind: 'timer' },
  sent: { kind: 'sent', places: [0], refused: 0 },
  finished: { kind: 'finished', refused: 0 },
} as const satisfies Record<string, TransactionMessage>;
type Name = keyof typeof messages;

/** What comes of each message in each phase: the phase after it, or what else follows. */
const table: Readonly<Record<(typeof phases)[number], Readonly<Record<Name, string>>>> = {
  half: {
    commit: 'committed',
    'commit by check': 'committed',
    rollback: 'rolled-back',
    'rollback by check': 'rolled-back',
    'no verdict': 'half',
    timer: 'ask',
    sent: 'none',
    finished: 'none',
  },
  committed: {
    commit: 'none',
    'commit by check': 'none',
    rollback: 'reject',
    'rollback by check': 'none',
    'no verdict': 'none',
    timer: 'none',
    sent: 'committed',
    finished: 'published',
  },
  published: {
    commit: 'none',
    'commit by check': 'none',
    rollback: 'reject',
    'rollback by check': 'none',
    'no verdict': 'none',
    timer: 'none',
    sent: 'none',
    finished: 'none',
  },
  'rolled-back': {
    commit: 'reject',
    'commit by check': 'none',
    rollback: 'none',
    'rollback by check': 'none',
    'no verdict': 'none',
    timer: 'none',
    sent: 'none',
    finished: 'cleared',
  },
  cleared: {
    commit: 'reject',
    'commit by check': 'none',
    rollback: 'none',
    'rollback by check': 'none',
    'no verdict': 'none',
    timer: 'none',
    sent: 'none',
    finished: 'none',
  },
};

describe('every phase answers every message', () => {
  const cells = phases.flatMap((phase) =>
    (Object.keys(messages) as Name[]).map((message) => [phase, message, table[phase][message]] as const),
  );

  it.each(cells)('%s, %s: %s', (phase, message, expected) => {
    expect(phaseOf(transactions[phase])).toBe(phase);
    const step = transition(transactions[phase], messages[message], nowMs);
    expect(step.kind === 'change' ? phaseOf(step.to) : step.kind).toBe(expected);
  });
});

describe('a transaction that was decided', () => {
  it('says when, by whom and what to do instead, to who wants the contrary', () => {
    const step = transition(rolledBack, { kind: 'commit', by: 'producer' }, nowMs);
    expect(step).toMatchObject({ kind: 'reject', error: { code: 'transaction_decided', status: 409 } });
    expect(step.kind === 'reject' && step.error.message).toContain(
      `rolled back by its producer at ${now}. Its events are deleted. Publish them again`,
    );
  });

  it('remembers what of it is out, each place once, in order', () => {
    const step = transition({ ...committed, sent: [2] }, { kind: 'sent', places: [2, 0], refused: 1 }, nowMs);
    expect(step).toMatchObject({ to: { sent: [0, 2], refused: 1 } });
  });
});

describe('checks', () => {
  it('are not made before their time', () => {
    expect(transition(half, { kind: 'timer' }, half.nextCheckAtMs - 1)).toEqual({ kind: 'none' });
    expect(transition(half, { kind: 'timer' }, half.nextCheckAtMs)).toMatchObject({ kind: 'ask' });
  });

  it('are counted before they are made, and the next one is set', () => {
    const step = transition({ ...half, checks: 2 }, { kind: 'timer' }, nowMs);
    expect(step).toMatchObject({ to: { checks: 3, nextCheckAtMs: nowMs + 240_000, state: 'half' } });
  });

  it.each([
    [1, 60],
    [2, 120],
    [6, 1920],
    [7, 3600],
    [15, 3600],
  ])('after check %i wait %i s', (checks, seconds) => {
    expect(checkWaitSeconds(half, checks)).toBe(seconds);
  });

  it('keep to a longer wait that the producer asked for', () => {
    expect(checkWaitSeconds({ ...half, checkAfterSeconds: 10_000 }, 5)).toBe(10_000);
  });

  it('end with a rollback that says so, when the last one brings no verdict', () => {
    const asked = { ...half, checks: transactionChecksMax };
    const step = transition(asked, { kind: 'no-verdict', answer: 'it answered 500' }, nowMs);
    expect(step).toMatchObject({
      to: {
        state: 'rolled-back',
        decidedBy: 'bus',
        reason: 'Its checkUrl was asked 15 times and gave no verdict; the last answer: it answered 500.',
      },
    });
  });

  it('end with a rollback when the last one broke off', () => {
    const asked = { ...half, checks: transactionChecksMax };
    expect(transition(asked, { kind: 'timer' }, nowMs)).toMatchObject({
      kind: 'change',
      to: { state: 'rolled-back', decidedBy: 'bus' },
    });
  });

  it('all end before SQS drops the message that times them', () => {
    const slowest = { ...half, checkAfterSeconds: checkAfterSecondsMax };
    const waits = Array.from({ length: transactionChecksMax }, (_, n) => checkWaitSeconds(slowest, n + 1));
    const seconds = waits.reduce((sum, wait) => sum + wait, checkAfterSecondsMax);
    expect(seconds).toBeLessThan(14 * 24 * 3600);
  });
});

describe('without a check URL', () => {
  const { checkUrl: _, ...silent } = half;

  it('a transaction is rolled back when its time is over', () => {
    expect(transition(silent, { kind: 'timer' }, nowMs)).toMatchObject({
      to: { state: 'rolled-back', decidedBy: 'bus', reason: expect.stringContaining('no checkUrl') },
    });
  });

  it('the answer states that time, and an hour is the default', () => {
    const opened = newTransaction({ id: 't', application: 'a', events: [], digest: '' }, startMs);
    expect(showTransaction(opened)).toMatchObject({ rollsBackAt: '2026-01-01T01:00:00.000Z' });
  });
});

it('shows no more than what concerns the producer', () => {
  expect(showTransaction(half)).toEqual({
    id: 't1',
    application: 'shop',
    state: 'half',
    events: [{ topic: 'orders', id: 'e1', source: '/shop', type: 'order.placed' }],
    checkUrl: 'https://shop.example.com/check',
    checkAfterSeconds: 60,
    checks: 0,
    createdAt: '2026-01-01T00:00:00.000Z',
    nextCheckAt: '2026-01-01T00:01:00.000Z',
  });
  expect(showTransaction(transactions.published)).toMatchObject({ state: 'committed', publishedAt: now });
});
