import fc from 'fast-check';
import type { OpenApiDocument } from '../../lib/api/openapi/document.ts';
import { createJudge, type Sent, secretIn, type Verdict } from './judge.ts';
import { type FuzzRequest, requestsOf } from './requests.ts';
import { type FuzzWorld, keys } from './world.ts';

interface FuzzFailure {
  /** The index of the request in the run, which together with the seed reproduces it. */
  readonly index: number;
  readonly problem: string;
  readonly request: string;
  readonly answer: string;
}

export interface FuzzReport {
  readonly requests: number;
  readonly failures: readonly FuzzFailure[];
  /** How often each call succeeded. */
  readonly done: ReadonlyMap<string, number>;
  /** How often each error code occurred. */
  readonly codes: ReadonlyMap<string, number>;
}

/** The number of requests in a round. Each round begins with a prepared state and known ids. */
const roundRequests = 400;

/** Generates requests from the OpenAPI document that the bus serves, sends them one after the other, and judges each response. */
export async function fuzz(
  world: FuzzWorld,
  options: { readonly requests: number; readonly seed: number },
): Promise<FuzzReport> {
  const document = (await world.call('stranger', 'GET', '/v1/openapi.json')).json as OpenApiDocument;
  const arbitrary = requestsOf(document);
  const judge = createJudge(document);
  const failures: FuzzFailure[] = [];
  const done = new Map<string, number>();
  const codes = new Map<string, number>();
  const ids = createIds();

  for (let start = 0; start < options.requests; start += roundRequests) {
    await prepare(world, ids);
    learnTokens(world, ids);
    const count = Math.min(roundRequests, options.requests - start);
    const requests = fc.sample(arbitrary, { numRuns: count, seed: options.seed + start });
    for (const [at, request] of requests.entries()) {
      const index = start + at;
      const path = ids.fill(request.path, request.path, request.pick);
      const query = ids.fill(request.query, request.path, request.pick);
      const sent: Sent = {
        method: request.method,
        path,
        headers: request.headers,
        bodyBytes: request.body.length,
      };
      const tell = (problem: string, answer: string) =>
        failures.push({ index, problem, request: shown(request, path, query), answer: answer.slice(0, 600) });
      try {
        const response = await world.send({
          method: request.method,
          path,
          query,
          headers: request.headers,
          body: request.body,
          sourceIp: '127.0.0.1',
        });
        const verdict = judge(sent, response);
        for (const problem of [...verdict.problems, ...trespasses(request, verdict)])
          tell(problem, Buffer.from(response.body).toString('utf8'));
        if (verdict.call !== undefined && verdict.status < 300) count1(done, verdict.call);
        if (verdict.code !== undefined) count1(codes, verdict.code);
        ids.learn(verdict, path);
      } catch (error) {
        tell(error instanceof Error ? (error.stack ?? error.message) : String(error), '');
      }
      // Gives asynchronous work of the bus some time.
      if (at % 10 === 9) await world.clock.advance(200);
      for (const line of world.takeLog()) {
        const secret = secretIn(line);
        if (secret !== undefined) tell(`the log contains the secret ${secret}`, line);
        if (line.startsWith('error A request failed'))
          tell(`the log reports a failure: ${line.slice(0, 900)}`, '');
      }
    }
  }
  return { requests: options.requests, failures, done, codes };
}

const count1 = (counts: Map<string, number>, key: string) => counts.set(key, (counts.get(key) ?? 0) + 1);

function shown({ call, method, headers, body }: FuzzRequest, path: string, query: string): string {
  const text = Buffer.from(body).toString('utf8');
  return `${call}: ${method} ${path.slice(0, 200)}?${query.slice(0, 300)} ${JSON.stringify(headers).slice(0, 500)} ${body.length} bytes: ${text.slice(0, 700)}`;
}

