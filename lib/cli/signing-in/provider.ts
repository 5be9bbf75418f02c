import type { SignedIn } from '../../core/profile/profiles.ts';
import { readBounded } from '../../core/sign-in/document.ts';
import { documentBytesMax } from '../../core/sign-in/limits.ts';
import { isIssuer, isProviderUrl, metadataUrl } from '../../core/sign-in/setting.ts';
import { readToken, refusalOfClaims, timeOf } from '../../core/sign-in/token.ts';
import { CliError } from '../support/failure.ts';
import { plain } from '../support/plain.ts';
import type { World } from '../support/world.ts';

/** The provider where people of a bus sign in, and as what client. */
export interface Provider {
  readonly issuer: string;
  readonly clientId: string;
}

/** Its metadata (OpenID Connect Discovery 1.0), as far as the CLI needs it. URLs are of https, or of this machine. */
export interface Metadata {
  readonly authorizationUrl: string | undefined;
  readonly tokenUrl: string;
  readonly deviceUrl: string | undefined;
  readonly revocationUrl: string | undefined;
  readonly scopes: readonly string[];
}

const requestMs = 10_000;

/** @throws CliError */
export async function readMetadata(world: World, issuer: string): Promise<Metadata> {
  if (!isIssuer(issuer))
    throw new CliError(`The bus names an issuer that is no https URL: ${plain(issuer)}.`);
  const { status, document } = await ask(world, metadataUrl(issuer));
  if (status !== 200 || document.issuer !== issuer) {
    throw new CliError(
      `${plain(metadataUrl(issuer))} is not the metadata of this provider.`,
      'Ask the operator of the bus to compare oidc.issuer in busbar.config.ts with what the provider writes.',
    );
  }
  const url = (name: string) => {
    const value = document[name];
    return typeof value === 'string' && isProviderUrl(value) ? value : undefined;
  };
  const tokenUrl = url('token_endpoint');
  if (tokenUrl === undefined) throw new CliError('The provider does not say where it gives tokens.');
  const scopes = document.scopes_supported;
  return {
    authorizationUrl: url('authorization_endpoint'),
    tokenUrl,
    deviceUrl: url('device_authorization_endpoint'),
    revocationUrl: url('revocation_endpoint'),
    scopes: Array.isArray(scopes) ? scopes.filter((scope) => typeof scope === 'string') : [],
  };
}

/** What is asked for: what the bus says, and what renews tokens, where there is that. */
export function scopeOf(wanted: string | undefined, { scopes }: Metadata): string {
  const all = (wanted ?? 'openid profile').split(' ');
  return [...new Set([...all, ...(scopes.includes('offline_access') ? ['offline_access'] : [])])].join(' ');
}

export interface ProviderAnswer {
  readonly status: number;
  readonly document: Readonly<Record<string, unknown>>;
}

/** Sends one request to the provider, as a form if it has parameters. @throws CliError when there is no answer in JSON. */
export async function ask(
  world: Pick<World, 'fetch'>,
  url: string,
  parameters?: Readonly<Record<string, string>>,
): Promise<ProviderAnswer> {
  let response: Response;
  let text: string | undefined;
  try {
    response = await world.fetch(url, {
      method: parameters === undefined ? 'GET' : 'POST',
      headers: { accept: 'application/json' },
      // Codes and tokens go nowhere else.
      redirect: 'manual',
      signal: AbortSignal.timeout(requestMs),
      ...(parameters !== undefined && { body: new URLSearchParams(parameters) }),
    });
    text = await readBounded(response.body, documentBytesMax);
  } catch (error) {
    const { cause, message } = error as { cause?: { code?: unknown }; message?: string };
    const reason = plain(String(cause?.code ?? message));
    throw new CliError(
      `The provider does not answer at ${hostOf(url)} (${reason}).`,
      'Try again when it does.',
    );
  }
  if (text === '') return { status: response.status, document: {} };
  try {
    const document: unknown = JSON.parse(text ?? '');
    if (typeof document === 'object' && document !== null) {
      return { status: response.status, document: document as Record<string, unknown> };
    }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new CliError(
    `The provider answered ${response.status} at ${hostOf(url)}, which this command cannot read.`,
  );
}

const hostOf = (url: string): string => new URL(url).host;

/** A refusal of the provider (RFC 6749, section 5.2), in its words. */
export function refusal({ document }: ProviderAnswer, what: string): CliError {
  const { error, error_description: description } = document;
  const reason = [error, description].filter((part) => typeof part === 'string').join(': ');
  return new CliError(`${what}: ${plain(reason.slice(0, 500)) || 'the provider gives no reason'}.`);
}

/**
 * The tokens of a sign-in. The ID token came from the provider itself, over https, so its signature is left to the bus; its
 * claims are checked here, for the bus does not know the nonce.
 * @param nonce of the sign-in; undefined where the flow has none.
 * @throws CliError
 */
export function signedInOf(
  { issuer, clientId }: Provider,
  { document }: ProviderAnswer,
  nonce: string | undefined,
  nowMs: number,
): SignedIn {
  const { id_token: idToken, refresh_token: refreshToken } = document;
  const claimed = typeof idToken === 'string' ? readToken(idToken) : undefined;
  if (typeof idToken !== 'string' || claimed === undefined) {
    throw new CliError(
      'The provider gave no ID token.',
      'Ask the operator of the bus to let the client have the scope openid.',
    );
  }
  const wrong = refusalOfClaims(claimed, { issuer, audience: [clientId] }, nowMs);
  if (wrong !== undefined) throw new CliError(`The ID token of the provider ${wrong.detail}.`);
  if (nonce !== undefined && claimed.claims.nonce !== nonce) {
    throw new CliError('The ID token is of another sign-in: its nonce differs.', 'Sign in again.');
  }
  return {
    issuer,
    clientId,
    idToken,
    ...(typeof refreshToken === 'string' && { refreshToken }),
    expiresAt: timeOf(Number(claimed.claims.exp)),
  };
}
