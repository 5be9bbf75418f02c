import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCli } from './run-cli.ts';
import { scriptedBus } from './scripted-bus.ts';

let bus: Awaited<ReturnType<typeof scriptedBus>>;

beforeEach(async () => {
  bus = await scriptedBus();
});
afterEach(() => bus.close());

const calls = () => bus.requests.map(({ call }) => call);

describe('transactions', () => {
  const event = { state: 'open', type: 'order.placed', topic: 'orders', deliverAt: 'x' };

  it('are listed by application and id, with what they would publish and where', async () => {
    bus.answerWith({
      events: [
        { ...event, id: '1', transaction: 't1', application: 'shop' },
        { ...event, id: '2', transaction: 't1', application: 'shop', topic: 'stock' },
        { ...event, id: '3', transaction: 't1', application: 'crm', type: 'customer.new' },
      ],
    });
    const { stdout } = await bus.run('transactions', 'list', '--topic', 'orders');
    expect(stdout.split('\n')).toEqual([
      'TRANSACTION  APPLICATION  EVENTS  TO             TYPES',
      't1           shop         2       orders, stock  order.placed',
      't1           crm          1       orders         customer.new',
      '',
    ]);
    expect(calls()).toEqual(['GET /v1/events?state=open&topic=orders&limit=1000']);
    const asJson = await bus.run('transactions', 'list', '--json', '--limit', '5');
    expect(JSON.parse(asJson.stdout).transactions).toMatchObject([
      { transaction: 't1', application: 'shop', events: [{ id: '1' }, { id: '2' }] },
      { transaction: 't1', application: 'crm', events: [{ id: '3' }] },
    ]);
  });

  it('are shown, committed and rolled back, whatever their ids contain', async () => {
    await bus.run('transactions', 'get', 'shop.a/b');
    expect((await bus.run('transactions', 'commit', 't1')).stdout).toBe('The transaction t1 is committed.\n');
    await bus.run('transactions', 'rollback', 't1');
    expect(calls()).toEqual([
      'GET /v1/transactions/shop.a%2Fb',
      'POST /v1/transactions/t1/commit',
      'POST /v1/transactions/t1/rollback',
    ]);
  });

  it('of other applications need their names, as the error says', async () => {
    bus.answer({ status: 404, body: { code: 'unknown_transaction', detail: 'There is none.' } });
    expect((await bus.run('transactions', 'get', 't1')).stderr).toContain('<application>.<id>');
  });
});

describe('refused events', () => {
  it('are listed, shown, tried again and deleted', async () => {
    bus.answerWith({
      refused: [{ id: 'ref_1', application: 'shop', code: 'unknown_topic', detail: 'Gone.' }],
    });
    const { stdout } = await bus.run('refused', 'list');
    expect(stdout).toContain('ref_1');
    expect(stdout).toContain('unknown_topic');
    bus.answerWith({});
    await bus.run('refused', 'show', 'ref_1');
    await bus.run('refused', 'retry', 'ref_1');
    bus.answer({ status: 204 });
    expect((await bus.run('refused', 'delete', 'ref_1')).stdout).toBe('ref_1 is deleted.\n');
    expect(calls()).toEqual([
      'GET /v1/refused?limit=1000',
      'GET /v1/refused/ref_1',
      'POST /v1/refused/ref_1/retry',
      'DELETE /v1/refused/ref_1',
    ]);
  });
});

describe('errors with --json', () => {
  const of = async (...args: string[]) => {
    const { code, stdout, stderr } = await bus.run(...args);
    const lines = stderr.split('\n');
    expect([stdout, lines.length, lines[1]]).toEqual(['', 2, '']);
    return { code, problem: JSON.parse(lines[0] ?? '') as Record<string, unknown> };
  };

  it('are the problem document of the bus, with the exit code and what helps', async () => {
    const problem = {
      type: 'urn:busbar:problem:unknown_topic',
      title: 'There is no such topic',
      status: 404,
      detail: 'There is no topic orders\u001b[2J.',
      code: 'unknown_topic',
      errors: [{ path: 'topic', detail: 'x' }],
    };
    bus.answer({ status: 404, body: problem });
    expect(await of('topics', 'get', 'orders', '--json')).toEqual({
      code: 1,
      problem: {
        ...problem,
        detail: 'There is no topic orders\ufffd[2J.',
        exitCode: 1,
        solution: 'Create it with `busbar topics put orders`.',
      },
    });
  });

  it('are JSON for a command line that is wrong, in whatever way', async () => {
    for (const [args, detail] of [
      [['nope'], /unknown command 'nope'/],
      [['topics'], /where a command is due/],
      [['topics', 'put'], /missing required argument 'topic'/],
      [['topics', 'put', 'x', '--trace', 'some'], /Allowed choices/],
      [['topics', 'update', 'x'], /nothing to change/],
    ] as const) {
      const { code, problem } = await of(...args, '--json');
      expect([code, problem.exitCode]).toEqual([2, 2]);
      expect(problem.detail).toMatch(detail);
    }
    expect(bus.requests).toEqual([]);
  });

  it('are JSON without a bus', async () => {
    const { code, stderr } = await runCli(['--json', 'topics', 'list', '--url', 'http://127.0.0.1:1']);
    expect([code, JSON.parse(stderr)]).toEqual([
      3,
      expect.objectContaining({ code: 'unreachable', exitCode: 3 }),
    ]);
  });
});

describe('--version', () => {
  it('prints the version', async () => {
    const { default: packageJson } = await import('../../package.json', { with: { type: 'json' } });
    expect(await runCli(['--version'])).toEqual({ code: 0, stdout: `${packageJson.version}\n`, stderr: '' });
  });
});
