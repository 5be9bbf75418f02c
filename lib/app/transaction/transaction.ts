import { owns, type Principal } from '../../core/access/access.ts';
import { utf8Bytes } from '../../core/event/event.ts';
import type { EventRequest } from '../../core/event/forms.ts';
import { applicationSource } from '../../core/event/publisher.ts';
import type { Target } from '../../core/event/target.ts';
import { checkEndpoint } from '../../core/kernel/endpoint.ts';
import { BusbarError, invalidField } from '../../core/kernel/errors.ts';
import { aws } from '../../core/kernel/limits.ts';
import { withoutConsent } from '../../core/registry/consent.ts';
import { transactionOpenSecondsMax } from '../../core/transaction/limits.ts';
import { type Draft, readTransaction } from '../../core/transaction/request.ts';
import { type StoredEvent, storedEvent } from '../../core/transaction/stored.ts';
import {
  keyOf,
  newTransaction,
  type ShownTransaction,
  scopedKey,
  showTransaction,
  type Transaction,
  transition,
} from '../../core/transaction/transaction.ts';
import type { Tools } from '../../runtime/tools.ts';
import { type RateTools, takeRate } from '../access/rate.ts';
import { giveBack, openStored, takeStored, type UsageTools } from '../access/stored.ts';
import { type NoteTools, noteWaiting } from '../list/note-waiting.ts';

import { checkEntries, newTrace, openTarget } from '../publish/publish.ts';
import type { EntryResult } from '../publish/results.ts';
import { type ConsentTools, mayCall } from '../registry/consent.ts';
import { type CheckSecretTools, ensureCheckSecret } from './check-secret.ts';

export type TransactionTools = CheckSecretTools &
  RateTools &
  NoteTools &
  UsageTools &
  ConsentTools &
  Tools<
    | 'ownHosts'
    | 'registry'
    | 'grants'
    | 'schemas'
    | 'trace'
    | 'endpoints'
    | 'endpointPorts'
    | 'transactions'
    | 'queues'
  >;

/**
 * Begins a transaction: checks and stores its events, which no receiver gets before the commit. All or none: one
 * rejected event rejects the transaction.
 * @param ownHosts further hosts under which the bus is reached.
 * @returns the transaction; with `checkSecret` when this call made the application's first one.
 */
export async function beginTransaction(
  tools: TransactionTools,
  principal: Principal,
  request: EventRequest,
  ownHosts: readonly string[],
): Promise<ShownTransaction & { checkSecret?: string }> {
  const nowMs = tools.clock.now();
  const read = readTransaction(request, {
    nowMs,
    source: applicationSource(principal.application),
    publisher: principal.application,
    uuid: tools.random.uuid,
    traceparent: newTrace(tools.random),
  });
  if (read.checkUrl !== undefined) {
    await checkCheckUrl(tools, principal.application, read.checkUrl, ownHosts);
  }
  const events = await checkDrafts(tools, principal, read.drafts);
  const transaction = newTransaction(
    {
      id: read.id ?? `txn_${tools.random.uuid()}`,
      key: read.id && scopedKey(principal.application, read.id),
      application: principal.application,
      events: events.map(({ target, id, source, type }) => ({ ...target, id, source, type })),
      bytes: events.reduce((sum, { body }) => sum + utf8Bytes(body), 0),
      digest: read.digest,
      checkUrl: read.checkUrl,
      checkAfterSeconds: read.checkAfterSeconds,
    },
    nowMs,
  );
  const secret =
    read.checkUrl === undefined ? undefined : await ensureCheckSecret(tools, principal.application);

  // One that began in an earlier version has its id for its key.
  const earlier = read.id === undefined ? undefined : await tools.transactions.find(read.id);
  if (earlier?.application === principal.application) return sameOrRefused(earlier, transaction);
  const stored = openStored(transaction.bytes ?? 0, transaction.createdAt);
  const refusal = await takeStored(tools, principal.application, stored, 'refuse');
  if (refusal !== undefined) throw refusal;
  // The timer first: a transaction without a timer would stay open for ever, while a timer without a transaction ends
  // by itself.
  await startTimer(tools, transaction);
  await noteOpen(tools, transaction);
  if (await tools.transactions.create(transaction, events)) {
    return { ...showTransaction(transaction), ...(secret?.isNew && { checkSecret: secret.secret }) };
  }
  await giveBack(tools, principal.application, stored);
  return sameOrRefused(await tools.transactions.find(keyOf(transaction)), transaction);
}

