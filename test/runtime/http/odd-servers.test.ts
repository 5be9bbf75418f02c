import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createHttp } from '../../../lib/runtime/http/client.ts';
import type { HttpRequest } from '../../../lib/runtime/http/http.ts';
import { headBytesMax } from '../../../lib/runtime/http/response-reader.ts';
import { virtualClock } from '../../../lib/stand-in/clock.ts';
import { accepted, noContent, ok } from './odd-responses.ts';

/**
 * Servers that are odd on the wire, each with what is made of it. An event whose response is refused is posted again, so a
 * client refuses only what leaves open how the request ended.
 */

/** Does something to the socket on each whole request that comes; `count` is from 1 and over all connections. */
type Answer = (socket: Socket, count: number) => unknown;

async function odd(
  answer: Answer,
  onConnect: (socket: Socket, connections: number) => void = () => undefined,
) {
  const clock = virtualClock(Date.parse('2026-01-01T00:00:00Z'));
  const sockets = new Set<Socket>();
  let requests = 0;
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    let text = '';
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
      for (let end = requestEnd(text); end !== undefined; end = requestEnd(text)) {
        text = text.slice(end);
        requests += 1;
        answer(socket, requests);
      }
    });
    onConnect(socket, connections);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const http = createHttp({ clock, endpoints: 'any', ports: 'any' });
  const request: HttpRequest = {
    method: 'POST',
    url: `http://127.0.0.1:${port}/`,
    headers: {},
    body: 'hello',
    timeoutMs: 15_000,
  };
  return {
    clock,
    requests: () => requests,
    connections: () => connections,
    send: (more: Partial<HttpRequest> = {}) => http.send({ ...request, ...more }),
  };
}

/** Where the first request in a text ends; undefined while it has not. */
function requestEnd(text: string): number | undefined {
  const head = text.indexOf('\r\n\r\n');
  if (head === -1) return undefined;
  const length = Number(/^content-length: (\d+)/im.exec(text.slice(0, head))?.[1] ?? 0);
  return text.length >= head + 4 + length ? head + 4 + length : undefined;
}

describe('a response counts, whether it comes in one piece or byte by byte:', () => {
  it.each(accepted)('$name', async ({ bytes, ends, status, body, headers, staysOpen }) => {
    const server = await odd((socket) => (ends === true ? socket.end(bytes) : void socket.write(bytes)));

    const first = await server.send();
    const second = await server.send();

    for (const outcome of [first, second]) {
      expect(outcome).toMatchObject({
        kind: 'answer',
        status,
        ...(body !== undefined && { body }),
        ...(headers !== undefined && { headers }),
      });
    }
    // Neither was posted twice.
    expect(server.requests()).toBe(2);
    expect(server.connections()).toBe(staysOpen ? 1 : 2);
  });

  it.each(accepted.filter(({ bytes }) => bytes.length < 5000))(
    '$name, byte by byte',
    async ({ bytes, ends, status, body }) => {
      const server = await odd(async (socket) => {
        socket.setNoDelay(true);
        for (const byte of Buffer.from(bytes as Buffer)) {
          socket.write(Buffer.of(byte));
          await new Promise(setImmediate);
        }
        if (ends === true) socket.end();
      });
      expect(await server.send()).toMatchObject({
        kind: 'answer',
        status,
        ...(body !== undefined && { body }),
      });
      expect(server.requests()).toBe(1);
    },
  );
});

