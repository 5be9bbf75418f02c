import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createHttp } from '../../../lib/runtime/http/client.ts';
import type { HttpRequest } from '../../../lib/runtime/http/http.ts';
import { responseBytesMax } from '../../../lib/runtime/http/response-reader.ts';
import { virtualClock } from '../../../lib/stand-in/clock.ts';
import { selfSigned } from './self-signed.ts';

/** Time stands still but for what a test moves, so that a timeout is fired and not waited for. */
const clock = () => virtualClock(Date.parse('2026-01-01T00:00:00Z'));

async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    // Clients that break off are the point of these tests.
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** Resolves when a socket is closed, however that came about. */
const closeOf = (socket: Socket) =>
  new Promise<void>((resolve) => {
    if (socket.destroyed) resolve();
    socket.on('close', () => resolve());
  });

const post = (url: string, more: Partial<HttpRequest> = {}): HttpRequest => ({
  method: 'POST',
  url,
  headers: { 'content-type': 'application/json' },
  body: '{"a":1}',
  timeoutMs: 15_000,
  ...more,
});

/** A server that misbehaves as told, and a way to send to it. */
async function misbehaving(listener: RequestListener, time = clock()) {
  const server = createServer(listener);
  const url = `http://127.0.0.1:${await listen(server)}/events?a=b%20c`;
  const http = createHttp({ clock: time, endpoints: 'any', ports: 'any' });
  return { server, time, url, send: (more?: Partial<HttpRequest>) => http.send(post(url, more)) };
}

/** A server that writes raw bytes to whoever connects and sends. */
async function raw(answer: (socket: Socket) => void) {
  const server = createTcpServer((socket) => socket.once('data', () => answer(socket)));
  const url = `http://127.0.0.1:${await listen(server)}/`;
  return createHttp({ clock: clock(), endpoints: 'any', ports: 'any' }).send(post(url));
}

describe('a request', () => {
  it('is sent as it was asked for, and the answer is told', async () => {
    const seen: { request: IncomingMessage; body: string }[] = [];
    const { send } = await misbehaving(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      seen.push({ request, body });
      response.writeHead(202, { 'Retry-After': '7', 'X-Twice': ['a', 'b'] }).end('thanks');
    });
    expect(await send({ headers: { 'webhook-id': 'dlv_1' }, body: Buffer.from('grüße') })).toEqual({
      kind: 'answer',
      status: 202,
      headers: expect.objectContaining({ 'retry-after': '7', 'x-twice': 'a, b' }),
      body: 'thanks',
    });
    expect(seen[0]?.body).toBe('grüße');
    expect(seen[0]?.request).toMatchObject({ method: 'POST', url: '/events?a=b%20c' });
    expect(seen[0]?.request.headers).toMatchObject({ 'webhook-id': 'dlv_1' });
  });

  it.each([301, 302, 303, 307, 308])('does not follow a %i', async (status) => {
    let requests = 0;
    const { send } = await misbehaving((_, response) => {
      requests++;
      response.writeHead(status, { location: '/elsewhere' }).end();
    });
    expect(await send()).toMatchObject({ kind: 'answer', status, headers: { location: '/elsewhere' } });
    expect(requests).toBe(1);
  });

  it.each([100, 102, 103])('waits for the answer behind a %i', async (status) => {
    const outcome = await raw((socket) =>
      socket.write(`HTTP/1.1 ${status} Wait\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n`),
    );
    expect(outcome).toMatchObject({ kind: 'answer', status: 204 });
  });

  it('that cannot be written is not sent, and its value is not shown', async () => {
    const { send } = await misbehaving((_, response) => response.end());
    expect(await send({ headers: { 'x-tenant': 'a\r\nb: c' } })).toEqual({
      kind: 'failure',
      failure: 'unwritable',
      message: 'Invalid x-tenant header: it has characters that no header can have.',
    });
  });
});

describe('the timeout', () => {
  it('ends a request to an endpoint that answers nothing', async () => {
    const { server, time, send } = await misbehaving(() => undefined);
    const requested = once(server, 'request');
    const sending = send();
    await requested;
    await time.advance(14_999);
    await time.advance(1);
    expect(await sending).toEqual({
      kind: 'failure',
      failure: 'timeout',
      message: 'No response within 15 s.',
    });
  });

  it('closes the connection, so that nothing is left behind', async () => {
    const { server, time, send } = await misbehaving(() => undefined);
    const connected = once(server, 'connection');
    const requested = once(server, 'request');
    const sending = send();
    const [socket] = (await connected) as [Socket];
    const closed = closeOf(socket);
    await requested;
    await time.advance(15_000);
    await sending;
    await closed;
  });

  it('is taken back when the answer is there', async () => {
    const time = clock();
    const timers = { set: 0, cancelled: 0 };
    const counting = {
      now: time.now,
      setTimer(delayMs: number, action: () => void) {
        timers.set++;
        const cancel = time.setTimer(delayMs, action);
        return () => {
          timers.cancelled++;
          cancel();
        };
      },
    };
    const server = createServer((_, response) => response.writeHead(204).end());
    const url = `http://127.0.0.1:${await listen(server)}/`;
    await createHttp({ clock: counting, endpoints: 'any', ports: 'any' }).send(post(url));
    expect(timers).toEqual({ set: 1, cancelled: 1 });
  });
});

