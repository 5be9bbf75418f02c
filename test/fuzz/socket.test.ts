import { connect } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OpenApiDocument } from '../../lib/api/openapi/document.ts';
import { type RunningBus, startBus } from '../../lib/local/bus.ts';
import { systemRandom } from '../../lib/runtime/random.ts';
import { systemClock } from '../../lib/stand-in/clock.ts';
import { memoryStore } from '../../lib/stand-in/store.ts';
import { secretIn } from './judge.ts';
import { requestsOf } from './requests.ts';
import { assemblyDirectory, keys, planted } from './world.ts';

/** Hostile requests through a real socket, where even the HTTP may be broken. */

const seed = 4;
let bus: RunningBus;
const lines: string[] = [];

beforeAll(async () => {
  bus = await startBus({
    outDirectory: assemblyDirectory,
    store: memoryStore(),
    clock: systemClock,
    random: systemRandom,
    parameters: { Endpoints: 'any', EndpointPorts: 'any', ExampleWarehouseEndpoint: 'http://sink.test/ok' },
    log: (level, message, fields) => void lines.push(`${level} ${message} ${JSON.stringify(fields ?? {})}`),
    http: { send: async () => ({ kind: 'answer', status: 200, headers: {}, body: '' }) },
    port: 0,
    // Of the requests below.
    hosts: ['a', 'bus.test'],
  });
});
afterAll(() => bus?.close());

/** Writes bytes and resolves to everything that the server sends before it ends the connection. Rejects after 20 s. */
function exchange(bytes: Uint8Array | string, options: { readonly hangUp?: boolean } = {}): Promise<string> {
  const { hostname, port } = new URL(bus.url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    const chunks: Buffer[] = [];
    const late = setTimeout(() => {
      socket.destroy();
      reject(new Error(`There was no response to ${Buffer.from(bytes).toString('latin1').slice(0, 300)}`));
    }, 20_000);
    const done = () => {
      clearTimeout(late);
      socket.destroy();
      resolve(Buffer.concat(chunks).toString('utf8'));
    };
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('end', done);
    // A server that refuses to read on may close the connection, which is also a response.
    socket.on('error', done);
    socket.write(bytes, () => {
      if (options.hangUp) socket.end();
    });
  });
}

const head = (text: string) => text.replaceAll('\n', '\r\n');
const key = `Authorization: Bearer ${keys.admin}`;

