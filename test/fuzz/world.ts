import { join } from 'node:path';
import type { HttpResult } from '../../lib/core/kernel/http-result.ts';
import { sleep } from '../../lib/core/kernel/sleep.ts';
import { type RunningBus, startBus } from '../../lib/local/bus.ts';
import type { HttpRequest } from '../../lib/runtime/http/http.ts';
import { type VirtualClock, virtualClock } from '../../lib/stand-in/clock.ts';
import { root } from '../../lib/stand-in/engines/engine.ts';
import type { HttpApiRequest, HttpApiResponse } from '../../lib/stand-in/engines/http/model.ts';
import { seededRandom } from '../../lib/stand-in/random.ts';
import { memoryStore } from '../../lib/stand-in/store.ts';

/** A running bus without sockets, with a clock and a random generator that make runs repeatable. */

export const assemblyDirectory = join(import.meta.dirname, '..', '..', '.cache', 'assembly');

/** Every secret of the run contains this word, in plain text or in base64. */
export const planted = 'planted-secret';

/** The callers: an admin, two applications, and one that owns nothing. */
export const keys = {
  admin: `bbk_${planted}-of-the-admin`,
  shop: `bbk_${planted}-of-the-shop`,
  bank: `bbk_${planted}-of-the-bank`,
  stranger: `bbk_${planted}-of-a-stranger`,
} as const;
export type Caller = keyof typeof keys;

export interface FuzzWorld {
  readonly bus: RunningBus;
  readonly clock: VirtualClock;
  /** The requests to endpoints. */
  readonly delivered: HttpRequest[];
  /** Returns the log lines since the last call. */
  takeLog(): string[];
  /** Sends a request. Rejects if there is no response within a minute of virtual time, because then the bus hangs. */
  send(request: HttpApiRequest): Promise<HttpApiResponse>;
  /** Makes a valid call. `body` is sent unchanged if it is text, otherwise as JSON. */
  call(
    caller: Caller,
    method: string,
    path: string,
    body?: unknown,
  ): Promise<{ status: number; json: unknown }>;
  /** Makes an AWS call as an operator. */
  aws(
    ...call: Parameters<RunningBus['aws']['call']> extends [...infer Rest, unknown, unknown?] ? Rest : never
  ): Promise<unknown>;
  close(): Promise<void>;
}

const answer = (status: number, body = '', headers: Record<string, string> = {}): HttpResult => ({
  kind: 'answer',
  status,
  headers,
  body,
});

/** Endpoints by the first part of their path; `echo` responds with everything that it receives. */
function endpoint(request: HttpRequest): HttpResult {
  const { pathname } = new URL(request.url);
  if (pathname.startsWith('/fail')) return answer(500, 'out of order');
  if (pathname.startsWith('/refuse')) return answer(400, 'no');
  if (pathname.startsWith('/gone')) return answer(410);
  if (pathname.startsWith('/busy')) return answer(429, '', { 'retry-after': '30' });
  if (pathname.startsWith('/echo')) return answer(500, `${JSON.stringify(request.headers)} ${request.body}`);
  if (pathname.startsWith('/token')) {
    return answer(
      200,
      JSON.stringify({ access_token: `${planted}-token`, token_type: 'Bearer', expires_in: 60 }),
    );
  }
  if (pathname.startsWith('/lost')) return { kind: 'failure', failure: 'timeout', message: 'no answer' };
  return answer(200, '', { 'webhook-allowed-origin': '*' });
}

