import { type KindSender, type Sink, senderFor } from '../../connectors/kind.ts';
import { type BreakerEvent, restAskedFor, weigh } from '../../core/breaker/breaker.ts';
import { causeOf } from '../../core/deliver/delivery.ts';
import type { Receiver } from '../../core/registry/receiver.ts';
import { type BreakerTools, changeAndFollow, changeBreaker } from '../breaker/breaker.ts';

/**
 * Asks the endpoint of an open breaker for its health by a HEAD request, for receivers that chose so. Any answer but a
 * 5xx will do: an endpoint that knows no HEAD answers 405, and works.
 */
export async function probeByHead(
  tools: BreakerTools & { readonly sinks: readonly Sink[]; readonly senders: readonly KindSender[] },
  receiver: Receiver,
): Promise<void> {
  const send = senderFor(tools, receiver)?.probeByHead;
  if (send === undefined) return;
  const { changed } = await changeBreaker(tools, receiver, { kind: 'probe-began' });
  if (!changed) return;
  const outcome = await send(receiver);
  const event: BreakerEvent =
    weigh(outcome) === 'success'
      ? { kind: 'probe-succeeded', restUntilMs: restAskedFor(outcome, tools.clock.now()) }
      : { kind: 'probe-failed', cause: causeOf(outcome) };
  await changeAndFollow(tools, receiver, event);
}
