import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCli, startCli } from './run-cli.ts';
import { standInBus } from './stand-in-bus.ts';

let bus: Awaited<ReturnType<typeof standInBus>>;
let folder: string;

beforeEach(async () => {
  bus = await standInBus();
  folder = await mkdtemp(join(tmpdir(), 'busbar-cli-'));
});
afterEach(async () => {
  await bus.close();
  await rm(folder, { recursive: true });
});

const busbar = (...args: string[]) => runCli(args, { env: { BUSBAR_URL: bus.url, BUSBAR_KEY: bus.key } });

describe('topics', () => {
  it('are created with all options, listed in aligned columns, shown and deleted', async () => {
    await writeFile(join(folder, 'schema.json'), '{"type":"object"}');
    await busbar('topics', 'put', 'orders', '--owner', 'shop', '--description', 'What customers order').then(
      (put) => expect(put).toEqual({ code: 0, stdout: 'Topic orders is saved.\n', stderr: '' }),
    );
    await busbar(
      'topics',
      'put',
      'n',
      '--schema',
      `@${folder}/schema.json`,
      '--dedup',
      '10m',
      '--trace',
      'all',
      '--ordered',
      'account',
    );
    expect(bus.topics.get('n')).toEqual({
      topic: 'n',
      schema: { type: 'object' },
      dedupSeconds: 600,
      trace: 'all',
      ordered: { by: 'account' },
    });
    expect((await busbar('topics', 'list')).stdout).toBe(
      [
        'TOPIC   OWNER  DEDUP (S)  TRACE  ORDERED BY  SCHEMA  DESCRIPTION',
        'orders  shop                                         What customers order',
        'n              600        all    account     yes',
        '',
      ].join('\n'),
    );
    expect((await busbar('topics', 'get', 'orders')).stdout).toContain('owner        shop\n');
    await busbar('topics', 'put', 'ledger', '--ordered');
    expect(bus.topics.get('ledger')).toEqual({ topic: 'ledger', ordered: true });
    await busbar('topics', 'delete', 'ledger');
    expect((await busbar('topics', 'delete', 'orders')).stdout).toBe('Topic orders is deleted.\n');
    expect([...bus.topics.keys()]).toEqual(['n']);
  });

  it("are printed as the bus's answer with --json, before or after the command", async () => {
    bus.topics.set('orders', { topic: 'orders', owner: 'shop' });
    for (const args of [
      ['--json', 'topics', 'list'],
      ['topics', 'list', '--json'],
    ]) {
      expect(JSON.parse((await busbar(...args)).stdout)).toEqual({
        topics: [{ topic: 'orders', owner: 'shop' }],
      });
    }
  });

  it('are listed page by page, up to a limit', async () => {
    for (let n = 1; n <= 1005; n++) bus.topics.set(`t${n}`, { topic: `t${n}` });
    const all = JSON.parse((await busbar('topics', 'list', '--json')).stdout);
    expect(all).not.toHaveProperty('cursor');
    expect(all.topics).toHaveLength(1005);
    expect(bus.requests.map(({ path }) => path)).toEqual([
      '/topics?limit=1000',
      '/topics?limit=1000&cursor=1000',
    ]);
    const some = await busbar('topics', 'list', '--limit', '2', '--cursor', '1000');
    expect(some.stdout).toBe('TOPIC\nt1001\nt1002\n');
    expect(some.stderr).toBe('More: --cursor 1002\n');
  });

  it('are changed in single settings, which leaves the others', async () => {
    bus.topics.set('orders', { topic: 'orders', owner: 'shop', dedupSeconds: 60, trace: 'all' });
    const update = await busbar('topics', 'update', 'orders', '--description', 'x', '--unset', 'trace');
    expect(update).toEqual({ code: 0, stdout: 'Topic orders is changed.\n', stderr: '' });
    expect(bus.topics.get('orders')).toEqual({
      topic: 'orders',
      owner: 'shop',
      dedupSeconds: 60,
      description: 'x',
    });
    expect(bus.requests.at(-1)).toMatchObject({ method: 'PATCH', path: '/topics/orders' });
    expect((await busbar('topics', 'update', 'orders')).code).toBe(2);
  });

  it('are deleted with their subscriptions only when that is said', async () => {
    bus.topics.set('orders', { topic: 'orders' });
    for (const receiver of ['billing', 'crm']) {
      bus.subscriptions.set(`orders/${receiver}`, { topic: 'orders', receiver });
    }
    const refused = await busbar('topics', 'delete', 'orders');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toBe(
      'busbar: Topic orders has 2 subscriptions: billing, crm. Nothing is deleted.\nPass --yes to end what is subscribed as well.\n',
    );
    expect(bus.topics.has('orders')).toBe(true);
    expect((await busbar('topics', 'delete', 'orders', '--yes')).stdout).toBe(
      'Topic orders is deleted, with its 2 subscriptions: billing, crm.\n',
    );
    expect(bus.requests.at(-1)?.path).toBe('/topics/orders');
    bus.topics.set('orders', { topic: 'orders' });
    await busbar('topics', 'delete', 'orders', '--force');
    expect(bus.requests.at(-1)?.path).toBe('/topics/orders?force=true');
  });

  it('that do not exist cause a hint how to create them', async () => {
    const { code, stderr } = await busbar('topics', 'get', 'nowhere');
    expect(code).toBe(1);
    expect(stderr).toBe(
      'busbar: There is no topic "nowhere".\nCreate it with `busbar topics put nowhere`.\n',
    );
  });

  it('are printed without the escape sequences in their fields', async () => {
    bus.topics.set('orders', { topic: 'orders', description: '\u001b[2Jgone' });
    expect((await busbar('topics', 'list')).stdout).not.toContain('\u001b');
  });
});