/** @param parameters of the stack, besides those of a laptop. */
export async function startWorld(
  seed: number,
  outDirectory = assemblyDirectory,
  parameters: Readonly<Record<string, string>> = {},
): Promise<FuzzWorld> {
  const clock = virtualClock(Date.parse('2026-01-01T00:00:00Z'));
  const random = seededRandom(seed);
  const delivered: HttpRequest[] = [];
  let lines: string[] = [];
  const bus = await slowly(
    clock,
    startBus({
      outDirectory,
      store: memoryStore(),
      clock,
      random,
      parameters: {
        Endpoints: 'any',
        EndpointPorts: 'any',
        Trace: 'all',
        ExampleWarehouseEndpoint: 'http://sink.test/ok',
        ...parameters,
      },
      log: (level, message, fields) => {
        lines.push(`${level} ${message} ${JSON.stringify(fields ?? {})}`);
      },
      http: {
        async send(request) {
          delivered.push(request);
          return endpoint(request);
        },
      },
      recreateQueueAfterMs: 0,
    }),
  );
  let waitFor: typeof inTime = slowly;
  const world: FuzzWorld = {
    bus,
    clock,
    delivered,
    takeLog() {
      const taken = lines;
      lines = [];
      return taken;
    },
    send: (request) => waitFor(clock, bus.handleHttp(request)),
    async call(caller, method, path, body) {
      const [before = '', query = ''] = path.split('?');
      const response = await world.send({
        method,
        path: before,
        query,
        headers: { authorization: `Bearer ${keys[caller]}`, 'content-type': 'application/json' },
        body: Buffer.from(body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body)),
        sourceIp: '127.0.0.1',
      });
      const text = Buffer.from(response.body).toString('utf8');
      return { status: response.status, json: text === '' ? undefined : JSON.parse(text) };
    },
    aws: (service, action, input) =>
      waitFor(clock, Promise.resolve(bus.aws.call(service, action, input, root))),
    close: () => inTime(clock, bus.close()),
  };
  for (const [application, key] of Object.entries(keys)) {
    const request = {
      action: 'create',
      application,
      role: application === 'admin' ? 'admin' : 'member',
      key,
    };
    const made = await world.aws('lambda', 'Invoke', {
      FunctionName: bus.outputs.KeysFunction,
      Payload: Buffer.from(JSON.stringify(request)),
    });
    if ((made as { FunctionError?: string }).FunctionError !== undefined)
      throw new Error('A key could not be created.');
  }
  await warmUp(world);
  waitFor = inTime;
  world.takeLog();
  delivered.length = 0;
  return world;
}

/** API Gateway times out after 30 s, so anything that takes longer hangs. */
const hangsAfterMs = 60_000;

/**
 * Waits for work of the bus. Most of it needs no timer. Otherwise virtual time passes, up to a minute, which
 * distinguishes slow work from work that hangs.
 */
async function inTime<T>(clock: VirtualClock, work: Promise<T>): Promise<T> {
  let done = false;
  const finish = () => {
    done = true;
  };
  work.then(finish, finish);
  for (let turn = 0; !done && turn < 40; turn++) await new Promise((resolve) => setImmediate(resolve));
  if (!done) await clock.until(() => done, hangsAfterMs);
  return await work;
}

/** The same for the first call of a bundle, which reads files: real time passes together with virtual time. */
async function slowly<T>(clock: VirtualClock, work: Promise<T>): Promise<T> {
  let done = false;
  const finish = () => {
    done = true;
  };
  work.then(finish, finish);
  for (let passedMs = 0; !done && passedMs < hangsAfterMs; passedMs += 5) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    await clock.advance(5);
  }
  if (!done) throw new Error('There was no response within a minute.');
  return await work;
}

/** Calls every function that a run calls often, so that a seed gives the same run on a slow machine. */
async function warmUp(world: FuzzWorld): Promise<void> {
  const { clock } = world;
  const call = (method: string, path: string, body?: unknown) => world.call('admin', method, path, body);
  await call('PUT', '/v1/topics/warm', {});
  await call('PUT', '/v1/receivers/warm', {
    endpoint: 'http://sink.test/fail',
    retry: { delaysSeconds: [] },
  });
  await call('PUT', '/v1/topics/warm/subscriptions/warm', {});
  await call('POST', '/v1/topics/warm/events', [{ type: 'now' }, { type: 'later', delaySeconds: 0.2 }]);
  const { json } = await call('POST', '/v1/transactions', { events: [{ topic: 'warm', type: 'half' }] });
  await call('POST', `/v1/transactions/${(json as { id: string }).id}/commit`);
  await slowly(clock, sleep(clock, 1500));
  await call('POST', '/v1/receivers/warm/redrive', {});
  await call('PUT', '/v1/topics/warm/hold', {});
  await call('DELETE', '/v1/topics/warm/hold');
  await slowly(clock, sleep(clock, 1000));
  await call('DELETE', '/v1/topics/warm?force=true');
  await call('DELETE', '/v1/receivers/warm?force=true');
}
