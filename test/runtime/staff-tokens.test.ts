import { createHash } from 'node:crypto';
import {
  type CryptoKey,
  exportJWK,
  exportSPKI,
  generateKeyPair,
  importJWK,
  SignJWT,
  UnsecuredJWT,
} from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { betweenFetchesMs, keysFreshMs, keysUsableMs } from '../../lib/core/sign-in/limits.ts';
import { settingOf } from '../../lib/core/sign-in/sign-in.ts';
import { createStaffTokens } from '../../lib/runtime/staff-tokens.ts';
import { startProvider, type TestProvider } from '../sign-in/provider.ts';

const accounts = {
  alice: ['shop-team'],
  bob: ['shop-team', 'billing-readers', 'billing-team'],
  olga: 'operators',
  nobody: ['choir'],
  hostile: ['__proto__', 'constructor', 'toString', 7, null, 'x'.repeat(10_000)],
};
const roles = {
  'shop-team': { application: 'shop', role: 'member' },
  'billing-readers': { application: 'billing', role: 'viewer' },
  'billing-team': { application: 'billing', role: 'member' },
  operators: { application: 'ops', role: 'admin' },
} as const;

let provider: TestProvider;
let nowMs: number;
const logged: string[] = [];

beforeAll(async () => {
  provider = await startProvider(accounts);
});
afterAll(() => provider.close());
beforeEach(() => {
  provider.instead = undefined;
  provider.requests.length = 0;
  nowMs = Date.now();
  logged.length = 0;
});

/** A new instance of a function, which knows no keys yet. */
function instance(
  more: { roles?: typeof roles | object; endpoints?: 'any' | 'public'; issuer?: string } = {},
) {
  const { endpoints = 'any', issuer = provider.issuer } = more;
  const setting = settingOf({ issuer, audience: provider.clientId, roles: { ...roles, ...more.roles } });
  const clock = { now: () => nowMs, setTimer: (ms: number, action: () => void) => timer(ms, action) };
  return createStaffTokens({ clock, log: (_, message) => void logged.push(message) }, setting, endpoints);
}

function timer(ms: number, action: () => void): () => void {
  const handle = setTimeout(action, ms);
  return () => clearTimeout(handle);
}

const seconds = () => Math.floor(nowMs / 1000);
/** The claims of a token that is right in every way. */
const right = () => ({
  iss: provider.issuer,
  aud: provider.clientId,
  sub: 'alice',
  groups: ['shop-team'],
  iat: seconds(),
  exp: seconds() + 600,
});
const asked = () => provider.requests.length;
const refused = (detail: RegExp) => ({
  kind: 'refused',
  code: 'unauthorized',
  detail: expect.stringMatching(detail),
});

describe('a token of a real provider', () => {
  it('says who a person is, and what their group may do', async () => {
    const token = await provider.signIn('alice');
    expect(await instance().read(token, undefined)).toEqual({
      kind: 'person',
      application: 'shop',
      role: 'member',
      keyId: 'oidc:alice',
      tokenExpiresAt: expect.stringMatching(/^\d{4}-.*Z$/),
      applications: [{ application: 'shop', role: 'member' }],
    });
  });

  it('of several groups acts by the strongest role, or for the application that is named', async () => {
    const token = await provider.signIn('bob');
    const applications = [
      { application: 'billing', role: 'member' },
      { application: 'shop', role: 'member' },
    ];
    const tokens = instance();
    expect(await tokens.read(token, undefined)).toMatchObject({ application: 'billing', applications });
    expect(await tokens.read(token, 'shop')).toMatchObject({ application: 'shop', applications });
    expect(await tokens.read(token, 'ops')).toMatchObject({
      kind: 'refused',
      code: 'forbidden',
      detail: expect.stringContaining('Name one of billing, shop.'),
    });
  });

  it('may have its group as a text', async () => {
    expect(await instance().read(await provider.signIn('olga'), undefined)).toMatchObject({ role: 'admin' });
  });

  it.each(['nobody', 'hostile'])(
    'of %s, who has no group with a role, is refused with what to do',
    async (who) => {
      expect(await instance().read(await provider.signIn(who), undefined)).toMatchObject({
        code: 'forbidden',
        detail: expect.stringMatching(/none of your groups .* oidc\.roles in busbar\.config\.ts/),
      });
    },
  );

  it('counts by the present configuration', async () => {
    const token = await provider.signIn('alice');
    const changed = instance({ roles: { 'shop-team': { application: 'shop', role: 'viewer' } } });
    expect(await changed.read(token, undefined)).toMatchObject({ kind: 'person', role: 'viewer' });
    const setting = settingOf({
      issuer: provider.issuer,
      audience: provider.clientId,
      roles: { other: roles.operators },
    });
    const without = createStaffTokens(
      { clock: { now: () => nowMs, setTimer: timer }, log: () => undefined },
      setting,
      'any',
    );
    expect(await without.read(token, undefined)).toMatchObject({ code: 'forbidden' });
  });
});

