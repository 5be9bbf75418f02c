import { expect, onTestFinished, vi } from 'vitest';
import type { HttpResult } from '../../lib/core/kernel/http-result.ts';
import { sleep } from '../../lib/core/kernel/sleep.ts';
import { assembly } from '../../lib/local/assembly.ts';
import type { HttpRequest } from '../../lib/runtime/http/http.ts';
import { virtualClock } from '../../lib/stand-in/clock.ts';
import type { Input, Operation, Output, Service } from '../../lib/stand-in/engines/engine.ts';
import { root } from '../../lib/stand-in/engines/engine.ts';
import { seededRandom } from '../../lib/stand-in/random.ts';
import { startTestBus } from '../local/test-bus.ts';
import { MemoryBroker } from '../rocketmq/memory-broker.ts';

type Handle = (input: Input, next: () => Output | Promise<Output>) => Output | Promise<Output>;
/** How an endpoint answers: a status, or all of it. */
type Endpoint = (request: HttpRequest) => number | HttpResult;

const key = 'admin-key-of-this-test';

// Hours of the bus are seconds here, and more of them beside other suites on a busy machine.
vi.setConfig({ testTimeout: 180_000 });

/**
 * The app as it is deployed, with its roles, under a virtual clock: what takes the bus minutes is over at once, and what
 * a role may not do is refused. A test that makes a function do what it seldom does keeps its grants honest.
 */
