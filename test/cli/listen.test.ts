import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { numbers } from '../corpus/numbers.ts';
import { runCli, startCli } from './run-cli.ts';
import { standInBus } from './stand-in-bus.ts';

let bus: Awaited<ReturnType<typeof standInBus>>;

beforeEach(async () => {
  bus = await standInBus();
  bus.topics.set('orders', {});
});
afterEach(() => bus.close());

const env = () => ({ BUSBAR_URL: bus.url, BUSBAR_KEY: bus.key });
const secret = `whsec_${Buffer.alloc(32, 3).toString('base64')}`;

/** Posts one delivery as the bus does, signed now with `key`. */
/** A producer's own text, which no program has parsed and printed. */
const withData = ({ data: _, ...event }: { readonly data: unknown }, dataText: string) =>
  `${JSON.stringify(event).slice(0, -1)},"data":${dataText}}`;

async function deliver(endpoint: string, key: string, dataText?: string): Promise<number> {
  const event = {
    specversion: '1.0',
    id: 'e1',
    source: '/shop',
    type: 'order.placed',
    data: { note: 'a\u001bb' },
  };
  const body = dataText === undefined ? JSON.stringify(event) : withData(event, dataText);
  const signedAt = new Date();
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/cloudevents+json',
      'webhook-id': 'dlv_1',
      'webhook-timestamp': String(Math.floor(signedAt.getTime() / 1000)),
      'webhook-signature': new Webhook(key).sign('dlv_1', signedAt, body),
      'busbar-topic': 'orders',
      'busbar-attempt': '2',
    },
    body,
  });
  return response.status;
}

async function listening(args: string[]) {
  const cli = startCli(['listen', '--port', '0', ...args], env());
  const [, endpoint = ''] = await cli.printed('stderr', /Listening on (\S+);/);
  return {
    ...cli,
    endpoint,
    async stop() {
      cli.child.kill('SIGINT');
      return cli.outcome;
    },
  };
}

describe('listen', () => {
  it('verifies and prints a delivery, and refuses one signed with another secret', async () => {
    const listener = await listening(['--secret', secret]);
    expect(await deliver(listener.endpoint, secret)).toBe(200);
    expect(await deliver(listener.endpoint, `whsec_${Buffer.alloc(32, 4).toString('base64')}`)).toBe(401);
    await listener.printed('stdout', /refused/);
    const { code, stdout, stderr } = await listener.stop();
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^\S+ {2}200 {2}orders {2}order\.placed {2}e1 {2}attempt 2 {2}\{"note":"a\\u001bb"\}\n/,
    );
    expect(stdout).toMatch(/refused 401 {2}signature-mismatch: /);
    expect(stderr).toContain('Stopped: 1 deliveries, 1 refused.');
  });

  it('prints numbers with their own characters', async () => {
    const listener = await listening(['--secret', secret, '--json']);
    const dataText = `[${numbers.join(',')}]`;
    await deliver(listener.endpoint, secret, dataText);
    const [line] = await listener.printed('stdout', /.+\n/);
    expect(line).toContain(`"data":${dataText}`);
    await listener.stop();
  });

  it('prints one line of JSON per delivery with --json', async () => {
    const listener = await listening(['--secret', secret, '--json']);
    await deliver(listener.endpoint, secret);
    const [line] = await listener.printed('stdout', /.+\n/);
    expect(JSON.parse(line)).toMatchObject({
      deliveryId: 'dlv_1',
      topic: 'orders',
      attempt: 2,
      verified: true,
      status: 200,
      event: { id: 'e1', type: 'order.placed' },
    });
    await listener.stop();
  });

  it('says that it does not verify without a secret, and still reads deliveries', async () => {
    const listener = await listening(['--json']);
    await listener.printed('stderr', /Signatures are not verified/);
    expect(await deliver(listener.endpoint, secret)).toBe(200);
    const [line] = await listener.printed('stdout', /.+\n/);
    expect(JSON.parse(line)).toMatchObject({ verified: false, event: { id: 'e1' } });
    await listener.stop();
  });

  it('answers with the given status, or fails the given fraction', async () => {
    const teapot = await listening(['--secret', secret, '--status', '418']);
    expect(await deliver(teapot.endpoint, secret)).toBe(418);
    await teapot.stop();
    const failing = await listening(['--secret', secret, '--fail-rate', '1']);
    expect(await deliver(failing.endpoint, secret)).toBe(500);
    await failing.stop();
  });

  it('creates its receiver and subscriptions, and verifies with the secret that it set', async () => {
    const listener = await listening(['--receiver', 'billing', '--topic', 'orders']);
    await listener.printed('stderr', /The receiver billing points here, subscribed to orders\./);
    const made = bus.receivers.get('billing');
    expect(made).toMatchObject({
      endpoint: listener.endpoint,
      secret: expect.stringMatching(/^whsec_.{44}$/),
    });
    expect(bus.subscriptions.get('orders/billing')).toBeDefined();
    expect(await deliver(listener.endpoint, String(made?.secret))).toBe(200);
    expect(await deliver(listener.endpoint, secret)).toBe(401);
    await listener.stop();
  });

  it('takes over a receiver with another endpoint only with --replace, and keeps its settings and filter', async () => {
    bus.receivers.set('billing', {
      receiver: 'billing',
      endpoint: 'https://b.example/',
      timeoutSeconds: 3,
      state: 'active',
    });
    bus.subscriptions.set('orders/billing', { filter: { type: ['a'] } });
    const args = ['--receiver', 'billing', '--topic', 'orders'];
    const refused = await runCli(['listen', '--port', '0', ...args], { env: env() });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('points to https://b.example/.\nPass --replace');
    const listener = await listening([...args, '--replace']);
    expect(bus.receivers.get('billing')).toMatchObject({ endpoint: listener.endpoint, timeoutSeconds: 3 });
    expect(bus.subscriptions.get('orders/billing')).toEqual({ filter: { type: ['a'] } });
    await listener.stop();
  });

  it('names the missing topic and the command that creates it', async () => {
    const args = ['listen', '--port', '0', '--receiver', 'billing', '--topic', 'news'];
    const { code, stderr } = await runCli(args, { env: env() });
    expect(code).toBe(1);
    expect(stderr).toContain('There is no topic "news".\nCreate it with `busbar topics put news`.');
  });

  it('says when its port is in use', async () => {
    const first = await listening([]);
    const { code, stderr } = await runCli(['listen', '--port', new URL(first.endpoint).port], { env: env() });
    expect(code).toBe(1);
    expect(stderr).toContain('is already in use.');
    await first.stop();
  });

  it('stops when nobody reads its output any more', async () => {
    const listener = await listening(['--secret', secret]);
    listener.child.stdout.destroy();
    await deliver(listener.endpoint, secret);
    expect((await listener.outcome).code).toBe(0);
  });
});
