import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AcceptanceBus, type Call, startBus } from './bus.ts';
import { type Sink, startSink } from './sink.ts';

/** Two applications, one with a child, and keys of every role: through the functions' own permissions. */

let bus: AcceptanceBus;
let sink: Sink;
let shop: Call;
let crm: Call;
let child: Call;
let viewer: Call;

const as = (key: string): Call => bus.as(key);

async function keyOf(
  maker: Call,
  application: string,
  spec: object,
): Promise<{ key: string; keyId: string }> {
  const made = await maker('POST', `/v1/applications/${application}/keys`, { name: 'test', ...spec });
  expect([made.status, made.body.code]).toEqual([201, undefined]);
  return made.body;
}

beforeAll(async () => {
  [bus, sink] = await Promise.all([startBus(), startSink()]);
  const admin = as(bus.adminKey);
  expect((await admin('PUT', '/v1/applications/shop', { description: 'The shop' })).status).toBe(201);
  expect((await admin('PUT', '/v1/applications/shop', { description: 'The web shop' })).status).toBe(200);
  await admin('PUT', '/v1/applications/crm', {});
  shop = as((await keyOf(admin, 'shop', { role: 'member' })).key);
  crm = as((await keyOf(admin, 'crm', { role: 'member' })).key);
  viewer = as((await keyOf(shop, 'shop', { role: 'viewer' })).key);
  expect((await shop('PUT', '/v1/applications/shop-child', { parent: 'shop' })).status).toBe(201);
  child = as((await keyOf(shop, 'shop-child', { role: 'member' })).key);
  await shop('PUT', '/v1/topics/orders', {});
  await child('PUT', '/v1/topics/returns', {});
  await shop('PUT', '/v1/receivers/billing', { endpoint: sink.url });
});

afterAll(async () => {
  await sink?.close();
  expect(await bus?.stop()).toBe(0);
});

describe('GET /v1/me', () => {
  it('says what a key is', async () => {
    const { key, keyId } = await keyOf(shop, 'shop', {
      role: 'member',
      scopes: ['publish:ord*'],
      expiresAt: '2099-01-01T00:00:00+01:00',
    });
    expect((await as(key)('GET', '/v1/me')).body).toEqual({
      application: 'shop',
      role: 'member',
      keyId,
      scopes: ['publish:ord*'],
      expiresAt: '2098-12-31T23:00:00.000Z',
    });
    expect((await bus.call('GET', '/v1/me')).body).toMatchObject({ application: 'admin', role: 'admin' });
  });
});

describe('a role', () => {
  it('of a viewer reads, and changes and publishes nothing', async () => {
    const allowed = ['/v1/topics/orders', '/v1/receivers/billing', '/v1/applications/shop', '/v1/me'];
    for (const path of allowed) expect([path, (await viewer('GET', path)).status]).toEqual([path, 200]);
    for (const [method, path, body] of [
      ['PUT', '/v1/topics/orders', {}],
      ['DELETE', '/v1/topics/orders', undefined],
      ['POST', '/v1/topics/orders/events', { type: 'a', data: 1 }],
      ['POST', '/v1/receivers/billing/events', { type: 'a', data: 1 }],
      ['POST', '/v1/receivers/billing/pause', undefined],
      ['POST', '/v1/applications/shop/keys', { name: 'a', role: 'viewer' }],
      ['POST', '/v1/transactions', { events: [{ topic: 'orders', type: 'a', data: 1 }] }],
    ] as const) {
      const { status, body: problem } = await viewer(method, path, body);
      expect([method, path, status, problem.code]).toEqual([method, path, 403, 'forbidden']);
    }
  });

  it('of a viewer sees the topics of its application, and not those of others', async () => {
    const topics = (await viewer('GET', '/v1/topics')).body.topics.map(
      ({ owner }: { owner: string }) => owner,
    );
    expect(new Set(topics)).toEqual(new Set(['shop']));
    for (const path of ['/v1/topics/returns', '/v1/topics/returns/subscriptions']) {
      expect([path, (await viewer('GET', path)).status, (await crm('GET', path)).status]).toEqual([
        path,
        403,
        200,
      ]);
    }
  });

  it('of a member manages its own and the children of its application, and nothing else', async () => {
    expect((await shop('PUT', '/v1/topics/returns', { description: 'by the parent' })).status).toBe(200);
    expect((await shop('GET', '/v1/applications/shop-child/keys')).body.keys).toHaveLength(1);
    for (const [who, method, path, body] of [
      [child, 'PUT', '/v1/topics/orders', {}],
      [child, 'POST', '/v1/applications/shop/keys', { name: 'a', role: 'member' }],
      [crm, 'PUT', '/v1/topics/returns', {}],
      [crm, 'POST', '/v1/topics/orders/events', { type: 'a', data: 1 }],
      [crm, 'GET', '/v1/applications/shop', undefined],
      [crm, 'GET', '/v1/applications/shop/keys', undefined],
      [crm, 'PUT', '/v1/applications/new', {}],
      [crm, 'PUT', '/v1/applications/shop-child', { parent: 'crm' }],
      [shop, 'POST', '/v1/applications/shop/keys', { name: 'a', role: 'admin' }],
    ] as const) {
      const { status, body: problem } = await who(method, path, body);
      expect([method, path, status, problem.code]).toEqual([method, path, 403, 'forbidden']);
    }
    const { applications } = (await shop('GET', '/v1/applications')).body;
    expect(applications.map((each: { application: string }) => each.application)).toEqual([
      'shop',
      'shop-child',
    ]);
  });
});

