import { unwritable } from '../../core/deliver/fault.ts';
import type { Outcome } from '../../core/deliver/outcome.ts';
import { bus } from '../../core/kernel/limits.ts';
import { redact } from '../../core/registry/redact.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Http, HttpRequest } from '../../runtime/http/http.ts';
import { timeoutSeconds, webhook } from './kind.ts';
import type { WebhookReceiver } from './receiver.ts';
import type { Tokens } from './tokens.ts';

export interface SendTools {
  readonly http: Http;
  readonly tokens: Tokens;
  readonly clock: Clock;
}

/**
 * Sends a request to the endpoint of a receiver, with a token where it wants one. A token that is refused (401) is
 * replaced once, within the time that the request has. What comes back holds none of the receiver's credentials.
 */
export async function send(
  tools: SendTools,
  receiver: WebhookReceiver,
  request: Pick<HttpRequest, 'method' | 'headers' | 'body'>,
): Promise<Outcome> {
  const { oauth2 } = receiver;
  const timeoutMs = timeoutSeconds(receiver) * 1000;
  const url = receiver.endpoint;
  if (oauth2 === undefined) {
    return outcomeOf(receiver, await tools.http.send({ ...request, url, timeoutMs }), undefined);
  }
  const untilMs = tools.clock.now() + webhook.sendSecondsMax(receiver) * 1000;
  const client = { ...receiver, oauth2 };
  const token = await tools.tokens.get(client);
  if (token.kind === 'failure') return token;
  const sendWith = async (bearer: string, withinMs: number) => {
    const headers = { ...request.headers, authorization: `Bearer ${bearer}` };
    const outcome = await tools.http.send({ ...request, headers, url, timeoutMs: withinMs });
    return outcomeOf(receiver, outcome, bearer);
  };
  const first = await sendWith(token.token, timeoutMs);
  if (first.kind !== 'answer' || first.status !== 401) return first;
  const leftMs = untilMs - tools.clock.now();
  if (leftMs < (bus.tokenTimeoutSeconds + 1) * 1000 || !tools.tokens.refused(client, token)) return first;
  const another = await tools.tokens.get(client);
  if (another.kind === 'failure') return another;
  return await sendWith(another.token, Math.min(timeoutMs, untilMs - tools.clock.now()));
}

function outcomeOf(
  receiver: WebhookReceiver,
  outcome: Awaited<ReturnType<Http['send']>>,
  token: string | undefined,
): Outcome {
  if (outcome.kind === 'failure')
    return outcome.failure === 'unwritable' ? unwritable(outcome.message) : outcome;
  const { status, headers, body } = outcome;
  const response = body === '' ? '' : redact(body, [...webhook.credentials(receiver), token ?? '']);
  return { kind: 'answer', status, retryAfter: headers['retry-after'], response };
}