describe('a token that is wrong in any case', () => {
  const claims: readonly [what: string, change: object, detail: RegExp][] = [
    ['for another client of the same issuer', { aud: 'another' }, /another audience .*\(busbar-cli\)/],
    ['for several audiences without azp', { aud: ['busbar-cli', 'another'] }, /azp/],
    ['for several, made for another', { aud: ['busbar-cli', 'another'], azp: 'another' }, /azp/],
    ['of another issuer', { iss: 'https://evil.example.com' }, /another issuer/],
    ['of an issuer that is no text', { iss: ['x'] }, /another issuer/],
    ['expired', { exp: 1_000_000 }, /expired at 1970-01-12T13:46:40.000Z\. Sign in again/],
    ['not valid yet', { nbf: 9_999_999_999 }, /not valid yet/],
    ['from the future', { iat: 9_999_999_999 }, /in the future/],
    ['without an end', { exp: undefined }, /does not say when/],
    ['without a person', { sub: undefined }, /names no person/],
    ['that ends a session', { events: {} }, /event/],
  ];
  it.each(claims)('%s is refused without a request', async (_, change, detail) => {
    const token = await provider.mint({ ...right(), ...change });
    expect(await instance().read(token, undefined)).toMatchObject(refused(detail));
    expect(asked()).toBe(0);
  });

  it('without a signature, or signed with what everybody knows, is refused without a request', async () => {
    const [jwk = {}] = provider.publicKeys();
    const spki = await exportSPKI((await importJWK(jwk, 'RS256')) as CryptoKey);
    const withPublicKey = await new SignJWT(right())
      .setProtectedHeader({ alg: 'HS256', kid: jwk.kid ?? '' })
      .sign(Buffer.from(spki));
    for (const token of [new UnsecuredJWT(right()).encode(), withPublicKey]) {
      expect(await instance().read(token, undefined)).toMatchObject(refused(/not signed by a key pair/));
    }
    expect(asked()).toBe(0);
  });

  it.each([
    'eyJ.eyJ.x',
    'eyJhbGciOiJSUzI1NiJ9..',
    'eyJhbGciOiJSUzI1NiJ9.W10.x',
    `eyJ${'A'.repeat(20_000)}.eyJ9.x`,
  ])('and malformed is refused without a request', async (token) => {
    expect(await instance().read(token, undefined)).toMatchObject(refused(/not a signed JSON Web Token/));
    expect(asked()).toBe(0);
  });

  it('is an access token, or one for logging out', async () => {
    for (const typ of ['at+jwt', 'logout+jwt']) {
      const token = await provider.mint(right(), { typ });
      expect(await instance().read(token, undefined)).toMatchObject(refused(/another type/));
    }
  });

  it('is never quoted', async () => {
    const token = await provider.mint({ ...right(), aud: 'secret-audience', sub: 'secret-person' });
    const reading = await instance().read(token, undefined);
    expect(JSON.stringify(reading)).not.toMatch(/secret|eyJ/);
  });
});

