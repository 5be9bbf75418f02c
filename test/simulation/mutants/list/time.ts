import { conditions, type Mutant } from '../mutant.ts';

const seeds = ['3', '2', '1', '4', '5', '6'];
const delays = conditions({}, { minutes: 0.5, focus: { delay: 3, retime: 2, cancel: 1 }, seeds });
const transactions = conditions({}, { focus: { transact: 1 } });

/** Bugs of delayed events and of transactions. */
export const timeMutants: readonly Mutant[] = [
  {
    name: 'a delayed event leaves when any of its timers comes',
    file: 'lib/core/delay/delayed.ts',
    find: 'return row.dueAtMs > nowMs ?',
    replace: 'return row.dueAtMs < 0 ?',
    functions: ['schedule'],
    checkers: ['not-early'],
    under: delays,
  },
  {
    name: 'a cancel is granted though the event has left',
    file: 'lib/core/delay/delayed.ts',
    find: "return row.state === 'cancelled' ? { kind: 'nothing' } : { kind: 'reject', code: 'event_left' };",
    replace: "return { kind: 'nothing' };",
    functions: ['admin'],
    checkers: ['not-early'],
    under: delays,
  },
  {
    name: 'a begin whose first answer was lost takes its own transaction for that of another',
    file: 'lib/app/transaction/transaction.ts',
    find: 'if (standing?.digest === transaction.digest) return showTransaction(standing);',
    replace: 'void standing;',
    functions: ['admin'],
    checkers: ['answers'],
    under: conditions({ lostAnswer: 0.3 }, { focus: { transact: 1 } }),
  },
  {
    name: 'a delayed event that could not be sent is not tried again',
    file: 'lib/app/delay/leave.ts',
    find: 'actions[index] = { hideSeconds: delayLeaseSeconds };',
    replace: "actions[index] = 'done';",
    functions: ['schedule'],
    checkers: ['nothing-lost'],
    under: conditions({ failedEntry: 0.4 }, { minutes: 0.5, focus: { delay: 1 } }),
  },
  {
    name: 'nobody asks the producer of an open transaction',
    file: 'lib/app/transaction/check-transaction.ts',
    find: "if (step.kind !== 'ask') return",
    replace: "if (step.kind === 'ask') return undefined;\n  if (step.kind !== 'ask') return",
    functions: ['check-transaction'],
    checkers: ['transactions'],
    under: transactions,
  },
  {
    name: 'a producer that does not know is understood as a commit',
    file: 'lib/core/transaction/check.ts',
    find: "if (state === 'unknown') return { kind: 'none', answer: 'it answered unknown' };",
    replace: "if (state === 'unknown') return { kind: 'commit' };",
    functions: ['check-transaction'],
    checkers: ['transactions'],
    under: transactions,
  },
  {
    name: 'a rollback sends the events',
    file: 'lib/core/transaction/transaction.ts',
    find: "return decided(transaction, 'rolled-back', message.by, undefined, nowMs);",
    replace: "return decided(transaction, 'committed', message.by, undefined, nowMs);",
    functions: ['admin'],
    checkers: ['transactions'],
    under: transactions,
  },
  {
    name: 'the events of a transaction go before it is committed',
    file: 'lib/core/transaction/transaction.ts',
    find: "state: 'half',\n    events,",
    replace: "state: 'committed',\n    decidedAt: new Date(nowMs).toISOString(),\n    events,",
    functions: ['admin'],
    checkers: ['transactions'],
    under: transactions,
  },
  {
    name: 'a committed transaction whose events could not be sent is left as it is',
    file: 'lib/app/transaction/check-transaction.ts',
    find: 'if (sinceSeconds < transactionAgainSeconds) return transactionAgainSeconds;',
    replace: 'if (sinceSeconds > 0) return undefined;',
    functions: ['check-transaction'],
    checkers: ['nothing-lost'],
    under: conditions({ failedEntry: 0.5 }, { focus: { transact: 1 } }),
  },
];
