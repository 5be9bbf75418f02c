import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli, startCli } from '../cli/run-cli.ts';
import { createBrowser } from '../sign-in/browser.ts';
import { type DeclaredBus, startDeclaredBus } from '../sign-in/bus.ts';
import { startProvider, type TestProvider } from '../sign-in/provider.ts';

/** Staff who sign in at a real provider, at a running bus, over HTTP. */

const accounts = {
  alice: ['shop-team'],
  bob: ['shop-team', 'billing-team'],
  vera: ['shop-readers'],
  olga: ['operators'],
  nobody: [],
};
let provider: TestProvider;
let bus: DeclaredBus;

const declaration = (roles: object) => ({
  applications: { shop: {}, billing: {} },
  topics: { orders: { owner: 'shop' } },
  oidc: { issuer: provider.issuer, audience: provider.clientId, roles: { ...groups, ...roles } },
});
const groups = {
  'shop-team': { application: 'shop', role: 'member' as const },
  'shop-readers': { application: 'shop', role: 'viewer' as const },
  'billing-team': { application: 'billing', role: 'member' as const },
  operators: { application: 'ops', role: 'admin' as const },
};

beforeAll(async () => {
  provider = await startProvider(accounts);
  bus = await startDeclaredBus(declaration({}));
});
afterAll(async () => {
  await bus?.close();
  await provider?.close();
});

async function call(
  token: string,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
) {
  const base = method === 'POST' && path.endsWith('/events at the publish URL') ? bus.publishUrl : bus.url;
  const response = await fetch(`${base.replace(/\/$/, '')}/v1${path.replace(/ at .*/, '')}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  // biome-ignore lint/suspicious/noExplicitAny: tests read the members that they expect.
  return { status: response.status, headers: response.headers, body: (text && JSON.parse(text)) as any };
}

const event = { type: 'order.placed', data: { total: 5 } };

describe('staff who sign in', () => {
  it('learn without a key where', async () => {
    const response = await fetch(`${bus.url}/v1/sign-in`);
    expect(await response.json()).toEqual({
      oidc: { issuer: provider.issuer, clientId: provider.clientId },
    });
  });

  it('see what they may act as', async () => {
    const { status, body } = await call(await provider.signIn('bob'), 'GET', '/me');
    expect(status).toBe(200);
    expect(body).toEqual({
      application: 'billing',
      role: 'member',
      keyId: 'oidc:bob',
      expiresAt: expect.any(String),
      applications: [
        { application: 'billing', role: 'member' },
        { application: 'shop', role: 'member' },
      ],
    });
  });

  it('publish where their role may, also at the publish URL, and for the application that they name', async () => {
    const [alice, vera, bob] = await Promise.all(['alice', 'vera', 'bob'].map(provider.signIn));
    for (const path of ['/topics/orders/events', '/topics/orders/events at the publish URL']) {
      expect((await call(alice ?? '', 'POST', path, event)).status).toBe(202);
      expect((await call(vera ?? '', 'POST', path, event)).status).toBe(403);
      expect((await call(bob ?? '', 'POST', path, event)).status).toBe(403);
      const asShop = await call(bob ?? '', 'POST', path, event, { 'busbar-application': 'shop' });
      expect(asShop.status).toBe(202);
    }
  });

  it('own what they make for their application, and stand in the audit', async () => {
    const alice = await provider.signIn('alice');
    expect((await call(alice, 'PUT', '/topics/refunds', {})).body).toMatchObject({ owner: 'shop' });
    const { body } = await call(bus.adminKey, 'GET', '/audit?target=topics/refunds');
    expect(body.entries).toMatchObject([
      { by: { application: 'shop', keyId: 'oidc:alice', role: 'member' }, call: 'PUT /v1/topics/{topic}' },
    ]);
  });

  it('are admins only where their group is', async () => {
    const [alice, olga] = await Promise.all(['alice', 'olga'].map(provider.signIn));
    const asked = { description: 'x' };
    expect((await call(alice ?? '', 'PUT', '/applications/new', asked)).status).toBe(403);
    expect((await call(olga ?? '', 'PUT', '/applications/new', asked)).status).toBe(201);
    expect((await call(olga ?? '', 'POST', '/topics/orders/events', event)).status).toBe(202);
    const key = { name: 'x', role: 'admin' };
    const refused = await call(alice ?? '', 'POST', '/applications/shop/keys', key);
    expect(refused).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    const made = await call(alice ?? '', 'POST', '/applications/shop/keys', { name: 'x', role: 'member' });
    expect((await call(made.body.key, 'POST', '/topics/orders/events', event)).status).toBe(202);
  });

  it('sign in by the CLI, which then acts as they may', async () => {
    const home = mkdtempSync(join(tmpdir(), 'busbar-sign-in-home-'));
    const cli = startCli(['login', '--url', bus.url], { HOME: home });
    const [page] = await cli.printed('stderr', /^http\S+$/m);
    await createBrowser('alice').open(page);
    expect(await cli.outcome).toMatchObject({
      code: 0,
      stdout: `Signed in at ${bus.url} as oidc:alice, member of shop (profile default).\n`,
    });
    const run = (...args: string[]) => runCli(args, { env: { HOME: home } });
    const published = await run('publish', 'orders', '{"total": 5}', '--type', 'order.placed');
    expect(published).toMatchObject({ code: 0 });
    expect(await run('applications', 'put', 'mine')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('admin'),
    });
    expect(await run('logout')).toMatchObject({ code: 0 });
    expect(await run('topics', 'list')).toMatchObject({ code: 1 });
    rmSync(home, { recursive: true });
  });

  it('without a group with a role are told what to ask for', async () => {
    const { status, body } = await call(await provider.signIn('nobody'), 'GET', '/me');
    expect(status).toBe(403);
    expect(body.detail).toContain('oidc.roles in busbar.config.ts');
  });

  it('with a wrong token are refused, which nobody reads it in', async () => {
    const token = await provider.mint({ iss: provider.issuer, aud: 'another', sub: 'x', iat: 1, exp: 9e9 });
    for (const path of ['/topics/orders/events', '/topics/orders/events at the publish URL']) {
      const { status, body, headers } = await call(token, 'POST', path, event);
      expect(status).toBe(401);
      expect(headers.get('www-authenticate')).toBe('Bearer');
      expect(body.detail).toContain('another audience');
      expect(JSON.stringify(body)).not.toContain(token.slice(0, 20));
    }
    expect(bus.lines.join('\n')).not.toContain(token.slice(0, 20));
  });
});

it('a token lets no one in whose group lost its role, as soon as that is deployed', async () => {
  const token = await provider.signIn('alice');
  expect((await call(token, 'GET', '/me')).status).toBe(200);
  await bus.close();
  const { 'shop-team': _, ...left } = groups;
  bus = await startDeclaredBus({ ...declaration({}), oidc: { ...declaration({}).oidc, roles: left } });
  expect((await call(token, 'GET', '/me')).status).toBe(403);
});

it('a bus whose provider is down takes keys, and tells people when to try again', async () => {
  const token = await provider.signIn('olga');
  await bus.close();
  bus = await startDeclaredBus(declaration({}));
  provider.instead = (_, response) => void response.destroy();
  const { status, headers, body } = await call(token, 'GET', '/me');
  expect(status).toBe(503);
  expect(headers.get('retry-after')).toBe('30');
  expect(body.detail).toContain('or use a key');
  expect((await call(bus.adminKey, 'GET', '/me')).status).toBe(200);
  provider.instead = undefined;
});
