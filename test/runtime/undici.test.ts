import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { bus } from '../../lib/core/limits.ts';
import { systemClock, virtualClock } from '../../lib/local/clock.ts';
import { undiciHttp } from '../../lib/runtime/undici.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const http = () => undiciHttp({ clock: systemClock, endpoints: 'any' });
const post = (url: string, timeoutMs = 10_000) =>
  ({ method: 'POST', url, headers: { 'content-type': 'text/plain' }, body: 'hello', timeoutMs }) as const;

test('sends method, path, headers and body, and answers status, headers and body', async () => {
  const url = await serve(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    response.setHeader('x-twice', ['a', 'b']);
    response.writeHead(418);
    response.end(`${request.method} ${request.url} ${request.headers['content-type']} ${body}`);
  });
  const outcome = await http().send(post(`${url}/path?query=1`));
  expect(outcome).toMatchObject({
    kind: 'answer',
    status: 418,
    headers: { 'x-twice': 'a, b' },
    body: 'POST /path?query=1 text/plain hello',
  });
});

test('an informational answer is not the answer', async () => {
  const url = await serve((_, response) => {
    response.writeEarlyHints({ link: '</style.css>; rel=preload' }, () => response.writeHead(204).end());
  });
  expect(await http().send(post(url))).toMatchObject({ kind: 'answer', status: 204, body: '' });
});

test('an endless answer is cut at the limit, and its connection closed', async () => {
  const closed = Promise.withResolvers<void>();
  const url = await serve((_, response) => {
    response.on('close', closed.resolve);
    const more = () => {
      while (response.write('x'.repeat(10_000)));
    };
    response.on('drain', more);
    more();
  });
  const outcome = await http().send(post(url));
  expect(outcome).toMatchObject({ kind: 'answer', status: 200 });
  expect(outcome.kind === 'answer' && outcome.body.length).toBe(bus.responseBytesMax);
  await closed.promise;
});

test('an answer that is not complete in time is a timeout, and its connection is closed', async () => {
  const closed = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const url = await serve((_, response) => {
    response.on('close', closed.resolve);
    response.write('the beginning', () => begun.resolve());
  });
  const clock = virtualClock(0);
  const sending = undiciHttp({ clock, endpoints: 'any' }).send(post(url, 5000));
  await begun.promise;
  await clock.advance(5000);
  expect(await sending).toEqual({
    kind: 'failure',
    failure: 'timeout',
    message: 'No complete answer within 5 s.',
  });
  await closed.promise;
});

test('a request that waits for a connection times out by itself, and is not sent after that', async () => {
  const seen: string[] = [];
  const first = Promise.withResolvers<() => void>();
  const url = await serve((request, response) => {
    seen.push(String(request.url));
    if (request.url === '/first') first.resolve(() => response.end());
    else response.end();
  });
  const clock = virtualClock(0);
  const narrow = undiciHttp({ clock, endpoints: 'any', connectionsPerOrigin: 1 });
  const slow = narrow.send(post(`${url}/first`, 60_000));
  const answerFirst = await first.promise;
  const queued = narrow.send(post(`${url}/queued`, 1000));
  await clock.advance(1000);
  expect(await queued).toMatchObject({ kind: 'failure', failure: 'timeout' });
  answerFirst();
  expect(await slow).toMatchObject({ kind: 'answer', status: 200 });
  expect(await narrow.send(post(`${url}/last`))).toMatchObject({ kind: 'answer', status: 200 });
  expect(seen).toEqual(['/first', '/last']);
});

test('a connection that ends in the middle of the answer is a reset', async () => {
  const url = await serve((_, response) => {
    response.writeHead(200, { 'content-length': '100' });
    response.write('the beginning', () => response.destroy());
  });
  expect(await http().send(post(url))).toMatchObject({ kind: 'failure', failure: 'reset' });
});

test('nobody listening is refused', async () => {
  const server = createTcpServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  expect(await http().send(post(`http://127.0.0.1:${port}/`))).toMatchObject({
    kind: 'failure',
    failure: 'refused',
  });
});

test('an answer that is no HTTP is a protocol failure', async () => {
  const server = createTcpServer((socket) => {
    socket.once('data', () => socket.end('220 mail.example.com ESMTP\r\n'));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  expect(await http().send(post(`http://127.0.0.1:${port}/`))).toMatchObject({
    kind: 'failure',
    failure: 'protocol',
  });
  server.close();
});

test('where only the public internet is allowed, nothing is sent to this machine', async () => {
  let requests = 0;
  const url = await serve((_, response) => {
    requests += 1;
    response.end();
  });
  const closed = undiciHttp({ clock: systemClock, endpoints: 'public' });
  for (const endpoint of [url, url.replace('http:', 'https:'), 'https://localhost:1/']) {
    expect(await closed.send(post(endpoint))).toMatchObject({ kind: 'failure', failure: 'forbidden' });
  }
  expect(requests).toBe(0);
});