/** A member may see only its own receivers and schedules. */
function trespasses(request: FuzzRequest, { call = '', status, json }: Verdict): string[] {
  const caller = Object.entries(keys).find(([, key]) => request.headers.authorization?.endsWith(key))?.[0];
  if (status > 299 || caller === undefined || caller === 'admin') return [];
  if (!/^[A-Z]+ \/v1\/(receivers|schedules)/.test(call)) return [];
  // What it has just given away.
  if (/^(PUT|PATCH) /.test(call) && Buffer.from(request.body).toString('utf8').includes('"owner"')) return [];
  const owners = [...JSON.stringify(json ?? '').matchAll(/"owner":"([^"]*)"/g)].map(([, owner]) => owner);
  return owners
    .filter((owner) => owner !== caller)
    .map((owner) => `shows ${caller} something that ${owner} owns`);
}

/** The ids from responses, by kind and owner. */
function createIds() {
  const pools = new Map<string, string[]>();
  const add = (pool: string, id: unknown) => {
    if (typeof id !== 'string') return;
    const kept = pools.get(pool) ?? [];
    pools.set(pool, [...kept.slice(-40), id]);
  };
  const holderOf = (path: string) => path.split('/')[3] ?? '';
  const poolOf = (path: string) => {
    if (path.includes('/held')) return `held ${holderOf(path)}`;
    if (path.includes('/dead-letters')) return `dead ${holderOf(path)}`;
    if (path.includes('/transactions')) return 'transaction';
    if (path.includes('/requests')) return 'request';
    if (path.includes('/keys')) return `key ${holderOf(path)}`;
    return path.includes('/refused') ? 'refused' : 'event';
  };
  const list = (value: unknown) => (Array.isArray(value) ? (value as Record<string, unknown>[]) : []);

  return {
    add,
    /** Most ids of an earlier round no longer exist. */
    forget: () => pools.clear(),
    fill(text: string, path: string, pick: number): string {
      const from = (pool: string) => {
        const kept = pools.get(pool) ?? [];
        return encodeURIComponent(kept[pick % Math.max(1, kept.length)] ?? `none-${pick}`);
      };
      return text
        .replace('<id>', () => from(poolOf(path)))
        .replace('<cursor>', () => from(`cursor ${poolOf(path)}`))
        .replace('<token>', () => from(`token ${holderOf(path)}`));
    },
    learn({ call, status, json }: Verdict, path: string) {
      if (call === undefined || status > 299) return;
      const body = (json ?? {}) as Record<string, unknown>;
      if (call.endsWith('/held')) for (const { id } of list(body.events)) add(`held ${holderOf(path)}`, id);
      if (call.startsWith('GET')) add(`cursor ${poolOf(path)}`, body.cursor);
      for (const { id, eventId } of list(body.deadLetters)) {
        add(`dead ${holderOf(path)}`, id);
        add('event', eventId);
      }
      for (const { id } of list(body.refused)) add('refused', id);
      if (call === 'POST /v1/transactions') add('transaction', body.id);
      if (call === 'POST /v1/requests' && body.state === 'open') add('request', body.id);
      if (call.endsWith('/keys')) add(`key ${holderOf(path)}`, body.keyId);
      if (call.endsWith('/events'))
        for (const { id, status: was } of list(body.events)) if (was === 'scheduled') add('event', id);
    },
  };
}

/** Learns the validation tokens that were sent to endpoints. */
function learnTokens(world: FuzzWorld, ids: ReturnType<typeof createIds>): void {
  for (const { headers } of world.delivered.splice(0)) {
    const [, receiver, token] =
      /receivers\/([^/]+)\/validation\?token=([\w-]+)/.exec(headers['webhook-request-callback'] ?? '') ?? [];
    if (receiver !== undefined) ids.add(`token ${receiver}`, token);
  }
}

const delayedIds = ['later-1', 'later-2', 'later-3', 'later-4', 'later-5', 'later-6'];