describe('a scope', () => {
  it('narrows what a key may do, also in transactions and schedules', async () => {
    const scopes = ['publish:ord*', 'invoke:billing', 'manage'];
    const scoped = as((await keyOf(shop, 'shop', { role: 'member', scopes })).key);
    const event = { type: 'a', data: 1 };
    await shop('PUT', '/v1/topics/private', {});
    const schedule = (topic: string) => ({ topic, everySeconds: 3600, event });
    for (const [method, path, body, status] of [
      ['POST', '/v1/topics/orders/events', event, 202],
      ['POST', '/v1/receivers/billing/events', event, 202],
      ['POST', '/v1/transactions', { events: [{ topic: 'orders', ...event }] }, 201],
      ['PUT', '/v1/schedules/of-orders', schedule('orders'), 201],
      ['DELETE', '/v1/schedules/of-orders', undefined, 204],
      ['POST', '/v1/topics/private/events', event, 403],
      ['POST', '/v1/transactions', { events: [{ topic: 'private', ...event }] }, 403],
      ['PUT', '/v1/schedules/of-private', schedule('private'), 403],
      ['GET', '/v1/topics/orders', undefined, 403],
      ['POST', '/v1/applications/shop/keys', { name: 'a', role: 'member' }, 403],
      ['POST', '/v1/applications/shop/keys', { name: 'a', role: 'member', scopes: ['read'] }, 403],
      ['POST', '/v1/applications/shop/keys', { name: 'a', role: 'member', scopes: ['publish:orders'] }, 201],
    ] as const) {
      expect([method, path, body, (await scoped(method, path, body)).status]).toEqual([
        method,
        path,
        body,
        status,
      ]);
    }
  });
});

describe('keys', () => {
  it('are listed without themselves, and revoked by their id', async () => {
    const { key, keyId } = await keyOf(crm, 'crm', { role: 'member', name: 'short-lived' });
    expect((await as(key)('GET', '/v1/me')).status).toBe(200);
    const listed = await crm('GET', '/v1/applications/crm/keys');
    expect(JSON.stringify(listed.body)).not.toContain(key);
    expect(listed.body.keys).toContainEqual({
      keyId,
      application: 'crm',
      name: 'short-lived',
      role: 'member',
      createdAt: expect.any(String),
      lastUsedOn: new Date().toISOString().slice(0, 10),
    });

    expect((await crm('DELETE', `/v1/applications/crm/keys/${keyId}`)).status).toBe(204);
    // Within five seconds: both functions may remember it until then.
    await expect
      .poll(() => as(key)('GET', '/v1/me').then(({ status }) => status), { timeout: 5000 })
      .toBe(401);
    const again = await crm('DELETE', `/v1/applications/crm/keys/${keyId}`);
    expect([again.status, again.body.code]).toEqual([404, 'unknown_key']);
  });
});

describe('an application that owns something', () => {
  it('cannot be deleted, and the refusal names what it owns', async () => {
    const refusal = await bus.call('DELETE', '/v1/applications/shop');
    expect([refusal.status, refusal.body.code]).toEqual([409, 'in_use']);
    for (const name of ['orders', 'billing', 'shop-child']) expect(refusal.body.detail).toContain(name);
  });
});

describe('an application of busbar.config.ts', () => {
  it('is there with what it declares, and is removed there', async () => {
    const admin = as(bus.adminKey);
    const shown = await admin('GET', '/v1/applications/example-shop');
    expect(shown).toMatchObject({
      status: 200,
      body: { contacts: ['shop@example.com'], quotas: { publishPerSecond: 500 }, declared: true },
    });
    const refused = await admin('DELETE', '/v1/applications/example-shop');
    expect(refused).toMatchObject({ status: 409, body: { code: 'declared' } });
    expect(String(refused.body.detail)).toContain('busbar.config.ts');
  });
});