describe('receivers', () => {
  it('are changed in single settings, of which a part may be unset', async () => {
    bus.receivers.set('billing', {
      receiver: 'billing',
      endpoint: 'https://b.example/in',
      limits: { concurrency: 3, perSecond: 9 },
      retry: { delaysSeconds: [1] },
    });
    const update = await busbar(
      ...['receivers', 'update', 'billing', '--per-second', '5', '--unset', 'limits.concurrency'],
      ...['--business-failures', 'dead-letter', '--header', 'X-Team: billing'],
    );
    expect(update).toEqual({ code: 0, stdout: 'Receiver billing is changed.\n', stderr: '' });
    expect(bus.receivers.get('billing')).toEqual({
      receiver: 'billing',
      endpoint: 'https://b.example/in',
      limits: { perSecond: 5 },
      retry: { delaysSeconds: [1], businessFailures: 'dead-letter' },
      headers: { 'X-Team': 'billing' },
    });
  });

  it('are deleted with their subscriptions only when that is said', async () => {
    bus.receivers.set('billing', { receiver: 'billing', endpoint: 'https://b.example/in' });
    bus.subscriptions.set('orders/billing', { topic: 'orders', receiver: 'billing' });
    const refused = await busbar('receivers', 'delete', 'billing');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('Receiver billing has a subscription: orders. Nothing is deleted.\n');
    expect((await busbar('receivers', 'delete', 'billing', '--yes')).stdout).toBe(
      'Receiver billing is deleted, with its subscription: orders.\n',
    );
    expect(bus.receivers.has('billing')).toBe(false);
  });

  it('are created with every setting of the contract, and show their secret once', async () => {
    const { stdout } = await busbar(
      ...[
        'receivers',
        'put',
        'billing',
        '--endpoint',
        'https://b.example/in',
        '--format',
        'binary',
        '--timeout',
        '20s',
      ],
      ...[
        '--retry',
        '5s,1m,2h',
        '--concurrency',
        '20',
        '--per-second',
        '0.5',
        '--per-type',
        '3',
        '--owner',
        'shop',
      ],
      ...['--header', 'X-Team: billing', '--header', 'X-Key: a:b'],
    );
    expect(stdout).toContain('Its signing secret, which is not shown again, is whsec_');
    expect(bus.receivers.get('billing')).toMatchObject({
      endpoint: 'https://b.example/in',
      owner: 'shop',
      format: 'binary',
      timeoutSeconds: 20,
      retry: { delaysSeconds: [5, 60, 7200] },
      limits: { concurrency: 20, perSecond: 0.5, perType: 3 },
      headers: { 'X-Team': 'billing', 'X-Key': 'a:b' },
    });
    const again = await busbar('receivers', 'put', 'billing', '--endpoint', 'https://b.example/in');
    expect(again.stdout).toBe('Receiver billing is saved.\n');
    expect((await busbar('receivers', 'list')).stdout).toContain('billing   https://b.example/in');
  });

  it('that have waiting events are deleted only with --force', async () => {
    bus.receivers.set('billing', { receiver: 'billing' });
    bus.troubles.push({
      status: 409,
      body: { code: 'in_use', detail: 'About 7 events wait in its queues.' },
    });
    const refused = await busbar('receivers', 'delete', 'billing');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(
      'About 7 events wait in its queues.\n`busbar receivers delete billing --force`',
    );
    expect((await busbar('receivers', 'delete', 'billing', '--force')).code).toBe(0);
    expect(bus.requests.at(-1)?.path).toBe('/receivers/billing?force=true');
  });

  it('get a new secret, which is shown once, with the time until which the earlier ones sign', async () => {
    const answer = {
      receiver: 'billing',
      secret: 'whsec_new',
      earlierSecrets: [{ until: '2026-01-02T00:00:00.000Z' }],
    };
    bus.troubles.push({ status: 200, body: answer });
    const rotated = await busbar('receivers', 'rotate-secret', 'billing', '--overlap', '24h');
    expect(rotated).toEqual({
      code: 0,
      stdout:
        'Receiver billing has a new secret, which is not shown again: whsec_new\nEarlier secrets sign, too, until 2026-01-02T00:00:00.000Z.\n',
      stderr: '',
    });
    expect(bus.requests.at(-1)).toMatchObject({
      method: 'POST',
      path: '/receivers/billing/rotate-secret',
      body: '{"overlapSeconds":86400}',
    });
    bus.troubles.push({ status: 200, body: { receiver: 'billing' } });
    const ended = await busbar(
      'receivers',
      'rotate-secret',
      'billing',
      '--secret',
      'whsec_x',
      '--overlap',
      '0',
    );
    expect(ended.stdout).toBe(
      'Receiver billing already has this secret. No earlier secret signs any more.\n',
    );
  });

  it.each([
    [{ state: 'granted' }, 'The endpoint of billing agreed to any number of requests per minute.\n'],
    [
      { state: 'granted', allowedRatePerMinute: 60 },
      'The endpoint of billing agreed to 60 requests per minute.\n',
    ],
    [
      { state: 'refused', detail: 'It is gone.' },
      'The endpoint of billing refused, so its events wait. It is gone.\n',
    ],
    [
      { state: 'pending', detail: 'It answered 405.' },
      'The endpoint of billing has not agreed yet. Its events wait, and the bus asks again. It answered 405.\n',
    ],
  ])('are validated again, with the result %j', async (validation, message) => {
    bus.troubles.push({ status: 200, body: { receiver: 'billing', validation } });
    expect(await busbar('receivers', 'validate', 'billing')).toEqual({
      code: 0,
      stdout: message,
      stderr: '',
    });
    expect(bus.requests.at(-1)).toMatchObject({ method: 'POST', path: '/receivers/billing/validate' });
  });

  it('are created with the handshake, or as a topic of RocketMQ', async () => {
    await busbar(
      'receivers',
      'put',
      'billing',
      '--endpoint',
      'https://b.example/in',
      '--validate',
      'handshake',
    );
    expect(bus.receivers.get('billing')).toMatchObject({ validate: 'handshake' });
    const neither = await busbar('receivers', 'put', 'billing', '--timeout', '5');
    expect(neither.stderr).toContain('A receiver is an endpoint or a topic of RocketMQ.');
    expect(neither.code).toBe(2);
    const rocketmq = { endpoint: 'mq.example.com:8081', topic: 'Orders' };
    bus.troubles.push({ status: 201, body: { receiver: 'legacy', rocketmq } });
    expect((await busbar('receivers', 'put', 'legacy', '--rocketmq', JSON.stringify(rocketmq))).code).toBe(0);
    expect(JSON.parse(bus.requests.at(-1)?.body ?? '')).toEqual({ rocketmq });
    const wrong = await busbar('receivers', 'put', 'billing', '--endpoint', 'https://b/', '--validate', 'x');
    expect(wrong.code).toBe(2);
  });

  it('need an endpoint', async () => {
    const { code, stderr } = await busbar('receivers', 'put', 'billing');
    expect(code).toBe(2);
    expect(stderr).toContain('--endpoint');
  });
});

