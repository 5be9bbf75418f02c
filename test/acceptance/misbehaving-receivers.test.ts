import { writeFileSync } from 'node:fs';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { selfSigned } from '../runtime/http/self-signed.ts';
import { type AcceptanceBus, startBus, temporaryDirectory } from './bus.ts';
import { certificates } from './certificates.ts';
import { type Answerer, type Sink, startSink } from './sink.ts';

/**
 * Every way in which an endpoint may misbehave. For each: the cause in the dead letters and in `why`, and that another
 * receiver gets the same event at once.
 */

let bus: AcceptanceBus;
let bystander: Sink;
const closing: (() => Promise<unknown>)[] = [];

/** One kind of misbehaviour. */
interface Case {
  readonly name: string;
  readonly cause: string;
  /** The beginning of the detail in `why` and in the dead letter. */
  readonly detail: RegExp;
  readonly url: () => Promise<string>;
}

const http = (answer: Answerer) => async () => {
  const sink = await startSink(answer);
  closing.push(() => sink.close());
  return sink.url;
};

/** Listens on a free port, and closes open connections at the end. */
async function listening(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    // Clients may close connections at any time.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

/** A server that calls `act` with a socket on its first data. */
const raw = (act: (socket: Socket) => void) => async () =>
  `http://127.0.0.1:${await listening(createTcpServer((socket) => socket.once('data', () => act(socket))))}/`;

const tls = (options: ServerOptions) => async () => {
  const server = createTlsServer(options, (_, response) => response.writeHead(204).end());
  // These tests make the client abort handshakes.
  server.on('tlsClientError', () => undefined);
  return `https://localhost:${await listening(server)}/events`;
};

const drip: Answerer = (_, response) => {
  response.writeHead(200);
  const timer = setInterval(() => response.write('.'), 100);
  response.on('close', () => clearInterval(timer));
};

const cases: readonly Case[] = [
  { name: 'hangs', cause: 'timeout', detail: /No response within 1 s/, url: http(() => undefined) },
  {
    name: 'resets',
    cause: 'reset',
    detail: /./,
    url: http((_, response) => void response.socket?.resetAndDestroy()),
  },
  { name: 'hangs-up', cause: 'reset', detail: /./, url: raw((socket) => socket.end()) },
  {
    name: 'speaks-no-http',
    cause: 'protocol',
    detail: /./,
    url: raw((socket) => socket.end('SSH-2.0-nonsense\r\n')),
  },
  {
    name: 'fails-at-length',
    cause: 'http-500',
    detail: /^x{1024}$/,
    url: http((_, response) => response.writeHead(500).end('x'.repeat(1024 * 1024))),
  },
  ...[301, 302, 303, 307, 308].map((status) => ({
    name: `redirects-${status}`,
    cause: `redirect-${status}`,
    detail: /^moved$/,
    url: http((_, response) => response.writeHead(status, { location: bystander.url }).end('moved')),
  })),
  ...[400, 401, 404, 422, 500, 502, 504].map((status) => ({
    name: `answers-${status}`,
    cause: `http-${status}`,
    detail: /^no$/,
    url: http((_, response) => response.writeHead(status).end('no')),
  })),
  {
    name: 'is-not-there',
    cause: 'refused',
    detail: /ECONNREFUSED/,
    url: async () => {
      const sink = await startSink();
      await sink.close();
      return sink.url;
    },
  },
  {
    name: 'has-no-name',
    cause: 'dns',
    detail: /busbar-nowhere\.test/,
    url: async () => 'http://busbar-nowhere.test/',
  },
  { name: 'vouches-for-itself', cause: 'tls', detail: /SELF_SIGNED/, url: tls(selfSigned) },
  {
    name: 'is-another-host',
    cause: 'tls',
    detail: /ALTNAME_INVALID/,
    url: tls({ key: certificates.key, cert: certificates.otherHost }),
  },
  {
    name: 'has-expired',
    cause: 'tls',
    detail: /CERT_HAS_EXPIRED/,
    url: tls({ key: certificates.key, cert: certificates.expired }),
  },
  {
    name: 'speaks-old-tls',
    cause: 'tls',
    detail: /PROTOCOL|VERSION/i,
    url: tls({
      key: certificates.key,
      cert: certificates.good,
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    }),
  },
];

/** A topic with two receivers, one that misbehaves and a bystander, and one event for both. */
async function publishTo(name: string, endpoint: string, settings: object): Promise<void> {
  await Promise.all([
    bus.call('PUT', `/v1/topics/${name}`, {}),
    bus.call('PUT', `/v1/receivers/${name}`, { endpoint, ...settings }),
  ]);
  await Promise.all(
    [name, 'bystander'].map((receiver) =>
      bus.call('PUT', `/v1/topics/${name}/subscriptions/${receiver}`, {}),
    ),
  );
  const published = await bus.call('POST', `/v1/topics/${name}/events`, { type: 'test', id: name, data: {} });
  expect(published.status).toBe(202);
}

beforeAll(async () => {
  const authority = join(temporaryDirectory(), 'authority.pem');
  writeFileSync(authority, certificates.authority);
  [bus, bystander] = await Promise.all([startBus({ env: { NODE_EXTRA_CA_CERTS: authority } }), startSink()]);
  await bus.call('PUT', '/v1/receivers/bystander', { endpoint: bystander.url });
  for (const { name, url, cause } of cases) {
    // On a busy machine even what fails at once may take longer than the time that shows a hang.
    const timeoutSeconds = cause === 'timeout' ? 1 : 9;
    await publishTo(name, await url(), { timeoutSeconds, retry: { delaysSeconds: [0] } });
  }
}, 120_000);

afterAll(async () => {
  await Promise.all([...closing.map((close) => close()), bystander?.close()]);
  expect(await bus?.stop()).toBe(0);
});

/** Asserts that the event reached the other receiver at its first attempt. */
async function untouched(id: string): Promise<void> {
  const [arrival] = await bystander.waitFor(1, ({ headers }) => headers['busbar-topic'] === id);
  expect(arrival?.headers['busbar-attempt']).toBe('1');
}

/** What `why` reports about an event for a receiver. */
const whyOf = async (id: string, receiver: string) => {
  const { body } = await bus.call('GET', `/v1/events/${id}`);
  return body.events[0].receivers.find((each: { receiver: string }) => each.receiver === receiver);
};

describe('an endpoint that', () => {
  it.each(cases)('$name: $cause, without affecting other receivers', async ({ name, cause, detail }) => {
    await untouched(name);
    await expect
      .poll(async () => (await bus.call('GET', `/v1/receivers/${name}/dead-letters`)).body, {
        timeout: 45_000,
        interval: 250,
      })
      .toMatchObject({
        clusters: [{ cause, count: 1 }],
        deadLetters: [{ cause, attempts: 2, detail: expect.stringMatching(detail), eventId: name }],
      });
    await expect
      .poll(() => whyOf(name, name), { timeout: 15_000 })
      .toMatchObject({ state: 'dead', attempts: [{ attempt: 1 }, { attempt: 2 }] });
    const { attempts } = await whyOf(name, name);
    const status = /^(?:http|redirect)-(\d+)$/.exec(cause)?.[1];
    for (const attempt of attempts) {
      expect(attempt).toMatchObject(status === undefined ? { error: cause } : { status: Number(status) });
      expect(attempt.detail).toMatch(detail);
      expect(attempt.latencyMs).toBeLessThan(10_000);
    }
  });

  it('has a trusted certificate gets its events', async () => {
    await publishTo('trusted', await tls({ key: certificates.key, cert: certificates.good })(), {});
    await expect
      .poll(() => whyOf('trusted', 'trusted'), { timeout: 30_000 })
      .toMatchObject({ state: 'delivered' });
  });

  it('is the target of a redirect is never called', () => {
    const redirected = bystander.arrivals.filter(({ headers }) => headers['busbar-attempt'] !== '1');
    expect(redirected).toEqual([]);
    for (const { name } of cases) {
      expect(bystander.arrivals.filter(({ headers }) => headers['busbar-topic'] === name)).toHaveLength(1);
    }
  });

  it.each<[string, () => Promise<string>]>([
    ['drips', http(drip)],
    [
      'breaks-off',
      raw((socket) =>
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf', () => socket.destroy()),
      ),
    ],
    [
      'continues',
      raw((socket) =>
        socket.write('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'),
      ),
    ],
    ['says-more', raw((socket) => socket.write('HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\nhello'))],
  ])('%s behind a 2xx gets the event once', async (name, url) => {
    await publishTo(name, await url(), { timeoutSeconds: 1, retry: { delaysSeconds: [0] } });
    await expect
      .poll(() => whyOf(name, name), { timeout: 30_000 })
      .toMatchObject({ state: 'delivered', attempts: [{ attempt: 1 }] });
    expect((await whyOf(name, name)).attempts).toHaveLength(1);
  });

  it('responds 200 with an endless body gets the event once', async () => {
    const endless: Answerer = (_, response) => {
      response.writeHead(200);
      const write = () => {
        while (response.write('x'.repeat(16 * 1024)));
      };
      response.on('drain', write);
      write();
    };
    await publishTo('endless', await http(endless)(), { timeoutSeconds: 5, retry: { delaysSeconds: [0] } });
    await expect
      .poll(() => whyOf('endless', 'endless'), { timeout: 30_000 })
      .toMatchObject({ state: 'delivered', attempts: [{ attempt: 1, status: 200 }] });
  });

  it('has a name that never resolves is refused by PUT', async () => {
    const refused = await bus.call('PUT', '/v1/receivers/never', {
      endpoint: 'https://nowhere.invalid/events',
    });
    expect(refused).toMatchObject({
      status: 400,
      body: { code: 'invalid_request', errors: [{ path: 'endpoint' }] },
    });
  });
});

describe('an endpoint that responds with Retry-After', () => {
  it.each([
    ['seconds-429', 429, (): string => '2'],
    ['date-429', 429, (): string => new Date(Date.now() + 3000).toUTCString()],
    ['seconds-503', 503, (): string => '2'],
    ['date-503', 503, (): string => new Date(Date.now() + 3000).toUTCString()],
  ] as const)(
    'by Retry-After (%s) gets it, without delaying other receivers',
    async (name, status, retryAfter) => {
      let asked = '';
      const sink: Sink = await startSink((_, response, earlier): void => {
        asked ||= retryAfter();
        if (earlier > 0) response.writeHead(204).end();
        else response.writeHead(status, { 'retry-after': asked }).end();
      });
      closing.push(() => sink.close());
      await publishTo(name, sink.url, { retry: { delaysSeconds: [0] } });
      await untouched(name);
      const [first, second] = await sink.waitFor(2);
      const dueMs = /^\d+$/.test(asked) ? (first?.atMs ?? 0) + Number(asked) * 1000 : Date.parse(asked);
      expect(second?.atMs).toBeGreaterThanOrEqual(dueMs);
      await expect
        .poll(() => whyOf(name, name), { timeout: 15_000 })
        .toMatchObject({ state: 'delivered', attempts: [{ status }, { status: 204 }] });
    },
  );
});

describe('an endpoint that is gone (410)', () => {
  it('is not called again, keeps its events, and does not affect other receivers', async () => {
    const sink = await startSink((_, response, earlier) =>
      response.writeHead(earlier === 0 ? 410 : 204).end(),
    );
    closing.push(() => sink.close());
    await publishTo('gone', sink.url, {});
    await untouched('gone');
    await expect
      .poll(async () => (await bus.call('GET', '/v1/receivers/gone')).body, { timeout: 30_000 })
      .toMatchObject({ state: 'disabled', stateReason: expect.stringContaining('http-410') });
    expect(await whyOf('gone', 'gone')).toMatchObject({ attempts: [{ attempt: 1, status: 410 }] });
    expect((await bus.call('GET', '/v1/receivers/gone/dead-letters')).body).toMatchObject({
      deadLetters: [],
    });
    expect(sink.arrivals).toHaveLength(1);
    await bus.call('POST', '/v1/receivers/gone/resume');
    // The event that met the 410 is hidden for a minute; an event after the resume is not.
    await bus.call('POST', '/v1/receivers/gone/events', { type: 'test', id: 'after', data: {} });
    await sink.waitFor(1, ({ body }) => body.includes('"after"'));
  });
});

describe('an endpoint that flaps', () => {
  it('gets every event with its id, some at a later attempt', async () => {
    const sink = await startSink((_, response, earlier) =>
      response.writeHead(earlier % 2 === 0 ? 503 : 204).end(),
    );
    closing.push(() => sink.close());
    await publishTo('flaps', sink.url, { retry: { delaysSeconds: [0, 0, 0, 0, 0, 0, 0, 0] } });
    const events = Array.from({ length: 5 }, (_, n) => ({ type: 'test', id: `flap-${n}`, data: {} }));
    await bus.call('POST', '/v1/receivers/flaps/events', events);
    await untouched('flaps');
    for (const id of ['flaps', ...events.map((event) => event.id)]) {
      await expect.poll(() => whyOf(id, 'flaps'), { timeout: 45_000 }).toMatchObject({ state: 'delivered' });
    }
    const ids = (id: string) =>
      new Set(
        sink.arrivals
          .filter(({ body }) => body.includes(`"${id}"`))
          .map(({ headers }) => headers['webhook-id']),
      );
    for (const { id } of events) expect(ids(id).size).toBe(1);
  });
});