/** Creates a state that random requests rarely reach: owners, failing receivers, dead letters, held and refused events. */
async function prepare(world: FuzzWorld, ids: ReturnType<typeof createIds>): Promise<void> {
  ids.forget();
  const retry = { delaysSeconds: [0.5] };
  for (const application of ['shop', 'bank']) {
    const Item = {
      pk: { S: `outbox#${application}#key` },
      sk: { S: `${world.clock.now()}` },
      busbarTopic: { S: 'nowhere' },
      busbarEvent: { S: '{"type":"refused","id":"event-5"}' },
    };
    await world.aws('dynamodb', 'PutItem', { TableName: 'busbar-outbox', Item });
  }
  await world.call('admin', 'DELETE', '/v1/topics/orders?force=true');
  for (const [owner, topic, receiver, path] of [
    ['shop', 'orders', 'billing', 'fail'],
    ['bank', 'ledger', 'mailer', 'echo'],
  ] as const) {
    await world.call('admin', 'PUT', `/v1/topics/${topic}`, { owner });
    await world.call('admin', 'PUT', `/v1/receivers/${receiver}`, {
      owner,
      endpoint: `http://sink.test/${path}`,
      retry,
      validate: 'none',
    });
    await world.call('admin', 'POST', `/v1/receivers/${receiver}/resume`, {});
    await world.call('admin', 'PUT', `/v1/topics/${topic}/subscriptions/${receiver}`, {});
    for (const id of ['event-1', 'event-2', 'event-3']) {
      await world.call('admin', 'POST', `/v1/topics/${topic}/events`, {
        type: 'order.placed',
        id,
        data: { n: 1 },
      });
    }
  }
  await world.call('admin', 'PUT', '/v1/receivers/a', {
    owner: 'shop',
    endpoint: 'http://sink.test/refuse',
    validate: 'handshake',
  });
  for (const id of delayedIds) {
    await world.call('admin', 'POST', '/v1/receivers/billing/events', {
      type: 'later',
      id,
      delaySeconds: 86_400,
    });
  }
  await world.call('admin', 'PUT', '/v1/schedules/nightly', {
    owner: 'shop',
    topic: 'ledger',
    cron: '@daily',
    event: { type: 'night' },
  });
  const begun = [1, 2, 3].map((n) => `run-${world.clock.now()}-${n}`);
  for (const id of begun) {
    await world.call('shop', 'POST', '/v1/transactions', {
      id,
      events: [{ receiver: 'billing', type: 'half' }],
    });
  }
  await world.clock.advance(3000);
  await world.call('admin', 'PUT', '/v1/topics/orders/hold', {});
  const held = Array.from({ length: 12 }, (_, n) => ({ type: 'order.placed', id: `held-${n}`, data: { n } }));
  await world.call('admin', 'POST', '/v1/topics/orders/events', held);
  for (const path of [
    '/v1/refused',
    '/v1/topics/orders/held',
    '/v1/receivers/billing/dead-letters',
    '/v1/receivers/mailer/dead-letters',
  ]) {
    const { status, json } = await world.call('admin', 'GET', path);
    ids.learn({ problems: [], call: `GET ${path}`, status, json, code: undefined }, path);
  }
  for (const id of begun) ids.add('transaction', id);
  for (const quotas of [{ topics: 500 }, { topics: 600 }, { receivers: 700 }, { receivers: 800 }]) {
    const { json } = await world.call('shop', 'POST', '/v1/requests', { kind: 'quotas', quotas });
    ids.add('request', (json as { readonly id?: string }).id);
  }
  for (const application of ['shop', 'bank']) {
    const spec = { name: 'fuzz', role: 'viewer' };
    const path = `/v1/applications/${application}/keys`;
    const { json } = await world.call('admin', 'POST', path, spec);
    ids.add(`key ${application}`, (json as { readonly keyId?: string }).keyId);
  }
  for (const id of [...delayedIds, ...delayedIds]) ids.add('event', id);
}
