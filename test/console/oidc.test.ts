import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { base64url, beginSignIn, finishSignIn, isAnswer, type Pending } from '../../lib/console/app/oidc.ts';
import { createBrowser } from '../sign-in/browser.ts';
import { startProvider, type TestProvider } from '../sign-in/provider.ts';

/** The console signs in at a real provider, with the functions that the page uses. */

const redirectUri = 'http://127.0.0.1:4100/console';
const origin = 'http://127.0.0.1:4100';
let provider: TestProvider;
beforeAll(async () => {
  provider = await startProvider({ alice: ['shop-team'] });
});
afterAll(() => provider?.close());

const world = { fetch, random: () => base64url(crypto.getRandomValues(new Uint8Array(32))) };
const offer = () => ({ issuer: provider.issuer, clientId: provider.clientId });

/** Goes to the provider, signs in there and comes back. */
async function goAndReturn(account = 'alice'): Promise<{ answer: URLSearchParams; pending: Pending }> {
  const { url, pending } = await beginSignIn(offer(), redirectUri, '/console/topics', world);
  const end = await createBrowser(account).open(url, (next) => next.startsWith(redirectUri));
  return { answer: new URL(end.url).searchParams, pending };
}

const claimsOf = (token: string) =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());

describe('signing in to the console by a provider', () => {
  it('comes back with an ID token for this sign-in', async () => {
    const { answer, pending } = await goAndReturn();
    expect(isAnswer(answer)).toBe(true);
    const token = await finishSignIn(answer, pending, world, Date.now());
    expect(claimsOf(token)).toMatchObject({
      iss: provider.issuer,
      aud: provider.clientId,
      sub: 'alice',
      groups: ['shop-team'],
      nonce: pending.nonce,
    });
  });

  it('sends neither verifier nor token to the address bar, and asks for nothing that renews', async () => {
    const { url, pending } = await beginSignIn(
      { ...offer(), scope: 'openid profile offline_access' },
      redirectUri,
      '/console',
      world,
    );
    const { searchParams } = new URL(url);
    expect(url).not.toContain(pending.verifier);
    expect(searchParams.get('code_challenge_method')).toBe('S256');
    expect(searchParams.get('response_type')).toBe('code');
    expect(searchParams.get('scope')).toBe('openid profile');
  });

  it('may ask for the token from the page: the provider answers its origin', async () => {
    const { pending } = await beginSignIn(offer(), redirectUri, '/console', world);
    const response = await fetch(pending.tokenUrl, {
      method: 'POST',
      headers: { origin },
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        client_id: provider.clientId,
        code: 'x',
      }),
    });
    expect(response.headers.get('access-control-allow-origin')).toBe(origin);
  });

  it.each<
    [string, (answer: URLSearchParams, pending: Pending) => [URLSearchParams, Pending | undefined], RegExp]
  >([
    ['another tab', (answer) => [answer, undefined], /did not begin/],
    [
      'another state',
      (answer, pending) => [new URLSearchParams({ code: answer.get('code') ?? '', state: 'x' }), pending],
      /did not begin/,
    ],
    [
      'a provider that was mistaken for another',
      (answer, pending) => {
        const mixed = new URLSearchParams(answer);
        mixed.set('iss', 'https://evil.example');
        return [mixed, pending];
      },
      /Another provider/,
    ],
    [
      'a nonce of another sign-in',
      (answer, pending) => [answer, { ...pending, nonce: 'x' }],
      /another sign-in/,
    ],
    [
      'a verifier of another',
      (answer, pending) => [answer, { ...pending, verifier: 'v'.repeat(43) }],
      /invalid_grant/,
    ],
    [
      'a refusal',
      (_, pending) => [
        new URLSearchParams({ error: 'access_denied', error_description: 'no', state: pending.state }),
        pending,
      ],
      /refused: access_denied: no/,
    ],
  ])('is refused for %s', async (_, change, reason) => {
    const { answer, pending } = await goAndReturn();
    const [changed, kept] = change(answer, pending);
    await expect(finishSignIn(changed, kept, world, Date.now())).rejects.toThrow(reason);
  });

  it('takes a code once', async () => {
    const { answer, pending } = await goAndReturn();
    await finishSignIn(answer, pending, world, Date.now());
    await expect(finishSignIn(answer, pending, world, Date.now())).rejects.toThrow(/invalid_grant/);
  });

  it('does not take a token that has run out', async () => {
    const { answer, pending } = await goAndReturn();
    const tomorrow = Date.now() + 24 * 3_600_000;
    await expect(finishSignIn(answer, pending, world, tomorrow)).rejects.toThrow(/expired/);
  });

  it('goes nowhere when the metadata is of another issuer, or asks to send codes in the clear', async () => {
    const other = { ...offer(), issuer: `${provider.issuer}/` };
    await expect(beginSignIn(other, redirectUri, '/console', world)).rejects.toThrow(/not the metadata/);
    const insecure = {
      ...world,
      fetch: async () =>
        Response.json({
          issuer: provider.issuer,
          authorization_endpoint: `${provider.issuer}/auth`,
          token_endpoint: 'http://tokens.example/token',
        }),
    };
    await expect(beginSignIn(offer(), redirectUri, '/console', insecure)).rejects.toThrow(/not the metadata/);
  });

  it('says what to do where the page may not ask', async () => {
    const closed = { ...world, fetch: () => Promise.reject(new TypeError('Failed to fetch')) };
    await expect(beginSignIn(offer(), redirectUri, '/console', closed)).rejects.toThrow(/consoleOrigins/);
  });

  it('leaves other addresses alone', () => {
    expect(isAnswer(new URLSearchParams('state=failed'))).toBe(false);
    expect(isAnswer(new URLSearchParams('code=x'))).toBe(false);
  });
});
