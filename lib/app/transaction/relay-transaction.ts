import { refusedIdOf } from '../../core/refused/refused.ts';
import { entryOf } from '../../core/transaction/stored.ts';
import {
  keyOf,
  phaseOf,
  type Transaction,
  type TransactionMessage,
  transition,
} from '../../core/transaction/transaction.ts';
import type { Tools } from '../../runtime/tools.ts';
import { giveBack, openStored } from '../access/stored.ts';
import type { PublishTools } from '../publish/publish.ts';
import { type KeepRefusedTools, keepRefused } from '../refused/keep-refused.ts';
import { type Outgoing, type Sent, sendStored } from '../relay/send-stored.ts';

export type RelayTransactionTools = PublishTools & KeepRefusedTools & Tools<'transactions'>;

/**
 * Does what is left to do with the events of a decided transaction: sends them, or deletes them. After a crash, the
 * next call repeats the rest; an event that is sent twice has the same id.
 * @returns whether nothing is left.
 */
export async function relayTransaction(tools: RelayTransactionTools, key: string): Promise<boolean> {
  const transaction = await tools.transactions.find(key);
  if (transaction === undefined) return true;
  switch (phaseOf(transaction)) {
    case 'half':
      return false;
    case 'published':
    case 'cleared':
      return true;
    case 'rolled-back':
      await tools.transactions.clear(key);
      await applyMessage(tools, key, { kind: 'finished', refused: 0 });
      await settleStored(tools, transaction);
      return true;
    case 'committed':
      return await send(tools, transaction);
  }
}

async function send(tools: RelayTransactionTools, transaction: Transaction): Promise<boolean> {
  const { id } = transaction;
  const key = keyOf(transaction);
  const nowMs = tools.clock.now();
  const releasedAtMs = Date.parse(transaction.decidedAt ?? '');
  const events = await tools.transactions.events(key);
  const open = events
    .map((stored, place) => ({ stored, place }))
    .filter(({ place }) => !transaction.sent.includes(place));
  const results = await sendStored(
    tools,
    open.map(
      ({ stored }, index): Outgoing => ({
        target: stored.target,
        entry: entryOf(stored, index, releasedAtMs, nowMs),
        // One from before it was recorded for whom it acts goes as it was permitted to when it began.
        principal: { application: transaction.application, role: 'admin' },
        checked: { acting: stored.acting, atMs: Date.parse(transaction.createdAt) },
      }),
    ),
  );
  const done: number[] = [];
  let refused = 0;
  for (const [at, { stored, place }] of open.entries()) {
    const result: Sent | undefined = results[at];
    if (result === undefined || result.kind === 'again') continue;
    done.push(place);
    if (result.kind === 'out') continue;
    refused += 1;
    // Listed before it is marked, so it cannot vanish in between.
    await keepRefused(
      tools,
      {
        id: refusedIdOf('transaction', key, place),
        application: transaction.application,
        from: 'transaction',
        transaction: id,
        ...stored.target,
        eventId: stored.id,
      },
      result,
      stored.body,
      stored.acting?.incarnation,
    );
  }
  if (done.length < open.length) {
    // Events that are out are not sent again because others are not.
    if (done.length > 0) await applyMessage(tools, key, { kind: 'sent', places: done, refused });
    return false;
  }
  await tools.transactions.clear(key);
  await applyMessage(tools, key, { kind: 'finished', refused });
  await settleStored(tools, transaction);
  return true;
}

/** Its events are no longer stored for it. */
const settleStored = (tools: RelayTransactionTools, { application, bytes = 0, createdAt }: Transaction) =>
  giveBack(tools, application, openStored(bytes, createdAt));

/** Writes what a message does to a transaction; returns the row after it, or undefined when there is none. */
export async function applyMessage(
  tools: Pick<RelayTransactionTools, 'transactions' | 'clock'>,
  key: string,
  message: TransactionMessage,
): Promise<Transaction | undefined> {
  for (;;) {
    const standing = await tools.transactions.find(key);
    if (standing === undefined) return undefined;
    const step = transition(standing, message, tools.clock.now());
    if (step.kind !== 'change') return standing;
    if (await tools.transactions.replace(step.to, standing)) return step.to;
  }
}
