import { type BreakerEvent, weigh } from '../core/breaker.ts';
import { causeOf } from '../core/delivery.ts';
import type { Receiver } from '../core/registry.ts';
import type { Http } from '../runtime/http.ts';
import { endpointTimeoutSeconds } from './attempt.ts';
import { type BreakerTools, changeAndFollow, changeBreaker } from './breaker.ts';

/**
 * Asks the endpoint of an open breaker for its health by a HEAD request, for receivers that chose so. Any answer but a
 * 5xx will do: an endpoint that knows no HEAD answers 405, and works.
 */
export async function probeByHead(
  tools: BreakerTools & { readonly http: Http },
  receiver: Receiver,
): Promise<void> {
  const { changed } = await changeBreaker(tools, receiver, { kind: 'probe-began' });
  if (!changed) return;
  const outcome = await tools.http.send({
    method: 'HEAD',
    url: receiver.endpoint,
    headers: { ...receiver.headers, 'user-agent': 'busbar/1' },
    timeoutMs: endpointTimeoutSeconds(receiver) * 1000,
  });
  const judged =
    outcome.kind === 'failure'
      ? outcome
      : ({ kind: 'answer', status: outcome.status, retryAfter: undefined, response: '' } as const);
  const event: BreakerEvent =
    weigh(judged) === 'success'
      ? { kind: 'probe-succeeded' }
      : { kind: 'probe-failed', cause: causeOf(judged) };
  await changeAndFollow(tools, receiver, event);
}