describe('a response is refused, because it leaves open how the request ended:', () => {
  it.each<[string, string | Buffer, RegExp]>([
    ['a protocol that is not HTTP', 'SSH-2.0-OpenSSH_9.6\r\n', /not valid HTTP\/1\.1/],
    ['bytes without a line, as of TLS', Buffer.of(0x15, 3, 1, 0, 2, 2, 70), /not valid HTTP\/1\.1/],
    ['HTTP/2', 'HTTP/2.0 200 OK\r\n\r\n', /not a status line/],
    ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n', /not a status line/],
    ['a status that is no number', 'HTTP/1.1 OK\r\n\r\n', /not a status line/],
    ['a body without a status line', '<html>hello</html>\n', /not a status line/],
    ['101 Switching Protocols', 'HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\r\n', /101/],
    [
      'two lengths that differ',
      'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab',
      /Content-Length/,
    ],
    ['a length that is negative', 'HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n', /Content-Length/],
    ['a length with a unit', 'HTTP/1.1 200 OK\r\ncontent-length: 5 bytes\r\n\r\nhello', /Content-Length/],
    [
      'more headers than the limit',
      `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(headBytesMax)}\r\n\r\n`,
      /longer than/,
    ],
    ['interim responses without end', 'HTTP/1.1 103 Early Hints\r\nx: y\r\n\r\n'.repeat(3000), /longer than/],
  ])('%s', async (_, bytes, message) => {
    const server = await odd((socket) => void socket.write(bytes));
    expect(await server.send()).toEqual({
      kind: 'failure',
      failure: 'protocol',
      message: expect.stringMatching(message),
    });
    expect(server.requests()).toBe(1);
  });

  it.each<[string, string]>([
    ['nothing', ''],
    ['an interim response and nothing else', 'HTTP/1.1 100 Continue\r\n\r\n'],
    ['half a status line', 'HTTP/1.1 2'],
    ['a status and half the headers', 'HTTP/1.1 200 OK\r\ncontent-le'],
    ['headers without the empty line', 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n'],
  ])('%s before the connection ends', async (_, bytes) => {
    const server = await odd((socket) => socket.end(bytes));
    expect(await server.send()).toMatchObject({ kind: 'failure', failure: 'reset' });
    expect(server.requests()).toBe(1);
  });
});

describe('the time', () => {
  it.each<[string, string]>([
    ['nothing', ''],
    ['an interim response', 'HTTP/1.1 102 Processing\r\n\r\n'],
    ['headers without end', 'HTTP/1.1 200 OK\r\nx: y\r\n'],
  ])('is over when only %s came', async (_, bytes) => {
    const arrived = Promise.withResolvers<void>();
    const server = await odd((socket) => void socket.write(bytes, () => arrived.resolve()));
    const sending = server.send();
    await arrived.promise;
    await server.clock.advance(15_000);
    expect(await sending).toEqual({
      kind: 'failure',
      failure: 'timeout',
      message: 'No response within 15 s.',
    });
  });

  it('ends the body and not the response, whose status counts', async () => {
    const arrived = Promise.withResolvers<void>();
    const closed = Promise.withResolvers<void>();
    const server = await odd((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nslow', () => arrived.resolve());
      socket.on('close', () => closed.resolve());
    });
    const sending = server.send();
    await arrived.promise;
    // The client has read by then what the server has written.
    await new Promise((resolve) => setTimeout(resolve, 50));
    await server.clock.advance(15_000);
    expect(await sending).toMatchObject({ kind: 'answer', status: 200, body: 'slow' });
    await closed.promise;
  });
});

describe('a connection', () => {
  it('that is reset behind a complete response has delivered', async () => {
    const server = await odd((socket) =>
      socket.write(ok, () => setImmediate(() => socket.resetAndDestroy())),
    );
    expect(await server.send()).toMatchObject({ kind: 'answer', status: 200, body: 'ok' });
    expect(await server.send()).toMatchObject({ kind: 'answer', status: 200, body: 'ok' });
    expect(server.requests()).toBe(2);
  });

  it.each<[string, (socket: Socket) => void]>([
    ['closes', (socket) => socket.end()],
    ['resets', (socket) => socket.resetAndDestroy()],
  ])('that idled and that the server %s as the next request comes costs no attempt', async (_, act) => {
    const seen = new Set<Socket>();
    const server = await odd((socket) => {
      // The second request on a connection is never answered: to the client it is as if it was closed before.
      if (seen.has(socket)) return act(socket);
      seen.add(socket);
      socket.write(ok);
    });
    expect(await server.send()).toMatchObject({ status: 200 });
    expect(await server.send()).toMatchObject({ status: 200 });
    expect(server.connections()).toBe(2);
  });

  it('that was never used before is not tried a second time', async () => {
    const server = await odd((socket) => socket.resetAndDestroy());
    expect(await server.send()).toMatchObject({ kind: 'failure', failure: 'reset' });
    expect(server.requests()).toBe(1);
  });

  it('on which bytes come between two requests is not used again', async () => {
    const server = await odd((socket, count) => {
      socket.write(ok, () => {
        if (count === 1) setTimeout(() => socket.write('HTTP/1.1 500 Not asked for\r\n\r\n'), 10);
      });
    });
    expect(await server.send()).toMatchObject({ status: 200 });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await server.send()).toMatchObject({ status: 200 });
    expect(server.connections()).toBe(2);
  });

  it('on which a body comes late that its response denied is left for a fresh one', async () => {
    const held: Socket[] = [];
    const server = await odd((socket, count) => {
      if (count === 2) return void held[0]?.write('{"late": "body"}\n');
      held.push(socket);
      socket.write(noContent);
    });
    expect(await server.send()).toMatchObject({ status: 204 });
    expect(await server.send()).toMatchObject({ status: 204 });
    expect(server.connections()).toBe(2);
  });

  it('is closed by the client before a server that says for how long it keeps it', async () => {
    const server = await odd((socket) =>
      socket.write(`HTTP/1.1 200 OK\r\nkeep-alive: timeout=1\r\ncontent-length: 0\r\n\r\n`),
    );
    await server.send();
    await server.send();
    expect(server.connections()).toBe(2);
  });

  it('that says its response before it has read the request has delivered', async () => {
    const server = await odd(
      () => undefined,
      (socket) => socket.write(ok),
    );
    expect(await server.send({ body: 'x'.repeat(1024 * 1024) })).toMatchObject({
      kind: 'answer',
      status: 200,
    });
  });

  it('that refuses a large request early and stops reading has said so', async () => {
    const server = await odd(
      () => undefined,
      (socket) => {
        socket.pause();
        socket.write('HTTP/1.1 413 Too large\r\ncontent-length: 0\r\n\r\n');
      },
    );
    expect(await server.send({ body: 'x'.repeat(8 * 1024 * 1024) })).toMatchObject({
      kind: 'answer',
      status: 413,
    });
  });

  it('carries the answer to a HEAD, whose body never comes', async () => {
    const server = await odd((socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n'));
    expect(await server.send({ method: 'HEAD' })).toMatchObject({ kind: 'answer', status: 200, body: '' });
  });

  it('is waited for where all are in use, and handed on', async () => {
    const sockets: Socket[] = [];
    const server = await odd((socket) => void sockets.push(socket));
    const sending = Array.from({ length: 200 }, () => server.send());
    await expect.poll(() => sockets.length).toBe(128);
    // Answered one after another, so that each connection is handed on.
    for (let answered = 0; answered < 200; answered++) {
      await expect.poll(() => sockets.length).toBeGreaterThan(answered);
      sockets[answered]?.write(ok);
    }
    expect((await Promise.all(sending)).every((outcome) => outcome.kind === 'answer')).toBe(true);
    expect(server.connections()).toBe(128);
    expect(server.requests()).toBe(200);
  });
});
