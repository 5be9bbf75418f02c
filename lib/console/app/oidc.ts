/**
 * Signing in at an OpenID provider, for a page that can keep no secret: the authorization code flow with PKCE (RFC 6749, RFC
 * 7636, RFC 9700), which returns to the console. It uses nothing of a browser but `fetch` and hashes.
 */

/** Where people sign in, as `GET /v1/sign-in` says it. */
interface Offer {
  readonly issuer: string;
  readonly clientId: string;
  readonly scope?: string | undefined;
}

/** A sign-in that was begun in this tab; kept until the provider leads back. */
export interface Pending {
  readonly issuer: string;
  readonly clientId: string;
  readonly tokenUrl: string;
  readonly redirectUri: string;
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  /** Where the person was: a path of the console. */
  readonly from: string;
}

/** Why somebody could not be signed in, and what to do. */
class SignInError extends Error {}

interface World {
  readonly fetch: typeof fetch;
  /** 43 characters of base64url that nobody can guess. */
  readonly random: () => string;
}

/** What is asked for when the operator says nothing else. */
const scopeDefault = 'openid profile';
const requestMs = 15_000;

/** Where to send the browser, and what to keep meanwhile. @throws SignInError */
export async function beginSignIn(
  offer: Offer,
  redirectUri: string,
  from: string,
  world: World,
): Promise<{ readonly url: string; readonly pending: Pending }> {
  const { issuer, clientId, scope = scopeDefault } = offer;
  const at = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const { status, document } = await ask(world, at);
  const { authorization_endpoint: authorizationUrl, token_endpoint: tokenUrl } = document;
  if (status !== 200 || document.issuer !== issuer || !isSafe(authorizationUrl) || !isSafe(tokenUrl)) {
    throw new SignInError(
      `${at} is not the metadata of this provider. The operator of the bus compares oidc.issuer in busbar.config.ts with what the provider writes.`,
    );
  }
  const pending: Pending = {
    issuer,
    clientId,
    tokenUrl,
    redirectUri,
    from,
    state: world.random(),
    nonce: world.random(),
    verifier: world.random(),
  };
  const url = new URL(authorizationUrl);
  const parameters = {
    client_id: clientId,
    redirect_uri: redirectUri,
    response_type: 'code',
    response_mode: 'query',
    // The console renews nothing: a token that has run out is a sign-in again.
    scope: scope
      .split(' ')
      .filter((each) => each !== 'offline_access')
      .join(' '),
    state: pending.state,
    nonce: pending.nonce,
    code_challenge: await challengeOf(pending.verifier),
    code_challenge_method: 'S256',
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return { url: url.href, pending };
}

/** Whether the parameters of an address are the answer of a provider. */
export const isAnswer = (parameters: URLSearchParams): boolean =>
  parameters.has('state') && (parameters.has('code') || parameters.has('error'));

/**
 * The ID token, for the answer with which the provider led back.
 * @param pending what was kept; undefined where this tab has begun no sign-in.
 * @throws SignInError
 */
export async function finishSignIn(
  answer: URLSearchParams,
  pending: Pending | undefined,
  world: Pick<World, 'fetch'>,
  nowMs: number,
): Promise<string> {
  // Whoever sends a person to this address with a code of their own would have them act as somebody else.
  if (pending === undefined || answer.get('state') !== pending.state) {
    throw new SignInError('This tab did not begin this sign-in. Sign in from here.');
  }
  const { issuer, clientId, tokenUrl, redirectUri, verifier, nonce } = pending;
  // RFC 9207: a provider that another one was mistaken for.
  const iss = answer.get('iss');
  if (iss !== null && iss !== issuer) throw new SignInError('Another provider answered. Sign in again.');
  const code = answer.get('code');
  if (code === null) {
    throw new SignInError(`The provider refused: ${reasonOf(Object.fromEntries(answer))}`);
  }
  const { status, document } = await ask(world, tokenUrl, {
    grant_type: 'authorization_code',
    client_id: clientId,
    redirect_uri: redirectUri,
    code,
    code_verifier: verifier,
  });
  if (status !== 200) throw new SignInError(`The provider gave no token: ${reasonOf(document)}`);
  const { id_token: token } = document;
  const claims = typeof token === 'string' ? claimsOf(token) : undefined;
  if (typeof token !== 'string' || claims === undefined) {
    throw new SignInError(
      'The provider gave no ID token. The operator of the bus lets its client have the scope openid.',
    );
  }
  // It came from the provider itself, so its signature is left to the bus, which does not know the nonce.
  const audiences = Array.isArray(claims.aud) ? claims.aud : [claims.aud];
  const isOwn = claims.nonce === nonce && claims.iss === issuer && audiences.includes(clientId);
  if (!isOwn) throw new SignInError('The token of the provider is of another sign-in. Sign in again.');
  if (typeof claims.exp !== 'number' || claims.exp * 1000 <= nowMs) {
    throw new SignInError('The token has expired already. Compare the clock of this machine with the time.');
  }
  return token;
}

/** Codes and tokens go over https, or stay on this machine. */
function isSafe(url: unknown): url is string {
  if (typeof url !== 'string' || !URL.canParse(url)) return false;
  const { protocol, hostname } = new URL(url);
  return (
    protocol === 'https:' || (protocol === 'http:' && ['127.0.0.1', '[::1]', 'localhost'].includes(hostname))
  );
}

async function ask(
  { fetch: request }: Pick<World, 'fetch'>,
  url: string,
  form?: Readonly<Record<string, string>>,
): Promise<{ readonly status: number; readonly document: Readonly<Record<string, unknown>> }> {
  const { origin } = new URL(url);
  try {
    const response = await request(url, {
      method: form === undefined ? 'GET' : 'POST',
      headers: { accept: 'application/json' },
      credentials: 'omit',
      cache: 'no-store',
      redirect: 'error',
      signal: AbortSignal.timeout(requestMs),
      ...(form !== undefined && { body: new URLSearchParams(form) }),
    });
    const document: unknown = await response.json();
    const isDocument = typeof document === 'object' && document !== null;
    return { status: response.status, document: isDocument ? (document as Record<string, unknown>) : {} };
  } catch (error) {
    throw new SignInError(
      `${origin} cannot be asked from this page (${(error as Error).message}). The provider must let the origin of the console call it (CORS): register the console's address as a redirect URI of a single-page application. An origin other than the issuer's is listed in oidc.consoleOrigins of busbar.config.ts.`,
    );
  }
}

/** What a refusal says (RFC 6749, sections 4.1.2.1 and 5.2). */
function reasonOf({ error, error_description: description }: Readonly<Record<string, unknown>>): string {
  const said = [error, description].filter((part) => typeof part === 'string').join(': ');
  return said === '' ? 'it gives no reason.' : said.slice(0, 500);
}

function claimsOf(token: string): Readonly<Record<string, unknown>> | undefined {
  const [, part = ''] = token.split('.');
  try {
    const bytes = Uint8Array.from(atob(part.replaceAll('-', '+').replaceAll('_', '/')), (one) =>
      one.charCodeAt(0),
    );
    const claims: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof claims === 'object' && claims !== null ? (claims as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

async function challengeOf(verifier: string): Promise<string> {
  return base64url(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))));
}

export const base64url = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
