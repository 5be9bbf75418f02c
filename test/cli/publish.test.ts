import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCli, startCli } from './run-cli.ts';
import { standInBus } from './stand-in-bus.ts';

let bus: Awaited<ReturnType<typeof standInBus>>;
let folder: string;

beforeEach(async () => {
  bus = await standInBus();
  bus.topics.set('orders', {});
  bus.receivers.set('billing', {});
  folder = await mkdtemp(join(tmpdir(), 'busbar-cli-'));
});
afterEach(async () => {
  await bus.close();
  await rm(folder, { recursive: true });
});

const env = () => ({ BUSBAR_URL: bus.url, BUSBAR_KEY: bus.key });
const publish = (args: string[], input = '') => runCli(['publish', ...args], { env: env(), input });

describe('one event', () => {
  it('is published from the command line with all options', async () => {
    const { code, stdout, stderr } = await publish(
      [
        'orders',
        '{"total": 5}',
        '--type',
        'order.placed',
        '--source',
        '/shop',
        '--id',
        'o-1',
        '--subject',
        'order-1',
      ].concat(['--time', '2026-03-01T12:00:00Z', '--delay', '10m']),
    );
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'orders: 1 scheduled.\n', stderr: '' });
    expect(bus.events).toEqual([
      {
        path: '/topics/orders/events',
        event: {
          type: 'order.placed',
          source: '/shop',
          id: 'o-1',
          subject: 'order-1',
          time: '2026-03-01T12:00:00Z',
          delaySeconds: 600,
          data: { total: 5 },
        },
      },
    ]);
  });

  it("prints the bus's answer with --json", async () => {
    const { stdout } = await publish(['orders', '{"type":"a","id":"o-1"}', '--json']);
    expect(JSON.parse(stdout)).toEqual({ events: [{ index: 0, id: 'o-1', status: 'accepted' }] });
  });

  it('is read from a file', async () => {
    await writeFile(join(folder, 'order.json'), '{\n  "total": 7\n}');
    expect((await publish(['orders', `@${folder}/order.json`, '--type', 'order.placed'])).code).toBe(0);
    expect(bus.events[0]?.event.data).toEqual({ total: 7 });
  });

  it('is sent to one receiver with --receiver, or with invoke', async () => {
    await publish(['--receiver', 'billing', '5', '--type', 'invoice.due']);
    await runCli(['invoke', 'billing', '6', '--type', 'invoice.due'], { env: env() });
    expect(bus.events.map(({ path, event }) => [path, event.data])).toEqual([
      ['/receivers/billing/events', 5],
      ['/receivers/billing/events', 6],
    ]);
  });

  it('exits with code 1 when it is rejected, and says why', async () => {
    const { code, stderr } = await publish(['orders', '{"type":"refused"}']);
    expect(code).toBe(1);
    expect(stderr).toContain('rejected: data does not match the schema of the topic. (invalid_event)');
  });

  it.each([
    [['orders', 'no json', '--type', 'a'], 'not valid JSON'],
    [['orders', '{"total": 5}'], '--type'],
    [['orders', '@missing.json', '--type', 'a'], 'Cannot read missing.json'],
    [['orders', '1', '--type', 'a', '--delay', '1h', '--deliver-at', '2027-01-01T00:00:00Z'], 'not both'],
    [['orders', '1', '--delay', 'soon'], '10m'],
    [['orders', '1', '--receiver', 'billing'], 'not both'],
    [[], 'Name the topic'],
  ])('exits with code 2 for %j', async (args, cause) => {
    const { code, stderr } = await publish(args);
    expect(code).toBe(2);
    expect(stderr).toContain(cause);
    expect(bus.requests).toEqual([]);
  });
});

