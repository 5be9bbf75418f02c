import { createHash } from 'node:crypto';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { SignedIn } from '../../core/profile/profiles.ts';
import { CliError } from '../support/failure.ts';
import { listenOn } from '../support/listen-on.ts';
import { plain } from '../support/plain.ts';
import type { World } from '../support/world.ts';
import { ask, type Metadata, type Provider, refusal, signedInOf } from './provider.ts';

/** How long a person may take. */
const personMs = 5 * 60_000;
const path = '/callback';

/**
 * Signs in with the browser of this machine: Authorization Code with PKCE (RFC 7636), and a redirect to a free port of
 * 127.0.0.1 (RFC 8252). Whatever else comes to that port is refused and changes nothing.
 * @throws CliError
 */
export async function signInByBrowser(
  world: World,
  provider: Provider,
  { authorizationUrl, tokenUrl }: Metadata,
  scope: string,
): Promise<SignedIn> {
  if (authorizationUrl === undefined) {
    throw new CliError('The provider has no page to sign in at.', 'Sign in with --device, if it has that.');
  }
  const random = () => Buffer.from(world.bytes(32)).toString('base64url');
  const [state, nonce, verifier] = [random(), random(), random()];
  const server = createServer();
  try {
    const redirectUri = `http://127.0.0.1:${await listenOn(server, 0)}${path}`;
    const answer = answerOf(server, provider.issuer, state);
    const url = new URL(authorizationUrl);
    for (const [name, value] of Object.entries({
      response_type: 'code',
      client_id: provider.clientId,
      redirect_uri: redirectUri,
      scope,
      state,
      nonce,
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
      // Some providers give what renews tokens only after this.
      ...(scope.split(' ').includes('offline_access') && { prompt: 'consent' }),
    })) {
      url.searchParams.set(name, value);
    }
    await world.stderr.write(
      `Sign in in your browser. If it does not open, open this page:\n${plain(url.href)}\n`,
    );
    world.openBrowser(url.href);
    const late = new AbortController();
    const code = await Promise.race([
      answer,
      world.wait(personMs, late.signal).then(() => {
        throw new CliError('Nobody signed in within five minutes.', 'Run the command again.');
      }),
    ]).finally(() => late.abort());
    const tokens = await ask(world, tokenUrl, {
      grant_type: 'authorization_code',
      client_id: provider.clientId,
      code,
      redirect_uri: redirectUri,
      code_verifier: verifier,
    });
    if (tokens.status !== 200) throw refusal(tokens, 'The provider gave no tokens');
    return signedInOf(provider, tokens, nonce, world.now());
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

/** The code that the provider sends by the browser. Rejects with its refusal. */
function answerOf(server: Server, issuer: string, state: string): Promise<string> {
  return new Promise((resolve, reject) => {
    server.on('request', (request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? '', 'http://127.0.0.1');
      if (request.method !== 'GET' || pathname !== path) return say(response, 404, 'There is nothing here.');
      if (searchParams.get('state') !== state) {
        return say(response, 400, 'This is not of the sign-in that is waiting.');
      }
      // RFC 9207: another provider may not answer in the place of this one.
      const from = searchParams.get('iss');
      if (from !== null && from !== issuer) return say(response, 400, 'This is of another provider.');
      const code = searchParams.get('code');
      if (code === null) {
        say(response, 200, 'You are not signed in. You may close this page.');
        const document = Object.fromEntries(searchParams);
        reject(refusal({ status: 400, document }, 'The provider did not let you in'));
        return;
      }
      say(response, 200, 'You are signed in. You may close this page.');
      resolve(code);
    });
  });
}

/** No text of a request is shown. */
function say(response: ServerResponse, status: number, text: string): void {
  response
    .writeHead(status, {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': "default-src 'none'",
      'cache-control': 'no-store',
      connection: 'close',
    })
    .end(`<!doctype html><title>busbar</title><p>${text}</p>\n`);
}