describe('a signature', () => {
  it('of another key under the name of a known one does not count', async () => {
    const { privateKey } = await generateKeyPair('RS256');
    const [{ kid = '' } = {}] = provider.publicKeys();
    const token = await new SignJWT(right()).setProtectedHeader({ alg: 'RS256', kid }).sign(privateKey);
    expect(await instance().read(token, undefined)).toMatchObject(refused(/valid signature/));
  });

  it('does not count after a claim was changed', async () => {
    const token = await provider.mint(right());
    const [header, , signature] = token.split('.');
    const claims = Buffer.from(JSON.stringify({ ...right(), groups: ['operators'] })).toString('base64url');
    expect(await instance().read(`${header}.${claims}.${signature}`, undefined)).toMatchObject(
      refused(/valid signature/),
    );
  });

  it('may be of a key without a name, among several', async () => {
    const [one, other] = await Promise.all([generateKeyPair('ES256'), generateKeyPair('ES256')]);
    const keys = await Promise.all([one, other].map(({ publicKey }) => exportJWK(publicKey)));
    answerWith({ keys: [...keys, { kty: 'oct', k: 'c2VjcmV0' }, 'x', null, { kty: 7 }] });
    const tokens = instance();
    for (const { privateKey } of [one, other]) {
      const token = await new SignJWT(right()).setProtectedHeader({ alg: 'ES256' }).sign(privateKey);
      expect(await tokens.read(token, undefined)).toMatchObject({ kind: 'person' });
    }
  });
});

/** Serves the metadata as it is, and this in the place of the keys. */
function answerWith(keys: unknown, metadata: object = {}): void {
  provider.instead = (request, response) => {
    const isKeys = request.url === '/jwks';
    const document = isKeys
      ? keys
      : { issuer: provider.issuer, jwks_uri: `${provider.issuer}/jwks`, ...metadata };
    response.setHeader('content-type', 'application/json').end(JSON.stringify(document));
  };
}

describe('the keys of the provider', () => {
  it('are asked for once, whatever comes, until half a minute is over', async () => {
    const tokens = instance();
    expect(await tokens.read(await provider.mint(right()), undefined)).toMatchObject({ kind: 'person' });
    expect(asked()).toBe(2);
    for (let attempt = 0; attempt < 20; attempt++) {
      const token = await provider.mint({ ...right(), jti: String(attempt) }, { kid: `unknown-${attempt}` });
      expect(await tokens.read(token, undefined)).toMatchObject(
        refused(/a key that the provider does not have/),
      );
    }
    expect(asked()).toBe(2);
  });

  it('are asked for once by all who come at the same time', async () => {
    const tokens = instance();
    const token = await provider.mint(right());
    const readings = await Promise.all(Array.from({ length: 5 }, () => tokens.read(token, undefined)));
    expect(readings.map(({ kind }) => kind)).toEqual(Array(5).fill('person'));
    expect(asked()).toBe(2);
  });

  it('are asked for anew when the provider has others', async () => {
    const tokens = instance();
    await tokens.read(await provider.mint(right()), undefined);
    const before = await provider.mint(right());
    await provider.rotate();
    const token = await provider.signIn('alice');
    expect(await tokens.read(token, undefined)).toMatchObject(refused(/try again in \d+ s/));
    nowMs += betweenFetchesMs;
    expect(await tokens.read(token, undefined)).toMatchObject({ kind: 'person' });
    // What the old key has signed counts no more.
    expect(await tokens.read(before, undefined)).toMatchObject({ kind: 'refused' });
  });

  it('are used for a day while the provider is down, and no longer', async () => {
    const tokens = instance();
    const token = await provider.mint({ ...right(), exp: seconds() + 1_000_000 });
    await tokens.read(token, undefined);
    provider.instead = (_, response) => void response.destroy();
    nowMs += keysFreshMs;
    expect(await tokens.read(token, undefined)).toMatchObject({ kind: 'person' });
    expect(logged).toEqual(['The keys of the OpenID provider could not be fetched']);
    const soFar = asked();
    expect(await tokens.read(token, undefined)).toMatchObject({ kind: 'person' });
    expect(asked()).toBe(soFar);
    nowMs += keysUsableMs;
    expect(await tokens.read(token, undefined)).toMatchObject({ kind: 'unavailable', retryAfterSeconds: 30 });
  });

  it('that cannot be had make a token wait, which is no guess, and without more requests', async () => {
    provider.instead = (_, response) => void response.writeHead(502).end();
    const tokens = instance();
    const token = await provider.mint(right());
    for (let attempt = 0; attempt < 3; attempt++) {
      expect(await tokens.read(token, undefined)).toEqual({
        kind: 'unavailable',
        detail: expect.stringContaining('with 502, where only 200 will do'),
        retryAfterSeconds: 30,
      });
    }
    expect(asked()).toBe(1);
    provider.instead = undefined;
    nowMs += betweenFetchesMs;
    expect(await tokens.read(token, undefined)).toMatchObject({ kind: 'person' });
  });

  const failures: readonly [what: string, prepare: () => void, detail: string][] = [
    [
      '10 MB',
      () => answerWith({ keys: [{ kty: 'RSA', n: 'x'.repeat(10_000_000) }] }),
      'with more than 262144 bytes',
    ],
    ['no list', () => answerWith({ keys: 7 }), 'has no list of keys'],
    ['no object', () => answerWith(7), 'with a JSON object'],
    [
      'elsewhere over http',
      () => answerWith({}, { jwks_uri: 'http://192.0.2.1/jwks' }),
      'a URL that is not https',
    ],
    ['in a file', () => answerWith({}, { jwks_uri: 'file:///etc/passwd' }), 'a URL that is not https'],
    [
      'of another issuer',
      () => answerWith({}, { issuer: 'https://evil.example.com' }),
      'calls itself otherwise',
    ],
  ];
  it.each(failures)('%s are not taken', async (_, prepare, detail) => {
    prepare();
    expect(await instance().read(await provider.mint(right()), undefined)).toMatchObject({
      kind: 'unavailable',
      detail: expect.stringContaining(detail),
    });
  });

  it('behind a redirect are not followed', async () => {
    provider.instead = (request, response) =>
      void response.writeHead(302, { location: request.url === '/elsewhere' ? '/' : '/elsewhere' }).end();
    expect(await instance().read(await provider.mint(right()), undefined)).toMatchObject({
      detail: expect.stringContaining('with 302'),
    });
    expect(provider.requests).toEqual(['GET /.well-known/openid-configuration']);
  });

  it('are not asked for in plain http by a bus that is deployed', async () => {
    const reading = await instance({ endpoints: 'public' }).read(await provider.mint(right()), undefined);
    expect(reading).toMatchObject({ kind: 'unavailable', detail: expect.stringContaining('not https') });
    expect(asked()).toBe(0);
  });

  it('more than 100 are cut, and a broken one does not hurt the others', async () => {
    const [jwk] = provider.publicKeys();
    const broken = { kty: 'RSA', kid: 'broken', n: 'AQAB', e: 'AQAB' };
    answerWith({ keys: [broken, jwk, ...Array(1000).fill(broken)] });
    const tokens = instance();
    expect(await tokens.read(await provider.mint(right()), undefined)).toMatchObject({ kind: 'person' });
    expect(await tokens.read(await provider.mint(right(), { kid: 'broken' }), undefined)).toMatchObject(
      refused(/valid signature/),
    );
  });
});

