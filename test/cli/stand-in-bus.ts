import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mergePatch } from '../../lib/core/kernel/merge-patch.ts';

/** An answer that the stand-in gives once, instead of its own. */
interface Trouble {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
}

interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly contentType: string | undefined;
  readonly body: string;
  readonly atMs: number;
  readonly status: number;
}

type Json = Record<string, unknown>;

/**
 * The part of the HTTP contract that the client and the CLI use, in memory: keys, topics, receivers,
 * subscriptions, publish and invoke with a result per entry and deduplication by source and id. It refuses
 * whatever the contract refuses, so that the test of a client that violates the contract fails.
 */
export async function standInBus(options: { key?: string } = {}) {
  const key = options.key ?? 'test-key';
  const topics = new Map<string, Json>();
  const receivers = new Map<string, Json>();
  const subscriptions = new Map<string, Json>();
  const events: { path: string; event: Json }[] = [];
  const requests: SeenRequest[] = [];
  const troubles: Trouble[] = [];
  const gates: (() => Promise<void>)[] = [];
  const known = new Set<string>();
  let underWay = 0;
  let mostUnderWay = 0;

  const server = createServer((request, response) => {
    underWay++;
    mostUnderWay = Math.max(mostUnderWay, underWay);
    void answer(request, response).finally(() => underWay--);
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    const gate = gates.shift();
    if (gate !== undefined) await gate();
    const path = (request.url ?? '').replace(/^\/v1/, '');
    const method = request.method ?? '';
    const trouble = troubles.shift();
    const [status, reply]: [number, unknown] =
      trouble === undefined ? decide(method, path, request, body) : [trouble.status, trouble.body];
    const contentType = request.headers['content-type'];
    requests.push({ method, path, contentType, body, atMs: performance.now(), status });
    response.writeHead(status, {
      'content-type': status < 400 ? 'application/json' : 'application/problem+json',
      ...trouble?.headers,
    });
    response.end(reply === undefined ? undefined : JSON.stringify(reply));
  }

  function decide(method: string, path: string, request: IncomingMessage, body: string): [number, unknown] {
    if (request.headers.authorization !== `Bearer ${key}`) {
      return problem(401, 'unauthorized', 'The key is missing or unknown.');
    }
    const query = new URLSearchParams(path.split('?')[1]);
    const [room, name = '', part, other] = path
      .slice(1)
      .replace(/\?.*$/, '')
      .split('/')
      .map(decodeURIComponent);
    if (part === 'events' && method === 'POST') {
      const exists = room === 'topics' ? topics.has(name) : receivers.has(name);
      if (!exists) return unknown(room, name);
      return take(path, request.headers['content-type'], body);
    }
    if (room === 'topics' && part === 'subscriptions') {
      if (!topics.has(name)) return unknown('topics', name);
      if (other !== undefined && method === 'PUT' && !receivers.has(other))
        return unknown('receivers', other);
      const fixed = { topic: name, receiver: other ?? '' };
      return keep(
        query,
        'subscriptions',
        subscriptions,
        `${name}/${other ?? ''}`,
        method,
        other,
        body,
        ['filter'],
        fixed,
      );
    }
    if (room === 'receivers' && part === 'subscriptions') {
      const of = [...subscriptions.values()].filter(({ receiver }) => receiver === name);
      return [200, { subscriptions: of }];
    }
    if (room === 'topics') {
      const fields = ['owner', 'description', 'schema', 'dedupSeconds', 'trace', 'ordered'];
      return keep(query, 'topics', topics, name, method, name, body, fields, { topic: name });
    }
    if (room === 'receivers') {
      const fields = [
        'endpoint',
        'owner',
        'format',
        'secret',
        'timeoutSeconds',
        'retry',
        'limits',
        'headers',
        'validate',
      ];
      return keep(query, 'receivers', receivers, name, method, name, body, fields, { receiver: name });
    }
    return problem(404, 'unknown_route', `There is no ${method} ${path}.`);
  }

  function keep(
    query: URLSearchParams,
    room: string,
    store: Map<string, Json>,
    id: string,
    method: string,
    name: string | undefined,
    body: string,
    fields: string[],
    fixed: Json,
  ): [number, unknown] {
    if (name === undefined || name === '') {
      const items = [...store].filter(([found]) => found.startsWith(id)).map(([, item]) => listed(item));
      const from = Number(query.get('cursor') ?? 0);
      const end = from + Number(query.get('limit') ?? 100);
      const cursor = end < items.length ? { cursor: String(end) } : {};
      return [200, { [room]: items.slice(from, end), ...cursor }];
    }
    const old = store.get(id);
    if (method === 'PUT') {
      const settings = JSON.parse(body) as Json;
      const stranger = Object.keys(settings).find((field) => !fields.includes(field));
      if (stranger !== undefined) return problem(400, 'invalid_request', `${stranger} is not a known field.`);
      const made = room === 'receivers' && old === undefined ? { secret: 'whsec_c3RhbmQtaW4gc2VjcmV0' } : {};
      store.set(id, { ...fixed, ...made, ...settings });
      const shown = store.get(id) ?? {};
      return old === undefined ? [201, shown] : [200, withoutSecret(shown)];
    }
    if (old === undefined) return unknown(room, name);
    if (method === 'PATCH') {
      store.set(id, mergePatch(old, JSON.parse(body)) as Json);
      return [200, withoutSecret(store.get(id) ?? {})];
    }
    if (method === 'DELETE') {
      store.delete(id);
      return [204, undefined];
    }
    return [200, withoutSecret(old)];
  }

  function take(path: string, contentType: string | undefined, body: string): [number, unknown] {
    if (Buffer.byteLength(body) > 1_000_000) return problem(413, 'request_too_large', 'Too large.');
    const list = JSON.parse(body) as Json[];
    if (list.length > 100) return problem(400, 'batch_too_long', 'Too many events.');
    const shorthand = ['type', 'data', 'id', 'source', 'subject', 'time', 'delaySeconds', 'deliverAt'];
    const results = list.map((event, index) => {
      const stranger = Object.keys(event).find((field) => !shorthand.includes(field));
      const reason =
        typeof event.type !== 'string'
          ? 'type is missing.'
          : event.type === 'refused'
            ? 'data does not match the schema of the topic.'
            : contentType === 'application/json' && stranger !== undefined
              ? `${stranger} is not a field of the shorthand.`
              : contentType !== 'application/json' && event.specversion !== '1.0'
                ? 'specversion is missing.'
                : undefined;
      if (reason !== undefined) {
        return { index, id: event.id, status: 'rejected', code: 'invalid_event', detail: reason };
      }
      const identity = `${path} ${String(event.source)} ${String(event.id)}`;
      if (known.has(identity)) return { index, id: event.id, status: 'duplicate' };
      known.add(identity);
      events.push({ path, event });
      const due = event.delaySeconds !== undefined || event.deliverAt !== undefined;
      return { index, id: event.id, status: due ? 'scheduled' : 'accepted' };
    });
    if (results.every((result) => result.status === 'rejected')) {
      return [400, { ...problem(400, 'all_rejected', 'Every event was rejected.')[1], events: results }];
    }
    return [202, { events: results }];
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    key,
    topics,
    receivers,
    subscriptions,
    /** The stored events, in order of arrival. */
    events,
    requests,
    /** Answers to give instead of the stand-in's own, in turn. */
    troubles,
    /** Each delays the answer to one request until it resolves. */
    gates,
    mostUnderWay: () => mostUnderWay,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** As a list shows it. */
function listed(item: Json): Json {
  const { schema, ...shown } = withoutSecret(item);
  return { ...shown, ...(schema !== undefined && { schemaHash: 'of a schema' }) };
}

function withoutSecret({ secret: _, ...shown }: Json): Json {
  return shown;
}

function problem(status: number, code: string, detail: string): [number, Json] {
  return [status, { type: `urn:busbar:problem:${code}`, title: code, status, detail, code }];
}

function unknown(room: string | undefined, name: string): [number, unknown] {
  const noun =
    { topics: 'topic', receivers: 'receiver', subscriptions: 'subscription' }[room ?? ''] ?? 'route';
  return problem(404, `unknown_${noun}`, `There is no ${noun} "${name}".`);
}

async function text(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
