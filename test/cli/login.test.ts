import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { Command } from 'commander';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { main } from '../../lib/cli/main.ts';
import { connect } from '../../lib/cli/support/session.ts';
import { type Output, processWorld, type World } from '../../lib/cli/support/world.ts';
import { settingOf } from '../../lib/core/sign-in/sign-in.ts';
import { createStaffTokens } from '../../lib/runtime/staff-tokens.ts';
import { createBrowser } from '../sign-in/browser.ts';
import { startProvider, type TestProvider } from '../sign-in/provider.ts';

/**
 * `busbar login` at a real provider, with a scripted browser. The bus is a stand-in that checks tokens as the bus does;
 * test/acceptance/sign-in.test.ts has the bus itself.
 */

let provider: TestProvider;
let home: string;
let bus: Server;
let url: string;
/** What the bus says of its sign-in, and what its requests came with. */
let offer: object | undefined;
const asked: { path: string; application: string | undefined; token: string }[] = [];

beforeAll(async () => {
  provider = await startProvider({ alice: ['shop-team'], nobody: [] });
});
afterAll(() => provider.close());

beforeEach(async () => {
  provider.instead = undefined;
  asked.length = 0;
  home = mkdtempSync(join(tmpdir(), 'busbar-login-'));
  offer = { issuer: provider.issuer, clientId: provider.clientId };
  const roles = { 'shop-team': { application: 'shop', role: 'member' as const } };
  const tokens = createStaffTokens(
    { clock: { now: Date.now, setTimer: () => () => undefined }, log: () => undefined },
    settingOf({ issuer: provider.issuer, audience: provider.clientId, roles }),
    'any',
  );
  bus = createServer(async (request, response) => {
    const { status, document } = await answerOf(request, tokens);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(document));
  });
  await new Promise<void>((resolve) => bus.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(bus.address() as AddressInfo).port}`;
});
afterEach(async () => {
  rmSync(home, { recursive: true });
  bus.closeAllConnections();
  await new Promise((resolve) => bus.close(resolve));
});

async function answerOf(
  { url: path = '', headers }: IncomingMessage,
  tokens: ReturnType<typeof createStaffTokens>,
) {
  if (path === '/v1/sign-in') return { status: 200, document: offer === undefined ? {} : { oidc: offer } };
  const token = String(headers.authorization).replace('Bearer ', '');
  const application = headers['busbar-application'] as string | undefined;
  asked.push({ path, application, token });
  const reading = await tokens.read(token, application);
  if (reading.kind !== 'person') {
    return {
      status: reading.kind === 'refused' && reading.code === 'forbidden' ? 403 : 401,
      document: { code: 'x', detail: reading.detail },
    };
  }
  const { kind: _, ...document } = reading;
  return { status: 200, document: path === '/v1/me' ? document : { topics: [] } };
}

const surroundings = processWorld();

interface Run {
  /** What the browser does with the page that opens; by default alice signs in. */
  readonly browser?: (page: string) => Promise<unknown>;
  readonly env?: Record<string, string>;
  /** Called with what is printed to standard error. */
  readonly onPrint?: (text: string) => void;
}

const signsIn = (account: string) => (page: string) => createBrowser(account).open(page);

/** Runs a command in this process, to its end and that of the browser. */
async function run(args: string, options: Run = {}) {
  const text = { stdout: '', stderr: '' };
  const visits: Promise<unknown>[] = [];
  const output = (name: 'stdout' | 'stderr'): Output => ({
    isTerminal: false,
    columns: undefined,
    async write(more) {
      text[name] += more;
      if (name === 'stderr') options.onPrint?.(more);
    },
    paint: (_, plain) => plain,
  });
  const world: World = {
    ...surroundings,
    args: args.split(' '),
    env: { HOME: home, BUSBAR_DATA: '/nonexistent', ...options.env },
    platform: 'linux',
    stdin: Readable.from([]),
    stdinIsTerminal: false,
    stdout: output('stdout'),
    stderr: output('stderr'),
    // Polls need not wait; a person who takes too long does, and so does who waits for another command.
    wait: (ms, signal) => (ms >= 1000 && ms < 60_000 ? Promise.resolve() : surroundings.wait(ms, signal)),
    openBrowser: (page) => void visits.push((options.browser ?? signsIn('alice'))(page)),
  };
  const code = await main(world);
  await Promise.all(visits);
  return { code, ...text };
}

const file = () => join(home, '.config', 'busbar', 'config.json');
const kept = () => JSON.parse(readFileSync(file(), 'utf8'));
const login = (more = '', options: Run = {}) => run(`login --url ${url}${more}`, options);

describe('busbar login', () => {
  it('signs a person in by their browser, and keeps the tokens for later commands', async () => {
    const { code, stdout, stderr } = await login();
    expect([code, stderr]).toEqual([0, expect.stringContaining('open this page')]);
    expect(stdout).toBe(`Signed in at ${url} as oidc:alice, member of shop (profile default).\n`);
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    const { current, profiles } = kept();
    expect(current).toBe('default');
    expect(profiles.default).toEqual({
      url,
      signedIn: {
        issuer: provider.issuer,
        clientId: provider.clientId,
        idToken: expect.stringMatching(/^eyJ/),
        refreshToken: expect.any(String),
        expiresAt: expect.any(String),
      },
    });
    const listed = await run('topics list --json');
    expect(listed).toMatchObject({ code: 0, stdout: '{"topics":[]}\n' });
    expect(asked.at(-1)?.path).toMatch(/^\/v1\/topics/);
    for (const shown of [stdout, stderr, (await run('profiles list --json')).stdout]) {
      expect(shown).not.toContain('eyJ');
      expect(shown).not.toContain(profiles.default.signedIn.refreshToken);
    }
  });

  it('leaves a key that a command brings itself', async () => {
    await login();
    const world = {
      ...surroundings,
      env: { HOME: home, BUSBAR_DATA: '/nonexistent' },
      platform: 'linux',
    } as World;
    const session = { world, exitCode: 0, about: {} };
    await connect(session, new Command(), { key: 'bbk_brought' })
      .call('GET', '/me')
      .catch(() => undefined);
    expect(asked.at(-1)).toMatchObject({ path: '/v1/me', token: 'bbk_brought' });
  });

  it('does not repeat a password of a URL', async () => {
    const { code, stderr } = await run('login --url http://me:hush@127.0.0.1:1');
    expect([code, stderr]).toEqual([2, expect.stringContaining('no password')]);
    expect(stderr).not.toContain('hush');
  });

  it('sends a challenge, a state and a nonce, and another one each time', async () => {
    const pages: URL[] = [];
    const browser = (page: string) => {
      pages.push(new URL(page));
      return signsIn('alice')(page);
    };
    await login('', { browser });
    await login('', { browser });
    for (const { searchParams } of pages) {
      expect(searchParams.get('code_challenge_method')).toBe('S256');
      expect(searchParams.get('redirect_uri')).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/callback$/);
    }
    for (const name of ['state', 'nonce', 'code_challenge']) {
      const [one = '', other] = pages.map(({ searchParams }) => searchParams.get(name) ?? '');
      expect(one.length).toBeGreaterThanOrEqual(43);
      expect(one).not.toBe(other);
    }
  });

  it('takes no answer but that of its own sign-in', async () => {
    const browser = async (page: string) => {
      const { searchParams } = new URL(page);
      const redirect = searchParams.get('redirect_uri') ?? '';
      const state = searchParams.get('state') ?? '';
      const status = async (query: object, at = redirect, method = 'GET') =>
        (await fetch(`${at}?${new URLSearchParams({ ...query })}`, { method })).status;
      expect(await status({ code: 'forged', state: 'guessed' })).toBe(400);
      expect(await status({ code: 'forged' })).toBe(400);
      expect(await status({ code: 'forged', state, iss: 'https://evil.example.com' })).toBe(400);
      expect(await status({ code: 'forged', state }, redirect.replace('callback', 'other'))).toBe(404);
      expect(await status({ code: 'forged', state }, redirect, 'POST')).toBe(404);
      await signsIn('alice')(page);
    };
    expect((await login('', { browser })).code).toBe(0);
  });

  it('says why the provider did not let a person in, without what a terminal obeys', async () => {
    const browser = (page: string) => {
      const { searchParams } = new URL(page);
      const answer = new URLSearchParams({
        error: 'access_denied',
        error_description: 'no\u001b[2J\nway',
        state: searchParams.get('state') ?? '',
      });
      return fetch(`${searchParams.get('redirect_uri')}?${answer}`);
    };
    const { code, stderr } = await login('', { browser });
    expect(code).toBe(1);
    expect(stderr).toContain('The provider did not let you in: access_denied: no\ufffd[2J\ufffdway.');
  });

  it('does not take an ID token of another nonce', async () => {
    const browser = async (page: string) => {
      const changed = new URL(page);
      changed.searchParams.set('nonce', 'of-another');
      await signsIn('alice')(changed.href);
    };
    const { code, stderr } = await login('', { browser });
    expect([code, stderr]).toEqual([1, expect.stringContaining('its nonce differs')]);
    expect(() => kept()).toThrow();
  });

  it('keeps nothing of a person whom the bus gives no role', async () => {
    const { code, stderr } = await login('', { browser: signsIn('nobody') });
    expect([code, stderr]).toEqual([1, expect.stringContaining('none of your groups')]);
    expect(() => kept()).toThrow();
  });

  it('signs in by a code on another device', async () => {
    const visits: Promise<unknown>[] = [];
    const onPrint = (text: string) => {
      const [, page = '', userCode = ''] = /^Open (\S+) .* the code (\S+)/.exec(text) ?? [];
      if (page !== '') visits.push(createBrowser('alice').open(`${page}?user_code=${userCode}`));
    };
    const { code, stdout, stderr } = await login(' --device --profile far', { onPrint });
    await Promise.all(visits);
    expect([code, stderr]).toEqual([0, expect.stringMatching(/enter the code \S+/)]);
    expect(stdout).toContain('oidc:alice, member of shop (profile far)');
    // A profile that was named is not used without being named.
    expect(kept().current).toBeUndefined();
  });

  it('acts for the application that was named', async () => {
    await login(' --application shop');
    await run('topics list');
    expect(asked.map(({ application }) => application)).toEqual(['shop', 'shop']);
    await run('topics list', { env: { BUSBAR_APPLICATION: 'billing' } });
    expect(asked.at(-1)?.application).toBe('billing');
  });

  it.each<[string, () => void, string, string]>([
    [
      'a bus without sign-in',
      () => {
        offer = undefined;
      },
      '',
      'People do not sign in at the bus',
    ],
    [
      'a bus that names no client',
      () => {
        offer = { issuer: provider.issuer };
      },
      '',
      'Pass --client-id',
    ],
    [
      'an issuer over http',
      () => {
        offer = { issuer: 'http://id.example.com' };
      },
      ' --client-id x',
      'no https URL',
    ],
    [
      'an issuer that calls itself otherwise',
      () => {
        offer = { issuer: `${provider.issuer}/`, clientId: 'x' };
      },
      '',
      'not the metadata of this provider',
    ],
    [
      'a client that the provider does not know',
      () => undefined,
      ' --device --client-id x',
      'The provider did not begin a sign-in',
    ],
    ['a wrong name', () => undefined, ' --profile A', 'is not a valid name'],
  ])('refuses %s', async (_, prepare, more, cause) => {
    prepare();
    const { code, stderr } = await login(more);
    expect(stderr).toContain(cause);
    expect(code).not.toBe(0);
  });

  it('sends no token over a network in the clear', async () => {
    const { code, stderr } = await run('login --url http://bus.example.com');
    expect([code, stderr]).toEqual([2, expect.stringContaining('is not an https URL')]);
  });
});

describe('a sign-in', () => {
  it('is renewed once by all commands that run when it is over', async () => {
    await login();
    const all = kept();
    const { refreshToken } = all.profiles.default.signedIn;
    all.profiles.default.signedIn.idToken = 'one that is over';
    all.profiles.default.signedIn.expiresAt = '2026-01-01T00:00:00.000Z';
    writeFileSync(file(), JSON.stringify(all));
    const renewals = () => provider.requests.filter((request) => request === 'POST /token').length;
    const soFar = renewals();
    const ends = await Promise.all([1, 2, 3].map(() => run('topics list')));
    expect(ends.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(renewals()).toBe(soFar + 1);
    const after = kept().profiles.default.signedIn;
    expect(asked.slice(-3).map(({ token }) => token)).toEqual(Array(3).fill(after.idToken));
    // The provider gave another one for renewing, and takes the earlier no more.
    expect(after.refreshToken).not.toBe(refreshToken);
    expect(Date.parse(after.expiresAt)).toBeGreaterThan(Date.now());
  });

  it('that the provider does not renew is over, and the error says how to sign in again', async () => {
    await login();
    const all = kept();
    all.profiles.default.signedIn.refreshToken = 'revoked';
    all.profiles.default.signedIn.expiresAt = '2026-01-01T00:00:00.000Z';
    writeFileSync(file(), JSON.stringify(all));
    const { code, stderr } = await run('topics list');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^busbar: The sign-in of the profile default is over: .*invalid_grant/);
    expect(stderr).toContain('`busbar login --profile default` signs you in again.');
    expect(stderr).not.toContain('This is a bug');
  });

  it('ends with busbar logout, at the provider as well', async () => {
    await login();
    const { refreshToken } = kept().profiles.default.signedIn;
    const { code, stdout } = await run('logout');
    expect([code, stdout]).toEqual([0, 'Signed out of the profile default.\n']);
    expect(kept().profiles.default).toEqual({ url });
    const again = await fetch(`${provider.issuer}/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'refresh_token',
        client_id: provider.clientId,
        refresh_token: refreshToken,
      }),
    });
    expect(again.status).toBe(400);
    expect((await run('logout')).stderr).toContain('Nobody is signed in by the profile default.');
  });

  it('ends here also when the provider is gone', async () => {
    await login();
    provider.instead = (_, response) => void response.destroy();
    const { code, stderr } = await run('logout');
    expect([code, stderr]).toEqual([0, expect.stringContaining('The provider could not be told.')]);
    expect(kept().profiles.default.signedIn).toBeUndefined();
  });
});
