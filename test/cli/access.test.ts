import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { scriptedBus } from './scripted-bus.ts';

let bus: Awaited<ReturnType<typeof scriptedBus>>;

beforeEach(async () => {
  bus = await scriptedBus();
});
afterEach(() => bus.close());

describe('applications', () => {
  it('are created, changed, listed and deleted', async () => {
    const put = [
      'applications',
      'put',
      'billing-eu',
      '--parent',
      'billing',
      '--contact',
      'a',
      '--contact',
      'b',
    ];
    expect((await bus.run(...put)).stdout).toBe('Application billing-eu is saved.\n');
    await bus.run('applications', 'patch', 'billing', '--quotas', '{"topics": 5}');
    bus.answerWith({ applications: [{ application: 'billing', quotas: { topics: 5 }, createdAt: 'x' }] });
    expect((await bus.run('applications', 'list')).stdout).toBe(
      'APPLICATION  QUOTAS\nbilling      {"topics":5}\n',
    );
    bus.answer({ status: 204 });
    expect((await bus.run('applications', 'delete', 'billing')).stdout).toBe(
      'Application billing is deleted.\n',
    );
    expect(bus.requests.map(({ call, body }) => `${call} ${body}`)).toEqual([
      'PUT /v1/applications/billing-eu {"contacts":["a","b"],"parent":"billing"}',
      'PATCH /v1/applications/billing {"quotas":{"topics":5}}',
      expect.stringMatching(/^GET \/v1\/applications\?limit=\d+ $/),
      'DELETE /v1/applications/billing ',
    ]);
  });

  it('that do not exist cause a hint how to create them', async () => {
    bus.answer({ status: 404, body: { code: 'unknown_application', detail: 'There is no application x.' } });
    const { code, stderr } = await bus.run('keys', 'list', 'x');
    expect([code, stderr]).toEqual([
      1,
      'busbar: There is no application x.\nAn admin creates it with `busbar applications put x`.\n',
    ]);
  });
});

describe('alerts', () => {
  it('are listed and tested', async () => {
    bus.answerWith({ subscriptions: [{ receiver: 'slack', filter: { type: ['x'] }, createdAt: 'now' }] });
    expect((await bus.run('alerts')).stdout).toBe(
      'RECEIVER  FILTER          CREATED AT\nslack     {"type":["x"]}  now\n',
    );
    bus.answerWith({ receivers: [{ receiver: 'slack', events: 2 }] });
    expect((await bus.run('alerts', 'test', '--receiver', 'slack')).stdout).toBe(
      'slack gets 2 test events.\n',
    );
    expect(bus.requests.map(({ call, body }) => `${call} ${body}`)).toEqual([
      expect.stringMatching(/^GET \/v1\/topics\/busbar\/subscriptions\?limit=\d+ $/),
      'POST /v1/alerts/test {"receiver":"slack"}',
    ]);
  });
});

describe('keys', () => {
  it('are created and printed once', async () => {
    bus.answerWith({ keyId: 'k1', key: 'bbk_new' });
    const { stdout } = await bus.run(
      ...['keys', 'create', 'billing', '--name', 'checkout', '--scope', 'publish:orders', '--scope', 'read'],
      ...['--expires-at', '2027-01-31T12:00:00Z'],
    );
    expect(stdout).toBe('The key k1 is created. It is not shown again:\nbbk_new\n');
    expect(bus.requests).toEqual([
      {
        call: 'POST /v1/applications/billing/keys',
        body: JSON.stringify({
          name: 'checkout',
          role: 'member',
          scopes: ['publish:orders', 'read'],
          expiresAt: '2027-01-31T12:00:00Z',
        }),
      },
    ]);
  });

  it('are listed with their last use, and revoked by id', async () => {
    bus.answerWith({ keys: [{ keyId: 'k1', name: 'a', role: 'viewer', lastUsedOn: '2026-01-31' }] });
    expect((await bus.run('keys', 'list', 'billing')).stdout).toBe(
      'KEY ID  NAME  ROLE    LAST USED\nk1      a     viewer  2026-01-31\n',
    );
    bus.answer({ status: 204 });
    expect((await bus.run('keys', 'revoke', 'billing', 'k1')).stdout).toBe('Key k1 is revoked.\n');
    expect(bus.requests.at(-1)?.call).toBe('DELETE /v1/applications/billing/keys/k1');
  });

  it('that do not exist cannot be revoked', async () => {
    bus.answer({ status: 404, body: { code: 'unknown_key', detail: 'billing has no key k2.' } });
    const { code, stderr } = await bus.run('keys', 'revoke', 'billing', 'k2');
    expect([code, stderr]).toEqual([
      1,
      'busbar: billing has no key k2.\n`busbar keys list billing` shows the keys that there are.\n',
    ]);
  });

  it('have one of the roles', async () => {
    expect((await bus.run('keys', 'create', 'billing', '--name', 'a', '--role', 'owner')).code).toBe(2);
    expect(bus.requests).toEqual([]);
  });
});

it('the audit is asked for by time, application and target, and printed as a table', async () => {
  const by = { application: 'crm', keyId: 'k1', role: 'member' };
  bus.answerWith({
    entries: [
      {
        at: '2026-01-31T12:00:00.000Z',
        by,
        call: 'PUT /v1/topics/{topic}',
        target: 'topics/orders',
        status: 403,
        requestId: 'r',
        count: 7,
      },
      {
        at: '2026-01-31T11:00:00.000Z',
        by,
        call: 'DELETE /v1/topics/{topic}',
        target: 'topics/old',
        status: 0,
        requestId: 'r',
      },
    ],
  });
  const since = '2026-01-31T00:00:00Z';
  const { stdout } = await bus.run('audit', '--since', since, '--target', 'orders', '--limit', '2');
  expect(stdout).toBe(
    [
      'AT                        BY   KEY ID  ROLE    METHOD  TARGET         STATUS      TIMES',
      '2026-01-31T12:00:00.000Z  crm  k1      member  PUT     topics/orders  403         7',
      '2026-01-31T11:00:00.000Z  crm  k1      member  DELETE  topics/old     unfinished',
      '',
    ].join('\n'),
  );
  expect(bus.requests[0]?.call).toBe(
    '/v1/audit?since=2026-01-31T00%3A00%3A00Z&target=orders&limit=2'.replace(/^/, 'GET '),
  );
});

describe('grants revoke', () => {
  const revoke = ['grants', 'revoke', 'orders', 'crm'];

  it('ends a grant, and drops what waits only when that is said', async () => {
    bus.answer({ status: 204 });
    expect((await bus.run(...revoke)).stdout).toBe(
      'crm may no longer publish to orders, and its subscriptions have ended.\n',
    );
    const unasked = await bus.run(...revoke, '--drop');
    expect([unasked.code, unasked.stderr]).toEqual([
      1,
      'busbar: What waits between orders and crm is dropped, and is never delivered. Nothing is changed.\nPass --yes to drop it, or leave out --drop.\n',
    ]);
    bus.answer({ status: 204 });
    expect((await bus.run(...revoke, '--drop', '--yes')).stdout).toContain('what waited is dropped.');
    expect(bus.requests.map(({ call }) => call)).toEqual([
      'DELETE /v1/topics/orders/grants/crm',
      'DELETE /v1/topics/orders/grants/crm?drop=true',
    ]);
  });
});