describe('lines on standard input', () => {
  it('are sent in requests of at most 100 events, with limited concurrency', async () => {
    const lines = Array.from({ length: 5000 }, (_, n) =>
      JSON.stringify({ type: 'order.placed', id: `o-${n}`, data: n }),
    );
    const { code, stdout, stderr } = await publish(['orders', '--concurrency', '3'], lines.join('\n'));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^orders: 5,000 accepted in \d/);
    expect(new Set(bus.events.map(({ event }) => event.id)).size).toBe(5000);
    expect(bus.mostUnderWay()).toBeLessThanOrEqual(3);
    for (const request of bus.requests) {
      expect((JSON.parse(request.body) as unknown[]).length).toBeLessThanOrEqual(100);
    }
    expect(bus.requests.length).toBeLessThan(150);
  });

  it('may be shorthand, CloudEvents or, with --type, data', async () => {
    const input =
      '{"type":"own","data":1}\r\n\n{"specversion":"1.0","type":"whole","id":"w","source":"/s","shop":"b"}\n';
    await publish(['orders'], input);
    await publish(['orders', '-', '--type', 'given'], '{"type":"only data"}\n"text"');
    const stored = bus.events.map(({ event }) => [event.type, event.data]).sort();
    expect(stored).toEqual([
      ['given', { type: 'only data' }],
      ['given', 'text'],
      ['own', 1],
      ['whole', undefined],
    ]);
  });

  it('keep numbers that JavaScript would round', async () => {
    const numbers = '{"id":12345678901234567890,"price":1.10}';
    await publish(['orders', '--type', 'order.placed'], numbers);
    expect(bus.requests[0]?.body).toContain(`"data":${numbers}`);
  });

  it('in a file named without @ cause a hint how to write it', async () => {
    const { code, stderr } = await publish(['orders', 'events.ndjson']);
    expect(code).toBe(2);
    expect(stderr).toContain('To publish a file, write @events.ndjson.');
    expect(bus.requests).toEqual([]);
  });

  it('that are rejected are printed with number and reason, and kept in the file for another run', async () => {
    const input = ['{"type":"a"}', '{"type":"refused"}', 'not json', '{"no":"type"}', '{"type":"b"}'].join(
      '\n',
    );
    const again = join(folder, 'again.ndjson');
    const { code, stdout, stderr } = await publish(['orders', '--rejected', again], input);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^orders: 2 accepted, 3 rejected/);
    expect(stderr).toContain(
      'line 2: rejected: data does not match the schema of the topic. (invalid_event)',
    );
    expect(stderr).toContain('line 3: rejected: It is not valid JSON');
    expect(stderr).toContain('line 4: rejected: It is not an event');
    const kept = (await readFile(again, 'utf8')).trimEnd().split('\n');
    expect(kept.sort()).toEqual(['not json', '{"no":"type"}', '{"type":"refused"}']);
  });

  it('that are longer than a request are rejected without being kept in memory, and later lines are published', async () => {
    const { stderr, stdout } = await publish(['orders'], `"${'x'.repeat(3_000_000)}"\n{"type":"after"}`);
    expect(stderr).toContain('line 1: rejected: The line is longer than 1000000 bytes.');
    expect(stdout).toMatch(/1 accepted, 1 rejected/);
  });

  it('print one answer per request with --json, each entry with its line', async () => {
    const { stdout } = await publish(['orders', '--json'], '{"type":"a"}\nnot json\n{"type":"refused"}');
    const entries = stdout
      .trimEnd()
      .split('\n')
      .flatMap((line) => (JSON.parse(line) as { events: Record<string, unknown>[] }).events);
    const byLine = entries.sort((a, b) => Number(a.line) - Number(b.line));
    expect(byLine).toMatchObject([
      { line: 1, status: 'accepted' },
      { line: 2, status: 'rejected', code: 'invalid_line' },
      { line: 3, status: 'rejected', code: 'invalid_event' },
    ]);
  });

  it('are sent as soon as the input pauses, and not only when a request is full', async () => {
    const { child, outcome, printed } = startCli(['publish', 'orders', '--json'], env());
    child.stdin.write('{"type":"a","id":"first"}\n');
    await printed('stdout', /"first"/);
    child.stdin.end('{"type":"a","id":"second"}\n');
    expect((await outcome).code).toBe(0);
    expect(bus.events.map(({ event }) => event.id)).toEqual(['first', 'second']);
  });

  it('exit with code 1 when there are none', async () => {
    const { code, stderr } = await publish(['orders'], '\n\n');
    expect(code).toBe(1);
    expect(stderr).toContain('nothing to publish');
  });
});