describe('a request that is not HTTP, or contradicts itself', () => {
  it.each<[string, string | Uint8Array]>([
    ['nothing but line ends', '\r\n\r\n\r\n'],
    ['noise', Uint8Array.from({ length: 4096 }, (_, at) => (at * 7919) % 256)],
    ['TLS', Buffer.from('160301020001000001fc0303', 'hex')],
    ['no version', head('GET /v1/health\n\n')],
    ['an unknown version', head('GET /v1/health HTTP/9.9\nHost: a\n\n')],
    ['HTTP/2 by prior knowledge', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['an unknown method', head('FETCH /v1/health HTTP/1.1\nHost: a\n\n')],
    ['no host', head('GET /v1/health HTTP/1.1\nConnection: close\n\n')],
    ['two hosts', head('GET /v1/health HTTP/1.1\nHost: a\nHost: b\nConnection: close\n\n')],
    ['a space in a header name', head('GET /v1/health HTTP/1.1\nHost: a\nX y: z\n\n')],
    ['a header folded', head('GET /v1/health HTTP/1.1\nHost: a\nX: y\n z\nConnection: close\n\n')],
    ['NUL in a header', head('GET /v1/health HTTP/1.1\nHost: a\nX: \u0000\n\n')],
    ['NUL in the path', head('GET /v1/\u0000 HTTP/1.1\nHost: a\n\n')],
    ['a space in the path', head('GET /v1/ a HTTP/1.1\nHost: a\n\n')],
    [
      'a path of another host',
      head('GET http://elsewhere.test/v1/health HTTP/1.1\nHost: a\nConnection: close\n\n'),
    ],
    ['an asterisk', head('OPTIONS * HTTP/1.1\nHost: a\nConnection: close\n\n')],
    ['a tunnel', head('CONNECT elsewhere.test:443 HTTP/1.1\nHost: a\n\n')],
    [
      'an upgrade',
      head('GET /v1/health HTTP/1.1\nHost: a\nConnection: close, Upgrade\nUpgrade: websocket\n\n'),
    ],
    ['a header of 100 KB', head(`GET /v1/health HTTP/1.1\nHost: a\nX: ${'y'.repeat(100_000)}\n\n`)],
    [
      '5,000 headers',
      head(`GET /v1/health HTTP/1.1\nHost: a\n${'X: y\n'.repeat(5000)}Connection: close\n\n`),
    ],
    ['a path of 100 KB', head(`GET /${'x'.repeat(100_000)} HTTP/1.1\nHost: a\n\n`)],
    ['a negative length', head(`PUT /v1/topics/a HTTP/1.1\nHost: a\n${key}\nContent-Length: -1\n\n`)],
    [
      'two lengths',
      head(`PUT /v1/topics/a HTTP/1.1\nHost: a\n${key}\nContent-Length: 2\nContent-Length: 3\n\n{}`),
    ],
    [
      'a length and chunks',
      head(
        `PUT /v1/topics/a HTTP/1.1\nHost: a\n${key}\nContent-Length: 2\nTransfer-Encoding: chunked\n\n0\n\n`,
      ),
    ],
    [
      'invalid chunks',
      head(`PUT /v1/topics/a HTTP/1.1\nHost: a\n${key}\nTransfer-Encoding: chunked\n\nzz\n{}\n0\n\n`),
    ],
    [
      'an unknown transfer',
      head(`PUT /v1/topics/a HTTP/1.1\nHost: a\n${key}\nTransfer-Encoding: gzip, x\n\n`),
    ],
    [
      'a second request in the body of the first',
      head(
        `PUT /v1/topics/a HTTP/1.1\nHost: a\n${key}\nContent-Type: application/json\nContent-Length: 2\n\n{}DELETE /v1/topics/a HTTP/1.1\nHost: a\nConnection: close\n\n`,
      ),
    ],
    [
      'invalid gzip',
      head(
        `PUT /v1/topics/a HTTP/1.1\nHost: a\n${key}\nContent-Type: application/json\nContent-Encoding: gzip\nContent-Length: 2\nConnection: close\n\n{}`,
      ),
    ],
  ])('%s', async (_, bytes) => {
    const answer = await exchange(bytes, { hangUp: true });
    const statuses = [...answer.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, status]) => Number(status));
    expect(statuses.filter((status) => status >= 500)).toEqual([]);
    expect(secretIn(answer)).toBeUndefined();
  });

  it('does not prevent the bus from answering others when it never ends', async () => {
    const { hostname, port } = new URL(bus.url);
    const halves = Array.from({ length: 50 }, () => {
      const socket = connect({ host: hostname, port: Number(port) });
      socket.on('error', () => undefined);
      socket.write(head(`PUT /v1/topics/a HTTP/1.1\nHost: a\n${key}\nContent-Length: 1000\n\n{"descr`));
      return socket;
    });
    expect((await fetch(`${bus.url}/v1/health`)).status).toBe(200);
    for (const socket of halves) socket.destroy();
  });
});

it(`300 requests of the fuzz are also answered through a socket (seed ${seed})`, async () => {
  const document = (await (await fetch(`${bus.url}/v1/openapi.json`)).json()) as OpenApiDocument;
  const statuses = new Map<number, number>();
  for (const [index, request] of fc.sample(requestsOf(document), { numRuns: 300, seed }).entries()) {
    const { 'content-length': _, 'transfer-encoding': __, expect: ___, host, ...headers } = request.headers;
    const lines = Object.entries({
      host: host ?? 'a',
      ...headers,
      connection: 'close',
      'content-length': String(request.body.length),
    });
    const path = `${request.path.replace('<id>', 'none')}${request.query === '' ? '' : `?${request.query}`}`;
    const start = `${request.method} ${path.replaceAll(/\s/g, '')} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
    const answer = await exchange(Buffer.concat([Buffer.from(start, 'latin1'), request.body]));
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0);
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    expect([index, start.slice(0, 300), status < 500]).toEqual([index, start.slice(0, 300), true]);
    const isShown = /"(secret|checkSecret)":"whsec_/.test(answer) && status < 300;
    if (!isShown) expect([index, secretIn(answer)]).toEqual([index, undefined]);
  }
  // There were all kinds of responses.
  expect([...statuses.keys()]).toEqual(expect.arrayContaining([200, 401, 404]));
  expect((await fetch(`${bus.url}/v1/health`)).status).toBe(200);
}, 120_000);

it('the log contains no secret and no error', () => {
  expect(lines.filter((line) => secretIn(line) !== undefined || line.includes(planted))).toEqual([]);
  expect(lines.filter((line) => line.startsWith('error'))).toEqual([]);
});