describe('subscriptions', () => {
  it('are created with a filter, listed, shown and deleted', async () => {
    bus.topics.set('orders', { topic: 'orders' });
    bus.receivers.set('billing', { receiver: 'billing' });
    const filter = '{"type":["order.placed"]}';
    expect((await busbar('subscriptions', 'put', 'orders', 'billing', '--filter', filter)).code).toBe(0);
    expect((await busbar('subscriptions', 'list', 'orders')).stdout).toBe(
      `TOPIC   RECEIVER  FILTER\norders  billing   ${filter}\n`,
    );
    expect((await busbar('subscriptions', 'get', 'orders', 'billing')).stdout).toContain(filter);
    expect((await busbar('subscriptions', 'delete', 'orders', 'billing')).code).toBe(0);
    const empty = await busbar('subscriptions', 'list', 'orders');
    expect(empty).toEqual({ code: 0, stdout: '', stderr: 'There are no subscriptions.\n' });
  });

  it('name the missing receiver', async () => {
    bus.topics.set('orders', {});
    const { code, stderr } = await busbar('subscriptions', 'put', 'orders', 'billing');
    expect(code).toBe(1);
    expect(stderr).toContain('Create it with `busbar receivers put billing --endpoint <url>`.');
  });
});

describe('the key', () => {
  const keyOf = async (env: Record<string, string>, ...args: string[]) =>
    (await runCli(['topics', 'list', ...args], { env: { BUSBAR_URL: bus.url, ...env } })).code === 0;

  it('comes from --key, BUSBAR_KEY, BUSBAR_ADMIN_KEY and the local key file, in this order', async () => {
    await writeFile(join(folder, 'admin.key'), `${bus.key}\n`);
    expect(await keyOf({ BUSBAR_KEY: 'wrong', BUSBAR_ADMIN_KEY: 'wrong' }, '--key', bus.key)).toBe(true);
    expect(await keyOf({ BUSBAR_KEY: bus.key, BUSBAR_ADMIN_KEY: 'wrong' })).toBe(true);
    expect(await keyOf({ BUSBAR_ADMIN_KEY: bus.key, BUSBAR_DATA: '/nonexistent' })).toBe(true);
    expect(await keyOf({ BUSBAR_DATA: folder })).toBe(true);
    expect(await keyOf({ BUSBAR_DATA: folder, BUSBAR_KEY: 'wrong' })).toBe(false);
    expect(await keyOf({})).toBe(false);
  });
});