/** Lets the owners of its targets find it while it is open. */
async function noteOpen(tools: TransactionTools, { events, createdAt }: Transaction): Promise<void> {
  const targets = events.map(
    (event): Target => ('topic' in event ? { topic: event.topic } : { receiver: event.receiver }),
  );
  const distinct = new Map(targets.map((target) => [JSON.stringify(target), target]));
  const untilMs = Date.parse(createdAt) + transactionOpenSecondsMax * 1000;
  await Promise.all([...distinct.values()].map((target) => noteWaiting(tools, target, 'open', untilMs)));
}

/** What a repeated call gets. @throws BusbarError transaction_exists. */
function sameOrRefused(standing: Transaction | undefined, transaction: Transaction): ShownTransaction {
  if (standing?.digest === transaction.digest) return showTransaction(standing);
  throw new BusbarError(
    'transaction_exists',
    `A transaction ${transaction.id} already exists, with other events or settings. Give each transaction its own id, or none.`,
  );
}

async function checkCheckUrl(
  tools: TransactionTools,
  application: string,
  checkUrl: string,
  requestHosts: readonly string[],
): Promise<void> {
  const ownHosts = [...tools.ownHosts, ...requestHosts];
  try {
    checkEndpoint(checkUrl, { policy: tools.endpoints, ports: tools.endpointPorts, ownHosts });
  } catch (error) {
    if (!(error instanceof BusbarError)) throw error;
    // It is called like an endpoint, so the same rules apply; only the name of the field differs.
    throw new BusbarError(error.code, error.message.replace(/^endpoint/, 'checkUrl'), {
      fields: error.fields.map(({ detail }) => ({ path: 'checkUrl', detail })),
    });
  }
  if (!(await mayCall(tools, application, checkUrl)))
    throw invalidField('checkUrl', withoutConsent(checkUrl));
}

/** Checks every event as publish would, so only a later change outside can stop its commit. */
async function checkDrafts(
  tools: TransactionTools,
  principal: Principal,
  drafts: readonly Draft[],
): Promise<StoredEvent[]> {
  await takeRate(tools, principal, drafts.length);
  const byTarget = new Map<string, { target: Target; drafts: Draft[] }>();
  for (const draft of drafts) {
    const key = JSON.stringify(draft.target);
    const group = byTarget.get(key) ?? { target: draft.target, drafts: [] };
    group.drafts.push(draft);
    byTarget.set(key, group);
  }
  const results = new Map<number, EntryResult>();
  const checked = await Promise.all(
    [...byTarget.values()].map(async (group) => {
      const { topic, acting } = await openTarget(tools, principal, group.target);
      const entries = group.drafts.map(({ entry }) => entry);
      const checked = checkEntries(tools, principal.application, entries, group.target, topic, results);
      return checked.map(({ index, event, dueAtMs }) => {
        const { trace: _, ...plain } = event;
        const delayMs = drafts[index]?.delayMs;
        return { index, stored: storedEvent(plain, group.target, acting, { dueAtMs, delayMs }) };
      });
    }),
  );
  const rejected = [...results.values()].sort((one, other) => one.index - other.index);
  if (rejected.length > 0) throw rejection(rejected);
  return checked
    .flat()
    .sort((one, other) => one.index - other.index)
    .map(({ stored }) => stored);
}

