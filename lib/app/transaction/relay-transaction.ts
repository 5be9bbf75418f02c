import { entryOf } from '../../core/event/stored.ts';
import { refusedIdOf } from '../../core/relay/refused.ts';
import {
  phaseOf,
  type Transaction,
  type TransactionMessage,
  transition,
} from '../../core/transaction/transaction.ts';
import type { Tools } from '../../runtime/tools.ts';
import type { PublishTools } from '../publish/publish.ts';
import { type RefuseTools, refuse } from '../relay/refuse.ts';
import { type Outgoing, type Sent, sendStored } from '../relay/send-stored.ts';

export type RelayTransactionTools = PublishTools & RefuseTools & Tools<'transactions'>;

/**
 * Does what is left to be done with the events of a transaction that was decided: sends them, or throws them away.
 * Whatever breaks off in between is done again by whoever comes next; an event that goes twice has the same id.
 * @returns whether nothing is left.
 */
export async function relayTransaction(tools: RelayTransactionTools, id: string): Promise<boolean> {
  const transaction = await tools.transactions.find(id);
  if (transaction === undefined) return true;
  switch (phaseOf(transaction)) {
    case 'half':
      return false;
    case 'published':
    case 'cleared':
      return true;
    case 'rolled-back':
      await tools.transactions.clear(id);
      await applyMessage(tools, id, { kind: 'settled', refused: 0 });
      return true;
    case 'committed':
      return await send(tools, transaction);
  }
}

async function send(tools: RelayTransactionTools, transaction: Transaction): Promise<boolean> {
  const { id } = transaction;
  const nowMs = tools.clock.now();
  const releasedAtMs = Date.parse(transaction.decidedAt ?? '');
  const events = await tools.transactions.events(id);
  const open = events
    .map((stored, place) => ({ stored, place }))
    .filter(({ place }) => !transaction.sent.includes(place));
  const results = await sendStored(
    tools,
    open.map(
      ({ stored }, index): Outgoing => ({
        target: stored.target,
        entry: entryOf(stored, index, releasedAtMs, nowMs),
        // It was authorised when the transaction began, and what was promised then is kept.
        principal: { application: transaction.application, role: 'admin' },
        wasChecked: true,
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
    // Listed before it is marked, so that it cannot vanish in between.
    await refuse(
      tools,
      {
        id: refusedIdOf('transaction', id, place),
        application: transaction.application,
        from: 'transaction',
        transaction: id,
        ...stored.target,
        eventId: stored.id,
      },
      result,
      stored.body,
    );
  }
  if (done.length < open.length) {
    // What is out is not sent again only because something else is not.
    if (done.length > 0) await applyMessage(tools, id, { kind: 'sent', places: done, refused });
    return false;
  }
  await tools.transactions.clear(id);
  await applyMessage(tools, id, { kind: 'settled', refused });
  return true;
}

/** Writes what a message does to a transaction; answers the row as it is then, or undefined when there is none. */
export async function applyMessage(
  tools: Pick<RelayTransactionTools, 'transactions' | 'clock'>,
  id: string,
  message: TransactionMessage,
): Promise<Transaction | undefined> {
  for (;;) {
    const standing = await tools.transactions.find(id);
    if (standing === undefined) return undefined;
    const step = transition(standing, message, tools.clock.now());
    if (step.kind !== 'change') return standing;
    if (await tools.transactions.replace(step.to, standing)) return step.to;
  }
}
