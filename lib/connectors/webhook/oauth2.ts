import * as z from 'zod';
import { invalidField } from '../../core/kernel/errors.ts';
import { bus } from '../../core/kernel/limits.ts';
import { retryAfterSeconds } from '../../core/kernel/retry-after.ts';
import { withoutConsent } from '../../core/registry/consent.ts';

/** OAuth 2.0 client credentials towards an endpoint: RFC 6749, sections 2.3.1 and 4.4. */

/** RFC 6749, appendix A: identifiers and secrets are printable ASCII, a scope is words of it without quotes. */
const printable = /^[\x20-\x7e]+$/;
const scopeWords = /^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/;

export const oauth2Schema = z.strictObject({
  /** Where tokens are fetched. */
  tokenUrl: z.string().max(2048),
  clientId: z.string().max(512).regex(printable, 'must be printable ASCII'),
  /** The one that is kept when left out, for the same client at the same place, whose tokens go to the same origin. */
  clientSecret: z.string().max(2048).regex(printable, 'must be printable ASCII').optional(),
  scope: z.string().max(2048).regex(scopeWords, 'is no list of scopes, parted by single spaces').optional(),
  /** What some servers ask for to know which endpoint the token is for. */
  audience: z.string().min(1).max(2048).optional(),
  /** How the client proves itself: `basic` (default) by the Authorization header, `body` in the form. */
  clientAuthentication: z.enum(['basic', 'body']).optional(),
});

export type OAuth2Spec = z.infer<typeof oauth2Schema>;

/** What a receiver keeps; the secret is never shown. */
export interface OAuth2 extends OAuth2Spec {
  readonly clientSecret: string;
}

/**
 * What is kept of a body's `oauth2`, with the secret that is kept already when it gives none.
 * @param headers of the receiver, among which a header of the token's name cannot be.
 * @param existing undefined when the tokens would go to another origin than before: whoever is there could use them.
 * @throws BusbarError invalid_request.
 */
export function keptOAuth2(
  spec: OAuth2Spec | undefined,
  headers: Readonly<Record<string, string>> | undefined,
  existing: OAuth2 | undefined,
): OAuth2 | undefined {
  if (spec === undefined) return undefined;
  const double = Object.keys(headers ?? {}).find((name) => name.toLowerCase() === 'authorization');
  if (double !== undefined) {
    throw invalidField(
      `headers.${double}`,
      'is the header that the token of oauth2 goes into: give one of the two',
    );
  }
  if (spec.clientSecret !== undefined) return { ...spec, clientSecret: spec.clientSecret };
  // Sent to another place it would be given away.
  if (existing?.tokenUrl === spec.tokenUrl && existing.clientId === spec.clientId) {
    return { ...spec, clientSecret: existing.clientSecret };
  }
  throw invalidField(
    'oauth2.clientSecret',
    'is missing: none is kept for this client at this tokenUrl, for an endpoint of this origin',
  );
}

/** The request for a token. */
export function tokenRequest(oauth2: OAuth2): {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
} {
  const { clientId, clientSecret, scope, audience } = oauth2;
  const form = new URLSearchParams({ grant_type: 'client_credentials' });
  if (scope !== undefined) form.set('scope', scope);
  if (audience !== undefined) form.set('audience', audience);
  const headers = {
    'content-type': 'application/x-www-form-urlencoded',
    accept: 'application/json',
    'user-agent': 'busbar/1',
  };
  if (oauth2.clientAuthentication === 'body') {
    form.set('client_id', clientId);
    form.set('client_secret', clientSecret);
    return { headers, body: form.toString() };
  }
  // Section 2.3.1: both are form-encoded before they become a user name and a password.
  const pair = `${formEncoded(clientId)}:${formEncoded(clientSecret)}`;
  const authorization = `Basic ${Buffer.from(pair).toString('base64')}`;
  return { headers: { ...headers, authorization }, body: form.toString() };
}

const formEncoded = (text: string) => new URLSearchParams([['', text]]).toString().slice(1);

export interface Token {
  readonly kind: 'token';
  readonly token: string;
  /** Until then it is used; a little before it expires. */
  readonly untilMs: number;
}

/** Why there is no token: a failure of the delivery, with a cause of its own. */
export interface NoToken {
  readonly kind: 'failure';
  /** `oauth2-` and what went wrong, such as `oauth2-timeout` or `oauth2-http-401`. */
  readonly failure: string;
  readonly message: string;
  /** Until then it is not asked again. */
  readonly untilMs: number;
}

/** What an HTTP request came to (runtime/http). */
type Outcome =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: string;
    }
  | { readonly kind: 'failure'; readonly failure: string; readonly message: string };

/** The errors of section 5.2. Any other text of the answer is not repeated: it may hold what it was sent. */
const knownErrors: readonly unknown[] = [
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_scope',
];

/** Reads what the token endpoint answered (section 5). */
export function readToken(outcome: Outcome, nowMs: number): Token | NoToken {
  const asked =
    outcome.kind === 'answer' ? retryAfterSeconds(outcome.headers['retry-after'], nowMs) : undefined;
  const pauseSeconds = Math.min(Math.max(asked ?? 0, bus.tokenFailureSeconds), bus.tokenFailureSecondsMax);
  const untilMs = nowMs + pauseSeconds * 1000;
  const none = (failure: string, message: string): NoToken => ({
    kind: 'failure',
    failure: `oauth2-${failure}`,
    message,
    untilMs,
  });
  if (outcome.kind === 'failure') return none(outcome.failure, `The token endpoint: ${outcome.message}`);
  const { status } = outcome;
  const members = objectOf(outcome.body);
  if (status < 200 || status > 299) {
    const error = knownErrors.includes(members?.error) ? ` (${members?.error})` : '';
    const kind = status >= 300 && status < 400 ? 'redirect' : 'http';
    return none(`${kind}-${status}`, `The token endpoint answered ${status}${error}.`);
  }
  const { access_token: token, token_type: type, expires_in: expiresIn } = members ?? {};
  if (typeof token !== 'string' || !/^[\x21-\x7e]{1,8192}$/.test(token)) {
    return none('malformed', 'The answer of the token endpoint holds no access_token.');
  }
  if (typeof type !== 'string' || type.toLowerCase() !== 'bearer') {
    return none('malformed', 'The token endpoint gave a token of another type than Bearer.');
  }
  return { kind: 'token', token, untilMs: nowMs + usedSeconds(expiresIn) * 1000 };
}

/** There is no token because nobody agrees any more that the bus asks there. */
export const noConsent = (tokenUrl: string, nowMs: number): NoToken => ({
  kind: 'failure',
  failure: 'oauth2-no-consent',
  message: `The tokenUrl ${withoutConsent(tokenUrl)}, and put the receiver again.`,
  untilMs: nowMs + bus.tokenFailureSeconds * 1000,
});

/** For how long a token is used: a clock that is off, and a request under way, must not meet its end. */
function usedSeconds(expiresIn: unknown): number {
  const given = typeof expiresIn === 'string' && /^\d{1,10}$/.test(expiresIn) ? Number(expiresIn) : expiresIn;
  const seconds =
    typeof given === 'number' && Number.isFinite(given) && given >= 0 ? given : bus.tokenSecondsDefault;
  return Math.min(Math.max(seconds - bus.tokenEarlySeconds, seconds * 0.8), bus.tokenSecondsMax);
}

function objectOf(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    // What is no JSON holds no token, which the caller says.
    return undefined;
  }
}