describe('publish', () => {
  it('waits as long as Retry-After says, and publishes each event once', async () => {
    bus.troubles.push({ status: 429, headers: { 'retry-after': '1' }, body: { detail: 'Too many.' } });
    const { code, stdout, stderr } = await publish(['orders'], '{"type":"a"}\n{"type":"b"}\n');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^orders: 2 accepted/);
    expect(stderr).toContain('429: Too many. Trying again in 1.0 s.');
    const [first, second] = bus.requests;
    expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThanOrEqual(990);
    expect(bus.events.length).toBe(2);
  });

  it('keeps unanswered events with their ids, so that another run stores none of them twice', async () => {
    const again = join(folder, 'again.ndjson');
    for (let n = 0; n < 6; n++) bus.troubles.push({ status: 503, headers: { 'retry-after': '0' } });
    const args = ['orders', '--type', 'a', '--concurrency', '1', '--rejected', again];
    const failed = await publish(args, '1\n2\n3\n');
    expect(failed.code).toBe(1);
    expect(failed.stdout).toMatch(/^orders: 3 unanswered/);
    expect(failed.stderr).toContain('The bus answered 503');
    const ids = (await readFile(again, 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { id: string }).id);
    const second = await publish(['orders', '--type', 'a'], await readFile(again, 'utf8'));
    expect(second.stdout).toMatch(/^orders: 3 accepted/);
    expect(bus.events.map(({ event }) => [event.id, event.data])).toEqual(ids.map((id, n) => [id, n + 1]));
  });

  it('stops reading when the bus refuses a request, and keeps everything that it has read', async () => {
    bus.topics.clear();
    const again = join(folder, 'again.ndjson');
    const lines = Array.from({ length: 5000 }, (_, n) => `{"type":"a","data":${n + 1}}\n`).join('');
    const { code, stdout, stderr } = await publish(
      ['orders', '--concurrency', '1', '--rejected', again],
      lines,
    );
    expect(code).toBe(1);
    expect(bus.requests.length).toBe(1);
    expect(stdout).toMatch(/^orders: 100 not stored, [\d,]+ unsent/);
    expect(stderr).toContain('There is no topic "orders".\nCreate it with `busbar topics put orders`.');
    const last = Number(/lines after line (\d+) were not read\./.exec(stderr)?.[1]);
    const kept = (await readFile(again, 'utf8')).trimEnd().split('\n');
    expect(kept.map((line) => (JSON.parse(line) as { data: number }).data)).toEqual(
      Array.from({ length: last }, (_, n) => n + 1),
    );
  });

  it('to an unknown topic lists the ids of the events that were not stored', async () => {
    bus.topics.clear();
    const one = await publish(['orders', '1', '--type', 'a', '--id', 'o-1']);
    expect(one).toEqual({
      code: 1,
      stdout: 'orders: 1 not stored.\n',
      stderr:
        'not stored: o-1\nbusbar: There is no topic "orders".\nCreate it with `busbar topics put orders`.\n',
    });
    const lines = Array.from({ length: 12 }, (_, n) => `{"type":"a","id":"o-${n + 1}"}\n`).join('');
    const { stderr } = await publish(['orders'], lines);
    expect(stderr).toContain('line 1: not stored: o-1\nline 2: not stored: o-2\n');
    expect(stderr).toContain(
      'line 10: not stored: o-10\n… and 2 more; --rejected <file> keeps all of them\n',
    );
  });

  it('without an answer lists the ids of the events as unanswered', async () => {
    for (let n = 0; n < 3; n++) bus.troubles.push({ status: 503, headers: { 'retry-after': '0' } });
    const { stdout, stderr } = await publish(['orders', '1', '--type', 'a', '--id', 'o-1']);
    expect(stdout).toBe('orders: 1 unanswered.\n');
    expect(stderr).toContain('\nunanswered: o-1\n');
  });

  it('finishes the current requests on Ctrl-C, and says how many events were stored', async () => {
    const { child, outcome, printed } = startCli(['publish', 'orders'], env());
    let answerIt = () => {};
    const arrived = new Promise<void>((resolve) => {
      bus.gates.push(() => {
        resolve();
        return new Promise<void>((open) => {
          answerIt = open;
        });
      });
    });
    child.stdin.write('{"type":"a"}\n');
    await arrived;
    child.kill('SIGINT');
    await printed('stderr', /Stopping/);
    answerIt();
    const { code, stdout } = await outcome;
    expect(code).toBe(130);
    expect(stdout).toMatch(/^orders: 1 accepted/);
  });

  it('aborts the current requests on a second Ctrl-C, and reports their events as unanswered', async () => {
    const { child, outcome, printed } = startCli(['publish', 'orders'], env());
    const arrived = new Promise<void>((resolve) => {
      bus.gates.push(() => new Promise<void>(() => resolve()));
    });
    child.stdin.write('{"type":"a"}\n');
    await arrived;
    child.kill('SIGINT');
    await printed('stderr', /Stopping/);
    child.kill('SIGINT');
    const { code, stdout } = await outcome;
    expect(code).toBe(130);
    expect(stdout).toMatch(/^orders: 1 unanswered/);
  });

  it('exits with code 3 when no bus answers, and says how to start one', async () => {
    await bus.close();
    const { code, stderr } = await publish(['orders', '{"type":"a"}']);
    expect(code).toBe(3);
    expect(stderr).toContain(
      `No bus answers at ${bus.url} (ECONNREFUSED).\nStart a bus with \`npm start\`, or pass --url`,
    );
  });

  it('exits with code 1 for a wrong key, and says how to pass one', async () => {
    const { code, stderr } = await publish(['orders', '{"type":"a"}', '--key', 'wrong']);
    expect(code).toBe(1);
    expect(stderr).toContain(
      'The key is missing or unknown.\nPass a key of this bus in BUSBAR_KEY or with --key-file',
    );
  });
});
