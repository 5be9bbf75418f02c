import { bus } from '../../core/kernel/limits.ts';
import { secretKey, sign } from '../../core/kernel/signature.ts';
import { checkBody, signingSecrets, type Verdict, verdictOf } from '../../core/transaction/check.ts';
import { transactionAgainSeconds } from '../../core/transaction/limits.ts';
import {
  phaseOf,
  type Transaction,
  transactionGivenUp,
  transition,
} from '../../core/transaction/transaction.ts';
import type { Tools } from '../../runtime/tools.ts';
import { applyMessage, type RelayTransactionTools, relayTransaction } from './relay-transaction.ts';

/** How often the timer of a transaction looks in any case, should everything else fail. */
const transactionLookSeconds = 15 * 60;

/** A timer that finds no transaction waits this long for it: the call that begins it may be under way. */
const transactionBeginSeconds = 60;

export type CheckTransactionTools = RelayTransactionTools & Tools<'checkSecrets' | 'http'>;

/**
 * The timer of a transaction: asks its producer when it is due, rolls back when nobody ever answers, and does what the
 * stream should have done and did not.
 * @returns after how many seconds to look again; undefined when the transaction is over.
 */
export async function checkTransaction(
  tools: CheckTransactionTools,
  timer: { readonly transaction: string; readonly sentAtMs: number },
): Promise<number | undefined> {
  const { transaction: id } = timer;
  const transaction = await tools.transactions.find(id);
  if (transaction === undefined) {
    // The timer is started before the transaction is written; after a minute that call has died.
    const ageSeconds = (tools.clock.now() - timer.sentAtMs) / 1000;
    return ageSeconds < transactionBeginSeconds ? transactionBeginSeconds : undefined;
  }
  const step = transition(transaction, { kind: 'timer' }, tools.clock.now());
  if (step.kind === 'change') {
    if (!(await tools.transactions.replace(step.to, transaction))) return 1;
    return await afterwards(tools, step.to);
  }
  if (step.kind !== 'ask') return await afterwards(tools, transaction);
  // Whoever writes the row first asks; a second copy of the timer does not.
  if (!(await tools.transactions.replace(step.to, transaction))) return 1;
  const verdict = await ask(tools, step.to);
  const told = await applyMessage(
    tools,
    id,
    verdict.kind === 'none'
      ? { kind: 'no-verdict', outcome: verdict.outcome }
      : { kind: verdict.kind, by: 'check' },
  );
  tools.log('info', 'A transaction was checked', {
    transaction: id,
    check: step.to.checks,
    verdict: verdict.kind === 'none' ? verdict.outcome : verdict.kind,
  });
  return told === undefined ? undefined : await afterwards(tools, told);
}

/** What follows from how a transaction stands now. */
async function afterwards(
  tools: CheckTransactionTools,
  transaction: Transaction,
): Promise<number | undefined> {
  const { id, decidedBy, reason } = transaction;
  switch (phaseOf(transaction)) {
    case 'half': {
      const seconds = (transaction.nextCheckAtMs - tools.clock.now()) / 1000;
      return Math.min(transactionLookSeconds, Math.max(1, Math.ceil(seconds)));
    }
    case 'published':
    case 'cleared':
      return undefined;
    case 'rolled-back':
      if (decidedBy === 'bus') tools.log('error', transactionGivenUp, { transaction: id, reason });
      return (await relayTransaction(tools, id)) ? undefined : transactionAgainSeconds;
    case 'committed': {
      // The stream does it at once. Who comes at the same moment would only send everything twice.
      const sinceSeconds = (tools.clock.now() - Date.parse(transaction.decidedAt ?? '')) / 1000;
      if (sinceSeconds < transactionAgainSeconds) return transactionAgainSeconds;
      return (await relayTransaction(tools, id)) ? undefined : transactionAgainSeconds;
    }
  }
}

/** Asks the producer, signed as deliveries are, by the application's check secret. */
async function ask(tools: CheckTransactionTools, transaction: Transaction): Promise<Verdict> {
  const { id, application, checkUrl = '', checks } = transaction;
  const nowMs = tools.clock.now();
  const secret = await tools.checkSecrets.find(application);
  if (secret === undefined) return { kind: 'none', outcome: 'the application has no check secret any more' };
  const body = checkBody(id, await tools.transactions.events(id));
  const timestampSeconds = Math.floor(nowMs / 1000);
  const checkId = `chk_${id}`;
  const keys = signingSecrets(secret, nowMs).map(secretKey);
  return verdictOf(
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
