import { type Woken, wokenBy } from '../../core/relay/relay.ts';
import { transactionAgainSeconds } from '../../core/transaction/limits.ts';
import type { Tools } from '../../runtime/tools.ts';
import { type RelaySystemEventsTools, relaySystemEvents } from '../system-event/relay-system-events.ts';
import { type RelayTransactionTools, relayTransaction } from './relay-transaction.ts';
import { timerOf } from './transaction.ts';

export type RelayTools = RelayTransactionTools & RelaySystemEventsTools & Tools<'queues'>;

/**
 * Does what rows of the bus table ask for by their `wakes`: the stream brings their keys within a second of the write.
 * What could not be done goes to a timer, so nothing blocks the stream.
 * @returns the rows that the stream is to bring again, because not even a timer could be started.
 */
export async function relay(tools: RelayTools, pks: readonly string[]): Promise<Set<string>> {
  const again = new Set<string>();
  await Promise.all(
    [...new Set(pks)].map(async (pk) => {
      const woken = wokenBy(pk);
      if (woken === undefined) {
        tools.log('error', 'The relay was woken by a row of an unknown kind', { pk });
        return;
      }
      try {
        if (!(await act(tools, woken)) && woken.kind === 'transaction') {
          await tryAgain(tools, woken.transaction);
        }
      } catch (error) {
        tools.log('error', 'A row that woke the relay could not be handled', { pk, reason: String(error) });
        again.add(pk);
      }
    }),
  );
  return again;
}

async function act(tools: RelayTools, woken: Woken): Promise<boolean> {
  switch (woken.kind) {
    case 'transaction':
      return await relayTransaction(tools, woken.transaction);
    case 'system-events':
      await relaySystemEvents(tools);
      // What is not out wakes the relay again by the sweep.
      return true;
  }
}

async function tryAgain(tools: RelayTools, transaction: string): Promise<void> {
  const timer = timerOf(transaction, transactionAgainSeconds);
  const [failure] = await tools.queues.send('transactions', [timer]);
  if (failure !== undefined) throw new Error(failure.reason);
}
