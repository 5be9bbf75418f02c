import { bus } from '../../core/kernel/limits.ts';
import { secretKey, sign } from '../../core/kernel/signature.ts';
import { answerOf, type CheckAnswer, checkBody, signingSecrets } from '../../core/transaction/check.ts';
import { transactionAgainSeconds } from '../../core/transaction/limits.ts';
import {
  keyOf,
  phaseOf,
  type Transaction,
  transactionGivenUp,
  transition,
} from '../../core/transaction/transaction.ts';
import type { Tools } from '../../runtime/tools.ts';
import { type ConsentTools, mayCall } from '../registry/consent.ts';
import { applyMessage, type RelayTransactionTools, relayTransaction } from './relay-transaction.ts';

/** How often the timer of a transaction looks in any case, should everything else fail. */
const transactionLookSeconds = 15 * 60;

/** A timer that finds no transaction waits this long for it: the call that begins it may be under way. */
const transactionBeginSeconds = 60;

export type CheckTransactionTools = RelayTransactionTools & ConsentTools & Tools<'checkSecrets' | 'http'>;

/**
 * The timer of a transaction: asks its producer when that is due, rolls back when nobody answers, and does what the
 * stream missed.
 * @returns the seconds after which to look again; undefined when the transaction is over.
 */
export async function checkTransaction(
  tools: CheckTransactionTools,
  timer: { readonly transaction: string; readonly sentAtMs: number },
): Promise<number | undefined> {
  const { transaction: key } = timer;
  const transaction = await tools.transactions.find(key);
  if (transaction === undefined) {
    // The timer starts before the transaction is written; if there is none after a minute, that call has crashed.
    const ageSeconds = (tools.clock.now() - timer.sentAtMs) / 1000;
    return ageSeconds < transactionBeginSeconds ? transactionBeginSeconds : undefined;
  }
  const step = transition(transaction, { kind: 'timer' }, tools.clock.now());
  if (step.kind === 'change') {
    if (!(await tools.transactions.replace(step.to, transaction))) return 1;
    return await afterwards(tools, step.to);
  }
  if (step.kind !== 'ask') return await afterwards(tools, transaction);
  // Only the timer that writes the row first asks; a second copy does not.
  if (!(await tools.transactions.replace(step.to, transaction))) return 1;
  const answer = await ask(tools, step.to);
  const told = await applyMessage(
    tools,
    key,
    answer.kind === 'none'
      ? { kind: 'no-verdict', answer: answer.answer }
      : { kind: answer.kind, by: 'check' },
  );
  tools.log('info', 'A transaction was checked', {
    transaction: key,
    check: step.to.checks,
    verdict: answer.kind === 'none' ? answer.answer : answer.kind,
  });
  return told === undefined ? undefined : await afterwards(tools, told);
}

/** What follows from the state of a transaction. */
async function afterwards(
  tools: CheckTransactionTools,
  transaction: Transaction,
): Promise<number | undefined> {
  const { decidedBy, reason } = transaction;
  const key = keyOf(transaction);
  switch (phaseOf(transaction)) {
    case 'half': {
      const seconds = (transaction.nextCheckAtMs - tools.clock.now()) / 1000;
      return Math.min(transactionLookSeconds, Math.max(1, Math.ceil(seconds)));
    }
    case 'published':
    case 'cleared':
      return undefined;
    case 'rolled-back':
      if (decidedBy === 'bus') tools.log('error', transactionGivenUp, { transaction: key, reason });
      return (await relayTransaction(tools, key)) ? undefined : transactionAgainSeconds;
    case 'committed': {
      // The stream does it at once. A timer at the same moment would only send everything twice.
      const sinceSeconds = (tools.clock.now() - Date.parse(transaction.decidedAt ?? '')) / 1000;
      if (sinceSeconds < transactionAgainSeconds) return transactionAgainSeconds;
      return (await relayTransaction(tools, key)) ? undefined : transactionAgainSeconds;
    }
  }
}

/** Asks the producer. The request is signed as deliveries are, with the application's check secret. */
async function ask(tools: CheckTransactionTools, transaction: Transaction): Promise<CheckAnswer> {
  const { id, application, checkUrl = '', checks } = transaction;
  const nowMs = tools.clock.now();
  const secret = await tools.checkSecrets.find(application);
  if (secret === undefined) return { kind: 'none', answer: 'the application no longer has a check secret' };
  // Its endpoint may have withdrawn its agreement since the transaction began.
  if (!(await mayCall(tools, application, checkUrl))) {
    return { kind: 'none', answer: 'no endpoint of the application agrees there, so it was not asked' };
  }
  const body = checkBody(id, await tools.transactions.events(keyOf(transaction)));
  const timestampSeconds = Math.floor(nowMs / 1000);
  const checkId = `chk_${id}`;
  const keys = signingSecrets(secret, nowMs).map(secretKey);
  return answerOf(
    await tools.http.send({
      method: 'POST',
      url: checkUrl,
      headers: {
        'content-type': 'application/json',
        'user-agent': 'busbar/1',
        'webhook-id': checkId,
        'webhook-timestamp': String(timestampSeconds),
        'webhook-signature': sign(keys, checkId, timestampSeconds, body),
        'busbar-attempt': String(checks),
      },
      body,
      timeoutMs: bus.endpointTimeoutSecondsDefault * 1000,
    }),
  );
}