describe('an endpoint that breaks off', () => {
  it.each<[string, string, (socket: Socket) => void]>([
    ['resets the connection', 'reset', (socket) => socket.resetAndDestroy()],
    ['closes without an answer', 'reset', (socket) => socket.end()],
    ['closes in the middle of its headers', 'reset', (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-')],
    ['answers what is no HTTP', 'protocol', (socket) => socket.end('SSH-2.0-OpenSSH_9.6\r\n')],
    [
      'sends headers without end',
      'protocol',
      (socket) => socket.write(`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`),
    ],
    [
      'sends two lengths',
      'protocol',
      (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'),
    ],
  ])('%s has failed: %s', async (_, failure, answer) => {
    expect(await raw(answer)).toMatchObject({ kind: 'failure', failure });
  });

  it('or is not there at all is told from one that is', async () => {
    const server = createTcpServer();
    const port = await listen(server);
    server.close();
    await once(server, 'close');
    const http = createHttp({ clock: clock(), endpoints: 'any', ports: 'any' });
    expect(await http.send(post(`http://127.0.0.1:${port}/`))).toMatchObject({
      kind: 'failure',
      failure: 'refused',
    });
    expect(await http.send(post('http://nothing.invalid/'))).toMatchObject({
      kind: 'failure',
      failure: 'dns',
    });
  });
});

describe('a body', () => {
  it('without end is read up to the limit, and its connection is let go', async () => {
    const { server, send } = await misbehaving((_, response) => {
      const chunk = Buffer.alloc(16 * 1024, 'x');
      const pour = () => {
        while (response.write(chunk));
      };
      response.on('drain', pour);
      pour();
    });
    const connected = once(server, 'connection');
    const outcome = await send();
    expect(outcome).toMatchObject({ kind: 'answer', status: 200 });
    expect(outcome.kind === 'answer' && outcome.body).toBe('x'.repeat(responseBytesMax));
    const [socket] = (await connected) as [Socket];
    await closeOf(socket);
  });

  it('may be cut in the middle of a character', async () => {
    const { send } = await misbehaving((_, response) => response.end('é'.repeat(responseBytesMax)));
    const outcome = await send();
    expect(outcome.kind === 'answer' && outcome.body.startsWith('éé')).toBe(true);
  });
});

describe('TLS', () => {
  const https = (port: number) =>
    createHttp({ clock: clock(), endpoints: 'any', ports: 'any' }).send(post(`https://127.0.0.1:${port}/`));

  it('with a certificate that nobody vouches for is refused before anything is sent', async () => {
    let requests = 0;
    const server = createTlsServer(selfSigned, (_, response) => {
      requests++;
      response.end();
    });
    expect(await https(await listen(server))).toMatchObject({ kind: 'failure', failure: 'tls' });
    expect(requests).toBe(0);
  });

  it('with a server that speaks none has failed', async () => {
    expect(await https(await listen(createServer()))).toMatchObject({ kind: 'failure', failure: 'tls' });
  });
});

describe('connections', () => {
  async function countingServer() {
    let connections = 0;
    const { server, time, send } = await misbehaving((_, response) => response.writeHead(204).end());
    server.on('connection', () => connections++);
    return { time, send, connections: () => connections };
  }

  it('are used again', async () => {
    const { send, connections } = await countingServer();
    for (let request = 0; request < 20; request++) await send();
    // The second request may come before the first connection is known to be free.
    expect(connections()).toBeLessThanOrEqual(2);
  });

  it('are not used again after the function was frozen, when they may only look open', async () => {
    const { time, send, connections } = await countingServer();
    for (let request = 0; request < 5; request++) await send();
    const before = connections();
    await time.advance(3999);
    await send();
    expect(connections()).toBe(before);
    await time.advance(4001);
    await send();
    expect(connections()).toBe(before + 1);
  });

  it('of a request that still runs are not cut by one that comes after a pause', async () => {
    let release: () => void = () => undefined;
    const { server, time, send } = await misbehaving((request, response) => {
      if (request.headers['x-slow'] === undefined) return void response.end('fast');
      release = () => response.end('slow');
    });
    const requested = once(server, 'request');
    const slow = send({ headers: { 'x-slow': '1' } });
    await requested;
    await time.advance(5000);
    expect(await send()).toMatchObject({ body: 'fast' });
    release();
    expect(await slow).toMatchObject({ body: 'slow' });
  });
});

describe('on AWS', () => {
  const http = () => createHttp({ clock: clock(), endpoints: 'public', ports: 'any' });

  it.each([
    'http://example.com/',
    'https://127.0.0.1/',
    'https://2130706433/',
    'https://0x7f000001/',
    'https://017700000001/',
    'https://127.1/',
    'https://169.254.169.254/latest/meta-data/',
    'https://[::1]/',
    'https://[::ffff:169.254.169.254]/',
    'https://[fd00:ec2::254]/',
    'https://[64:ff9b::a9fe:a9fe]/',
    'https://10.0.0.1:8443/',
    'https://0/',
    'https://192.168.1.1./',
  ])('%s is forbidden', async (url) => {
    expect(await http().send(post(url))).toMatchObject({ kind: 'failure', failure: 'forbidden' });
  });

  it('a name that leads to this machine is forbidden, and nothing connects', async () => {
    const server = createTcpServer();
    let connections = 0;
    server.on('connection', () => connections++);
    const port = await listen(server);
    expect(await http().send(post(`https://localhost:${port}/`))).toMatchObject({
      kind: 'failure',
      failure: 'forbidden',
      message: expect.stringContaining('localhost resolves to no public address'),
    });
    expect(connections).toBe(0);
  });
});
