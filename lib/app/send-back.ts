import { anew, type Redrive } from '../core/redrive.ts';
import { batchLimits, messageBytes, packBatches, redriveAttribute, topicAttribute } from '../core/routing.ts';
import { traceAttribute } from '../core/trace.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { Queues } from '../runtime/queues.ts';
import type { DeadLetterStore, KeptDeadLetter } from '../runtime/stores/dead-letters.ts';
import type { DeliveryStore } from '../runtime/stores/deliveries.ts';

export interface SendBackTools {
  readonly deadLetters: DeadLetterStore;
  readonly deliveries: DeliveryStore;
  readonly queues: Queues;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Sends up to ten dead letters to the lane of their receiver, in the order that loses none: a letter is forgotten
 * only when the lane has it. Whatever breaks off in between has it sent again under the same delivery id, and one
 * whose record says that it was delivered meanwhile is not.
 */
export async function sendBack(
  tools: SendBackTools,
  run: Redrive,
  letters: readonly KeptDeadLetter[],
): Promise<{ sent: number; settledBefore: number; failure: string | undefined }> {
  const { receiver } = run;
  const ids = letters.map(({ letter }) => letter.id);
  const contents = await tools.deadLetters.contents(receiver, ids);
  const records = await tools.deliveries.find(ids);
  const settled: KeptDeadLetter[] = [];
  const outgoing: (KeptDeadLetter & { body: string; attributes: Record<string, string>; bytes: number })[] =
    [];
  for (const kept of letters) {
    const content = contents.get(kept.letter.id);
    if (content === undefined || records.get(kept.letter.id)?.state === 'delivered') {
      settled.push(kept);
      continue;
    }
    const attributes = {
      [redriveAttribute]: run.id,
      ...(content.topic !== undefined && { [topicAttribute]: content.topic }),
      ...(content.trace !== undefined && { [traceAttribute]: content.trace }),
    };
    const message = { body: content.body, attributes };
    outgoing.push({ ...kept, ...message, bytes: messageBytes(message) });
  }
  // The record first: by the old one, an attempt that breaks off would be followed by the last one of the policy.
  if (outgoing.length > 0) {
    const nowMs = tools.clock.now();
    await tools.deliveries.put(outgoing.map(({ letter }) => anew(letter, nowMs)));
  }
  const gone = [...settled];
  let failure: string | undefined;
  for (const batch of packBatches(outgoing, batchLimits.queue)) {
    const failures = await tools.queues.send({ receiver, role: 'online' }, batch);
    for (const [index, kept] of batch.entries()) {
      const failed = failures[index];
      if (failed === undefined) gone.push(kept);
      else failure = failed.reason;
    }
  }
  if (gone.length > 0) await tools.deadLetters.remove(receiver, gone);
  if (failure !== undefined) {
    tools.log('error', 'A dead letter could not be redriven yet', { receiver, reason: failure });
  }
  return { sent: gone.length - settled.length, settledBefore: settled.length, failure };
}