describe('who guesses', () => {
  it('is counted once for each token, and a token that was taken is no guess', async () => {
    const tokens = instance();
    const token = await provider.mint(right());
    expect(tokens.hasTaken(token)).toBe(false);
    await tokens.read(token, undefined);
    expect(tokens.hasTaken(token)).toBe(true);
    const wrong = await provider.mint({ ...right(), exp: 1 });
    expect(await tokens.read(wrong, undefined)).toMatchObject({ isGuess: true });
    expect(await tokens.read(wrong, undefined)).toMatchObject({
      isGuess: false,
      detail: expect.stringContaining('expired'),
    });
    nowMs += 601_000;
    expect(tokens.hasTaken(token)).toBe(false);
  });

  it('names of people are bounded, plain and never two the same', async () => {
    const tokens = instance();
    const nameOf = async (sub: string) => {
      const reading = await tokens.read(await provider.mint({ ...right(), sub }), undefined);
      return reading.kind === 'person' ? reading.keyId : reading;
    };
    expect(await nameOf('auth0|5f7c8ec7c33c6c004bbafe82')).toBe('oidc:auth0|5f7c8ec7c33c6c004bbafe82');
    const hashed = (sub: string) =>
      `oidc:#${createHash('sha256').update(JSON.stringify(sub)).digest('hex').slice(0, 32)}`;
    for (const sub of ['x'.repeat(10_000), 'a\nb', '\u202eecila', '#', '']) {
      if (sub !== '') expect(await nameOf(sub)).toBe(hashed(sub));
    }
  });
});
