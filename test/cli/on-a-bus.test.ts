import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AcceptanceBus, startBus } from '../acceptance/bus.ts';
import { runCli } from './run-cli.ts';

/** Commands whose parts only a whole bus brings together. */
let bus: AcceptanceBus;
const directory = mkdtempSync(join(tmpdir(), 'busbar-cli-'));
const file = join(directory, 'bus.yaml');

beforeAll(async () => {
  bus = await startBus();
});
afterAll(async () => {
  await bus.stop();
  rmSync(directory, { recursive: true });
});

const busbar = (...args: string[]) =>
  runCli(args, { env: { BUSBAR_URL: bus.url, BUSBAR_KEY: bus.adminKey } });

const document = `
topics:
  orders:
    description: What customers order
    access: {publish: request}
    schema: {type: object, required: [total]}
    dedupSeconds: 60
    ordered: false
  ledger: {ordered: {by: subject}}
receivers:
  billing:
    endpoint: https://billing.example.com
    secret: whsec_c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0
    headers: {x-tenant: acme, x-api-key: k3y-of-acme}
    publicHeaders: [x-tenant]
    oauth2: {tokenUrl: https://billing.example.com/token, clientId: bus, clientSecret: hush}
    limits: {perSecond: 20}
subscriptions:
  orders:
    billing: {filter: {data: {total: [{numeric: [">=", 100]}]}}}
  ledger:
    billing:
schedules:
  nightly:
    topic: ledger
    cron: 30 2 * * *
    timezone: Europe/Berlin
    event: {type: report.due, data: {n: 12345678901234567890}}
`;
const secrets = /whsec_|hush|k3y-of-acme/;

describe('apply and export', () => {
  it('show a plan, act only when told to, and then find nothing to do', async () => {
    writeFileSync(file, document);
    const dry = await busbar('apply', '-f', file, '--dry-run');
    expect(dry.code).toBe(0);
    expect(dry.stdout).toContain('Plan: 6 to create.');
    expect(dry.stdout).not.toMatch(secrets);
    const unasked = await busbar('apply', '-f', file);
    expect([unasked.code, unasked.stderr]).toEqual([1, expect.stringContaining('--yes')]);
    expect((await bus.call('GET', '/v1/topics/orders')).status).toBe(404);

    const done = await busbar('apply', '-f', file, '--yes');
    expect([done.code, done.stderr]).toEqual([0, '']);
    expect(done.stdout.match(/^done create .*$/gm)).toHaveLength(6);
    expect(done.stdout).not.toMatch(secrets);
    expect((await busbar('apply', '-f', file, '--prune')).stdout).toBe('Nothing is to be changed.\n');
  });

  it('agree with each other, and an export has no secrets', async () => {
    for (const format of ['yaml', 'json']) {
      const { stdout } = await busbar('export', '--format', format);
      expect(stdout).not.toMatch(secrets);
      expect(stdout).toContain('12345678901234567890');
      // What the configuration declares is not in it.
      expect(stdout).not.toContain('example-orders');
      writeFileSync(file, stdout);
      expect((await busbar('apply', '-f', file, '--prune')).stdout).toBe('Nothing is to be changed.\n');
    }
  });

  it('change fields and keep secrets', async () => {
    writeFileSync(file, document.replace('perSecond: 20', 'concurrency: 5').replace('dedupSeconds: 60', ''));
    const { code, stdout } = await busbar('apply', '-f', file, '--yes');
    expect(code).toBe(0);
    expect(stdout).toContain('dedupSeconds: 60 -> (default)');
    expect(stdout).toContain('limits.perSecond: 20 -> (default)');
    expect(stdout).toContain('limits.concurrency: 5');
    expect(stdout).toContain('done change receiver billing\n');
    const { body } = await bus.call('GET', '/v1/receivers/billing');
    expect(body.limits).toEqual({ concurrency: 5 });
    // No rotation: an earlier secret would still sign.
    expect(body.earlierSecrets).toBeUndefined();
  });

  it('go on after a failed step, except with what needs it, and delete nothing then', async () => {
    const wanted = {
      topics: { ledger: { ordered: false }, news: {} },
      receivers: {
        crm: { endpoint: 'ftp://crm.example.com' },
        billing: { endpoint: 'https://billing.example.com' },
      },
      subscriptions: { news: { crm: {}, billing: {} } },
    };
    writeFileSync(file, JSON.stringify(wanted));
    const { code, stdout } = await busbar('apply', '-f', file, '--yes', '--prune', '--json');
    expect(code).toBe(1);
    const results = JSON.parse(stdout).steps.map((step: Record<string, string>) => [
      step.result,
      `${step.action} ${step.kind} ${step.name}`,
    ]);
    expect(results).toEqual([
      ['failed', 'change topic ledger'],
      ['done', 'create topic news'],
      ['failed', 'create receiver crm'],
      ['done', 'change receiver billing'],
      ['skipped', 'create subscription news/crm'],
      ['done', 'create subscription news/billing'],
      ['skipped', 'delete subscription ledger/billing'],
      ['skipped', 'delete subscription orders/billing'],
      ['skipped', 'delete topic orders'],
    ]);
    expect(JSON.parse(stdout).steps[0].problem).toMatchObject({ code: 'order_fixed', status: 409 });
    expect((await bus.call('GET', '/v1/topics/orders')).status).toBe(200);
  });

  it('delete with --prune what the document no longer names, and leave what is declared', async () => {
    writeFileSync(file, 'topics: {news: {owner: admin}}\nreceivers:\nsubscriptions:\nschedules:\n');
    const { code, stdout } = await busbar('apply', '-f', file, '--yes', '--prune');
    expect([code, stdout.match(/^(failed|skipped)/m)]).toEqual([0, null]);
    const { stdout: left } = await busbar('export');
    expect(left).toBe(
      'topics:\n  news:\n    owner: admin\nreceivers: {}\nsubscriptions: {}\nschedules: {}\n',
    );
    expect((await bus.call('GET', '/v1/topics/example-orders')).status).toBe(200);
  });

  it('refuse what they do not know, by its path, without a call', async () => {
    writeFileSync(file, 'topics: {orders: {dedup: 5}}');
    const { code, stderr } = await runCli(['apply', '-f', file], {
      env: { BUSBAR_URL: 'http://127.0.0.1:1' },
    });
    expect([code, stderr]).toEqual([2, expect.stringContaining('topics.orders.dedup: is not a known field')]);
  });
});