export async function startWorld() {
  const clock = virtualClock(Date.parse('2026-01-01T00:00:00Z'));
  const lines: string[] = [];
  const requests: HttpRequest[] = [];
  const endpoints = new Map<string, Endpoint>();
  const broker = new MemoryBroker(clock);
  let sendMs = 0;
  const bus = await startTestBus(assembly.outDirectory, {
    clock,
    clients: {
      rocketmq: {
        openConsumer: (access, options) => broker.openConsumer(access, options),
        async openProducer(access, options) {
          // A broker that is slow to answer is slow to let in as well.
          if (sendMs > 0) await sleep(clock, sendMs);
          return await broker.openProducer(access, options);
        },
      },
    },
    random: seededRandom(5),
    parameters: { Endpoints: 'any', EndpointPorts: 'any' },
    awsMaxAttempts: 1,
    recreateQueueAfterMs: 0,
    log: (level, message, fields) => void lines.push(`${level}: ${message} ${JSON.stringify(fields ?? {})}`),
    http: {
      async send(request) {
        requests.push(request);
        const outcome = endpoints.get(new URL(request.url).hostname)?.(request) ?? 204;
        return typeof outcome === 'number'
          ? { kind: 'answer', status: outcome, headers: {}, body: '' }
          : outcome;
      },
    },
  });
  onTestFinished(() => {
    // What a role was not granted shows here, also where the bus bears it.
    expect(lines.filter((line) => /not authorized/.test(line))).toEqual([]);
  });

  /** Time passes slowly enough for what takes real turns of the loop, such as the first call of an SDK client. */
  async function pass(seconds: number): Promise<void> {
    for (let left = seconds; left > 0; left--) {
      for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
      await clock.advance(Math.min(1, left) * 1000);
    }
  }

  /** Lets time pass until `work` is done: a function that waits for a moment waits for this clock. */
  async function settled<Result>(work: Promise<Result>): Promise<Result> {
    let done = false;
    const finish = () => {
      done = true;
    };
    work.then(finish, finish);
    // The first call of an SDK reads files, which takes real turns of the loop: time passes slowly here.
    for (let passedMs = 0; !done && passedMs < 60_000; passedMs++) {
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
      await clock.advance(1);
    }
    return await work;
  }

  const aws = <Answer = Output>(service: Service, action: string, input: Input): Promise<Answer> =>
    settled(Promise.resolve(bus.aws.call(service, action, input, root))) as Promise<Answer>;

  async function invoke(name: string, payload: unknown): Promise<unknown> {
    const FunctionName = name === 'keys' ? bus.outputs.KeysFunction : `busbar-${name}`;
    const answer = await aws('lambda', 'Invoke', {
      FunctionName,
      Payload: Buffer.from(JSON.stringify(payload)),
    });
    const text = Buffer.from((answer?.Payload as Uint8Array | undefined) ?? []).toString('utf8');
    if (answer?.FunctionError !== undefined) throw new Error(`${name} failed: ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }
  await invoke('keys', { action: 'create', application: 'admin', role: 'admin', key });

  async function call(method: string, path: string, body?: unknown) {
    const [pathname = '', query = ''] = path.split('?');
    const response = await settled(
      bus.handleHttp({
        method,
        path: `/v1${pathname}`,
        query,
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: Buffer.from(body === undefined ? '' : JSON.stringify(body)),
        sourceIp: '127.0.0.1',
      }),
    );
    const text = Buffer.from(response.body).toString('utf8');
    // biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects, and fails where it is not so.
    const json: any = text === '' ? undefined : JSON.parse(text);
    return { status: response.status, body: json };
  }

  /** A call that must succeed; answers its body. */
  async function done(method: string, path: string, body?: unknown) {
    const answer = await call(method, path, body);
    expect(answer.status, `${method} ${path}: ${JSON.stringify(answer.body)}`).toBeLessThan(300);
    return answer.body;
  }

  const TableName = Object.entries(bus.resources).find(([id]) => id.startsWith('StoreTable'))?.[1];
  /** Writes a row of the bus table as another instance might: at once, in the middle of what one does. */
  function edit<Document>(
    pk: string,
    sk: string,
    change: (document: Document | undefined) => Document,
  ): void {
    const of = (action: string, input: Input) =>
      bus.aws.call('dynamodb', action, { TableName, ...input }, root);
    const { Item = { pk: { S: pk }, sk: { S: sk } } } = of('GetItem', {
      Key: { pk: { S: pk }, sk: { S: sk } },
    }) as { Item?: Record<string, { S?: string }> };
    const text = Item.document?.S;
    const document = change(text === undefined ? undefined : (JSON.parse(text) as Document));
    void of('PutItem', { Item: { ...Item, document: { S: JSON.stringify(document) } } });
  }

  return {
    bus,
    broker,
    /** For how long the broker lets whoever sends wait. */
    slowBroker(ms: number) {
      sendMs = ms;
    },
    edit,
    clock,
    lines,
    requests,
    aws,
    invoke,
    call,
    done,
    /** The ids of the events that an endpoint got, each attempt. */
    idsAt: (host: string): string[] =>
      requests
        .filter(({ url, method }) => new URL(url).hostname === host && method === 'POST')
        .map(({ body }) => (JSON.parse(String(body)) as { id: string }).id),
    endpoint: (host: string, answer: Endpoint) => void endpoints.set(host, answer),
    async receiver(name: string, settings: object = {}): Promise<void> {
      await done('PUT', `/receivers/${name}`, { endpoint: `http://${name}.test/`, ...settings });
    },
    async topic(name: string, settings: object = {}, ...receivers: string[]): Promise<void> {
      await done('PUT', `/topics/${name}`, settings);
      for (const receiver of receivers) await done('PUT', `/topics/${name}/subscriptions/${receiver}`, {});
    },
    queue: (name: string) => `${bus.awsUrl}/000000000000/busbar-${name}`,
    /** Takes the place of an operation for whoever calls it, after the role was asked; the result takes it back. */
    intercept(service: Service, action: string, handle: Handle): () => void {
      const operations = bus.aws.engines.get(service)?.operations as Record<string, Operation> | undefined;
      const operation = operations?.[action];
      if (operations === undefined || operation === undefined) throw new Error(`No ${service}.${action}.`);
      operations[action] = {
        permissions: (input) => operation.permissions(input),
        handle: (input, caller, signal) => handle(input, () => operation.handle(input, caller, signal)),
      };
      return () => {
        operations[action] = operation;
      };
    },
    seconds: pass,
    minutes: (count: number) => pass(count * 60),
  };
}

export type World = Awaited<ReturnType<typeof startWorld>>;