/** Names each rejected event by its index. */
function rejection(rejected: readonly EntryResult[]): BusbarError {
  const fields = rejected.flatMap(({ index, detail = '', errors }) =>
    (errors ?? [{ path: '', detail }]).map((error) => ({
      path: error.path === '' ? `events.${index}` : `events.${index}.${error.path}`,
      detail: error.detail,
    })),
  );
  const [first] = rejected;
  const told = rejected.map(({ index, detail }) => `events.${index}: ${detail}`).join(' ');
  const code = rejected.length === 1 && first?.code !== undefined ? first.code : 'all_rejected';
  return new BusbarError(code, `The transaction was not stored. ${told}`, { fields });
}

/** @throws BusbarError unavailable. */
async function startTimer(tools: TransactionTools, transaction: Transaction): Promise<void> {
  const delaySeconds = Math.min(aws.sqs.delaySecondsMax, Math.ceil(transaction.checkAfterSeconds));
  const [failure] = await tools.queues.send('transactions', [timerOf(keyOf(transaction), delaySeconds)]);
  if (failure === undefined) return;
  tools.log('error', 'The timer of a transaction could not be started', { reason: failure.reason });
  throw new BusbarError('unavailable', 'The transaction could not be stored. Begin it again.', {
    retryAfterSeconds: 1,
  });
}

/** The message that times a transaction, named by its key; it stays in its queue until the transaction is over. */
export const timerOf = (transaction: string, delaySeconds: number) => ({
  body: JSON.stringify({ transaction }),
  attributes: {},
  delaySeconds,
});

/**
 * @param id of the caller's own application, or `<application>.<id>` of another one that it may act for.
 * @throws BusbarError unknown_transaction.
 */
export async function getTransaction(
  tools: Pick<TransactionTools, 'transactions'>,
  principal: Principal,
  id: string,
): Promise<ShownTransaction> {
  return showTransaction(await findTransaction(tools, principal, id));
}

/** Releases the events. A repeated call gets the same answer; after a rollback it is rejected. */
export function commitTransaction(
  tools: Pick<TransactionTools, 'transactions' | 'clock'>,
  principal: Principal,
  id: string,
): Promise<ShownTransaction> {
  return decide(tools, principal, id, 'commit');
}

/** Deletes the events; rejected after a commit. */
export function rollbackTransaction(
  tools: Pick<TransactionTools, 'transactions' | 'clock'>,
  principal: Principal,
  id: string,
): Promise<ShownTransaction> {
  return decide(tools, principal, id, 'rollback');
}

async function decide(
  tools: Pick<TransactionTools, 'transactions' | 'clock'>,
  principal: Principal,
  id: string,
  kind: 'commit' | 'rollback',
): Promise<ShownTransaction> {
  for (;;) {
    const transaction = await findTransaction(tools, principal, id);
    const step = transition(transaction, { kind, by: 'producer' }, tools.clock.now());
    if (step.kind === 'reject') throw step.error;
    if (step.kind === 'none') return showTransaction(transaction);
    if (await tools.transactions.replace(step.to, transaction)) return showTransaction(step.to);
    // Somebody else was first: look again what it says now.
  }
}

async function findTransaction(
  tools: Pick<TransactionTools, 'transactions'>,
  principal: Principal,
  id: string,
): Promise<Transaction> {
  const scoped = scopedKey(principal.application, id);
  // Either may be right; the likely one is read first.
  for (const key of /^txn_|\./.test(id) ? [id, scoped] : [scoped, id]) {
    const transaction = await tools.transactions.find(key);
    if (transaction !== undefined && owns(principal, transaction.application)) return transaction;
  }
  // Another application's id is unknown, like one that does not exist: nobody learns which ids others use.
  throw new BusbarError(
    'unknown_transaction',
    `There is no transaction ${JSON.stringify(id)}. A transaction can be read for 30 days after it ended.`,
  );
}