describe('empty', () => {
  it('says what is lost, deletes what the stack does not know, and leaves what it declares', async () => {
    await bus.call('PUT', '/v1/topics/leaving', {});
    await bus.call('PUT', '/v1/receivers/leaving', { endpoint: 'https://leaving.example.com' });
    await bus.call('PUT', '/v1/topics/leaving/subscriptions/leaving', {});
    await bus.call('POST', '/v1/receivers/leaving/pause');
    await bus.call('POST', '/v1/topics/leaving/events', { type: 't', data: {} });
    await bus.call('POST', '/v1/topics/leaving/events', { type: 't', data: {}, delaySeconds: 900 });
    await bus.call('PUT', '/v1/schedules/leaving', {
      topic: 'leaving',
      cron: '0 0 1 1 *',
      event: { type: 't', data: {} },
    });
    const waiting = () => busbar('empty', '--dry-run', '--json').then(({ stdout }) => JSON.parse(stdout));
    await expect
      .poll(waiting, { timeout: 30_000 })
      .toMatchObject({ remain: { receivers: [{ receiver: 'leaving', waiting: 1, deadLetters: 0 }] } });
    expect(await waiting()).toMatchObject({
      remain: { topics: expect.arrayContaining(['leaving']), schedules: ['leaving'] },
      declaredReceivers: [{ receiver: 'example-warehouse' }],
      waiting: { delayed: 1, held: 0, open: 0 },
    });
    const unasked = await busbar('empty');
    expect(unasked).toMatchObject({ code: 1, stderr: expect.stringContaining('--yes') });
    expect(unasked.stdout).toContain('leaving (1 waiting, 0 dead letters)');

    const { code, stderr } = await busbar('empty', '--yes');
    expect([code, stderr]).toEqual([0, expect.stringMatching(/^(\d+) of \1 are deleted\./)]);
    const left = async (of: string) => (await bus.call('GET', `/v1/${of}`)).body[of];
    expect(await left('schedules')).toEqual([]);
    expect((await left('topics')).filter(({ declared }: { declared: boolean }) => !declared)).toEqual([]);
    expect((await left('receivers')).map(({ receiver }: { receiver: string }) => receiver)).toEqual([
      'example-warehouse',
    ]);
  });

  it('takes its key from standard input, however often it asks the bus', async () => {
    const { code, stderr } = await runCli(['empty', '--dry-run', '--key-file', '-'], {
      env: { BUSBAR_URL: bus.url },
      input: `${bus.adminKey}\n`,
    });
    expect([code, stderr]).toEqual([0, '']);
  });

  it('needs the key of an admin', async () => {
    await bus.call('PUT', '/v1/applications/other', {});
    const { body } = await bus.call('POST', '/v1/applications/other/keys', { name: 'k', role: 'member' });
    const { code, stderr } = await runCli(['empty', '--dry-run'], {
      env: { BUSBAR_URL: bus.url, BUSBAR_KEY: body.key },
    });
    expect([code, stderr]).toEqual([1, expect.stringContaining('not of an admin')]);
  });
});

describe('console', () => {
  const ticketOf = (link: string) => /\/console\/#ticket=(bbt_[\w-]{43})$/.exec(link.trim())?.[1];
  const redeem = (ticket = '') => bus.as('')('POST', '/v1/sign-in-links/redeem', { ticket });

  it('prints a link that signs in once, as start does', async () => {
    const { code, stdout, stderr } = await busbar('console', '--no-open');
    expect([code, stderr]).toEqual([0, '']);
    for (const link of [stdout, bus.consoleUrl]) {
      expect(link.startsWith(`${bus.url}/console/#ticket=`)).toBe(true);
      const { status, body } = await redeem(ticketOf(link));
      expect([status, body]).toEqual([201, expect.objectContaining({ role: 'admin' })]);
      expect((await bus.as(body.key)('GET', '/v1/me')).body).toMatchObject({ keyId: body.keyId });
      expect(await redeem(ticketOf(link))).toMatchObject({ status: 401, body: { code: 'unauthorized' } });
      const { entries } = (await bus.call('GET', `/v1/audit?application=${body.application}`)).body;
      expect(entries).toContainEqual(
        expect.objectContaining({
          call: 'POST /v1/sign-in-links/redeem',
          by: { application: body.application, keyId: body.keyId, role: 'admin' },
          change: { ticket: '(set)' },
        }),
      );
      expect(JSON.stringify(entries)).not.toContain('bbt_');
    }
  });
});