describe('a key or secret', () => {
  it('comes from a file or standard input, which the process list does not show', async () => {
    const file = join(folder, 'the.key');
    await writeFile(file, `${bus.key}\n`);
    const env = { BUSBAR_URL: bus.url, BUSBAR_KEY: 'wrong' };
    expect((await runCli(['topics', 'list', '--key-file', file], { env })).code).toBe(0);
    const piped = await runCli(['topics', 'list', '--key-file', '-'], { env, input: `${bus.key}\n` });
    expect(piped.code).toBe(0);
    const missing = await runCli(['topics', 'list', '--key-file', join(folder, 'none')], { env });
    expect([missing.code, missing.stderr]).toEqual([2, expect.stringContaining('Cannot read the key from')]);
    const secret = `whsec_${Buffer.alloc(32, 3).toString('base64')}`;
    await writeFile(file, `${secret}\n`);
    const put = ['receivers', 'put', 'billing', '--endpoint', 'https://a.test', '--secret', `@${file}`];
    expect((await busbar(...put)).code).toBe(0);
    expect(bus.receivers.get('billing')).toMatchObject({ secret });
  });

  it('is not offered as an argument, and one given so is soon gone from the process list', async () => {
    expect((await busbar('--help')).stdout).not.toMatch(/--key /);
    const secret = `whsec_${Buffer.alloc(32, 3).toString('base64')}`;
    const { child, outcome, printed } = startCli([
      'listen',
      '--port',
      '0',
      '--key',
      'a-key',
      '--secret',
      secret,
    ]);
    await printed('stderr', /Listening/);
    if (process.platform === 'linux') {
      const shown = await readFile(`/proc/${child.pid}/cmdline`, 'utf8');
      expect([shown.includes('a-key'), shown.includes(secret)]).toEqual([false, false]);
    }
    child.kill('SIGINT');
    expect((await outcome).code).toBe(0);
  });
});

describe('the command line', () => {
  it('exits with code 2 for an unknown command, and suggests a similar one', async () => {
    const { code, stderr } = await busbar('topic', 'list');
    expect(code).toBe(2);
    expect(stderr).toContain('Did you mean topics?');
  });

  it('exits with code 2 for an invalid URL', async () => {
    const { code, stderr } = await busbar('topics', 'list', '--url', 'nonsense');
    expect(code).toBe(2);
    expect(stderr).toContain('nonsense');
  });

  it.each([
    [[]],
    [['publish']],
    [['listen']],
    [['topics']],
    [['receivers']],
    [['subscriptions']],
    [['start']],
  ])('prints help for %j with --help', async (command: string[]) => {
    const { code, stdout, stderr } = await busbar(...command, '--help');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/Usage: busbar/);
    expect(stdout).toMatch(/Examples:|Environment:/);
  });

  it('also starts from its JavaScript entry', async () => {
    const entry = fileURLToPath(new URL('../../bin/busbar.js', import.meta.url));
    const stdout = await new Promise<string>((resolve, reject) =>
      execFile(process.execPath, [entry, '--help'], (error, out) => (error ? reject(error) : resolve(out))),
    );
    expect(stdout).toContain('Usage: busbar');
  });
});
