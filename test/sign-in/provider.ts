import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';
import Provider from 'oidc-provider';
import { createBrowser } from './browser.ts';

/** Who has an account there, and the groups that their tokens name. */
type Accounts = Readonly<Record<string, unknown>>;

export interface TestProvider {
  readonly issuer: string;
  readonly clientId: string;
  /** The requests that came, such as `GET /jwks`. */
  readonly requests: string[];
  /** The ID token of a person who signs in with a browser. */
  signIn(account: string): Promise<string>;
  /** A token with the key of the provider, and any claims. */
  mint(claims: JWTPayload, header?: { kid?: string; typ?: string }): Promise<string>;
  /** The keys by which it signs, the public part. */
  publicKeys(): JWK[];
  /** Takes new keys in the place of those that it had. */
  rotate(): Promise<void>;
  /** Answers every request in its place; undefined lets it answer itself. */
  instead: ((request: IncomingMessage, response: ServerResponse) => void) | undefined;
  close(): Promise<void>;
}

const redirectUri = 'http://127.0.0.1/callback';
/** Of the console; a client of programs on a machine may take any port of it. */
const consoleUri = 'http://127.0.0.1/console';

/** Runs a real OpenID provider in this process, on a free port. */
export async function startProvider(
  accounts: Accounts,
  options: {
    readonly tokenSeconds?: number;
    readonly refreshes?: boolean;
    readonly devices?: boolean;
  } = {},
): Promise<TestProvider> {
  const { tokenSeconds = 3600, refreshes = true, devices = true } = options;
  const clientId = 'busbar-cli';
  const requests: string[] = [];
  let handle: ReturnType<Provider['callback']>;
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url?.replace(/\?.*/, '')}`);
    if (provider.instead !== undefined) provider.instead(request, response);
    else void handle(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  let key: { kid: string; privateKey: CryptoKey; publicJwk: JWK };
  let made = 0;
  async function takeKey(): Promise<void> {
    const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
    const kid = `key-${++made}`;
    const jwk = { ...(await exportJWK(privateKey)), kid, use: 'sig', alg: 'RS256' };
    key = { kid, privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, use: 'sig', alg: 'RS256' } };
    const real = new Provider(issuer, {
      jwks: { keys: [jwk] },
      clients: [
        {
          client_id: clientId,
          token_endpoint_auth_method: 'none',
          application_type: 'native',
          redirect_uris: [redirectUri, consoleUri],
          grant_types: [
            'authorization_code',
            'refresh_token',
            ...(devices ? ['urn:ietf:params:oauth:grant-type:device_code'] : []),
          ],
          response_types: ['code'],
        },
      ],
      claims: { openid: ['sub'], profile: ['groups'] },
      scopes: refreshes ? ['openid', 'offline_access'] : ['openid'],
      // As most providers do; by itself this one gives claims out at its userinfo endpoint.
      conformIdTokenClaims: false,
      // The page of the console asks for its token itself.
      clientBasedCORS: (_: unknown, origin: string) => new URL(origin).hostname === '127.0.0.1',
      pkce: { required: () => true },
      features: {
        devInteractions: { enabled: true },
        deviceFlow: { enabled: devices },
        revocation: { enabled: true },
        rpInitiatedLogout: { enabled: false },
      },
      cookies: { keys: ['for tests only'] },
      ttl: { IdToken: tokenSeconds, AccessToken: 60, Session: 3600, Grant: 3600, Interaction: 3600 },
      issueRefreshToken: () => refreshes,
      findAccount: (_: unknown, accountId: string) =>
        Object.hasOwn(accounts, accountId)
          ? { accountId, claims: () => ({ sub: accountId, groups: accounts[accountId] }) }
          : undefined,
    });
    handle = real.callback();
  }

  const provider: TestProvider = {
    issuer,
    clientId,
    requests,
    instead: undefined,
    rotate: takeKey,
    publicKeys: () => [key.publicJwk],
    mint: (claims, header = {}) =>
      new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: key.kid, ...header }).sign(key.privateKey),
    async signIn(account) {
      const verifier = 'v'.repeat(43);
      const url = new URL(`${issuer}/auth`);
      url.search = String(
        new URLSearchParams({
          client_id: clientId,
          redirect_uri: redirectUri,
          response_type: 'code',
          scope: 'openid profile',
          state: 'state',
          code_challenge: Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(verifier))).toString(
            'base64url',
          ),
          code_challenge_method: 'S256',
        }),
      );
      const end = await createBrowser(account).open(url.href, (next) => next.startsWith(redirectUri));
      const response = await fetch(`${issuer}/token`, {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: 'authorization_code',
          client_id: clientId,
          redirect_uri: redirectUri,
          code: new URL(end.url).searchParams.get('code') ?? '',
          code_verifier: verifier,
        }),
      });
      const { id_token: token } = (await response.json()) as { id_token?: string };
      if (token === undefined) throw new Error(`${account} got no token: ${response.status}`);
      return token;
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  await takeKey();
  return provider;
}