describe('GET /v1/audit', () => {
  const entriesOf = async (who: Call, query = '') => (await who('GET', `/v1/audit${query}`)).body.entries;

  it('shows a change to who made it and who owns its target, and to nobody else', async () => {
    await bus.call('PUT', '/v1/receivers/billing', {
      endpoint: sink.url,
      headers: { 'x-key': 'top-secret' },
    });
    for (const who of [as(bus.adminKey), shop]) {
      const [entry] = await entriesOf(who, '?target=receivers/billing');
      expect(entry).toEqual({
        at: expect.stringMatching(/^\d{4}-.*\.\d{3}Z$/),
        by: { application: 'admin', keyId: expect.any(String), role: 'admin' },
        call: 'PUT /v1/receivers/{receiver}',
        target: 'receivers/billing',
        status: 200,
        requestId: expect.any(String),
        change: { endpoint: '(set)', headers: '(set)' },
      });
    }
    expect(await entriesOf(crm, '?target=receivers/billing')).toEqual([]);
  });

  it('shows who was refused, also by the function that publishes', async () => {
    await crm('POST', '/v1/topics/orders/events', { type: 'a', data: 1 });
    await bus.call('GET', '/v1/topics', undefined, { authorization: 'Bearer bbk_wrong' });
    const refusals = await entriesOf(shop, '?target=topics/orders/events');
    expect(refusals).toContainEqual(
      expect.objectContaining({ by: expect.objectContaining({ application: 'crm' }), status: 403 }),
    );
    const all = await entriesOf(as(bus.adminKey), '?application=(unknown)');
    expect(all).toContainEqual(expect.objectContaining({ target: '(any)', status: 401 }));
  });

  it('has keys that were made by their ids, and contains no key', async () => {
    const { key, keyId } = await keyOf(crm, 'crm', { role: 'viewer' });
    const text = JSON.stringify(await entriesOf(crm));
    expect(text).toContain(`applications/crm/keys/${keyId}`);
    expect(text).not.toContain(key);
    const of = await entriesOf(as(bus.adminKey), '?application=(iam)');
    expect(of[0]).toMatchObject({ call: 'keys create', status: 200 });
  });

  it('is paged and refuses what it does not know', async () => {
    const first = (await bus.call('GET', '/v1/audit?limit=2')).body;
    expect(first.entries).toHaveLength(2);
    const second = (await bus.call('GET', `/v1/audit?limit=2&cursor=${first.cursor}`)).body;
    expect(second.entries[0].at <= first.entries[1].at).toBe(true);
    expect((await bus.call('GET', '/v1/audit?actor=shop')).status).toBe(400);
    expect((await crm('GET', '/v1/audit?application=shop')).status).toBe(403);
  });
});

describe('a quota', () => {
  it('is set by an admin, seen by members, and refuses with its name', async () => {
    const quotas = { topics: 1, publishPerSecond: 0 };
    const { key } = await keyOf(as(bus.adminKey), 'crm', { role: 'member' });
    expect((await bus.call('PATCH', '/v1/applications/crm', { quotas })).status).toBe(200);
    expect((await as(key)('GET', '/v1/applications/crm')).body.quotas).toEqual(quotas);
    expect((await as(key)('PATCH', '/v1/applications/crm', { quotas: {} })).status).toBe(200);
    expect((await as(key)('PATCH', '/v1/applications/crm', { quotas: { topics: 2 } })).status).toBe(403);
    expect((await crm('PUT', '/v1/topics/leads', {})).status).toBe(201);
    const refused = await crm('PUT', '/v1/topics/more-leads', {});
    expect([refused.status, refused.body.code, refused.body.quota, refused.body.limit]).toEqual([
      429,
      'quota_exceeded',
      'topics',
      1,
    ]);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    await expect
      .poll(
        async () => {
          const { body } = await crm('POST', '/v1/topics/leads/events', { type: 'a', data: 1 });
          return body.quota;
        },
        { timeout: 5000 },
      )
      .toBe('publishPerSecond');
  });

  it('passes with what is given to another owner, which both see in the audit', async () => {
    expect((await crm('PUT', '/v1/topics/leads', { owner: 'shop' })).status).toBe(200);
    expect((await crm('PUT', '/v1/topics/leads', { owner: 'crm' })).status).toBe(403);
    expect((await crm('PUT', '/v1/topics/more-leads', {})).status).toBe(201);
    for (const who of [crm, shop]) {
      const { entries } = (await who('GET', '/v1/audit?target=topics/leads')).body;
      expect(entries).toContainEqual(
        expect.objectContaining({ status: 200, change: { owner: 'shop' }, target: 'topics/leads' }),
      );
    }
  });
});
