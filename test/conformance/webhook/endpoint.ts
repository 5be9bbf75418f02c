import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { selfSigned } from '../../runtime/http/self-signed.ts';

/** A request as it arrived. */
export interface Arrival {
  readonly method: string;
  /** The path with its query. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly atMs: number;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A delivery target that answers as a test says. */
export interface Endpoint {
  readonly url: string;
  readonly origin: string;
  /** What arrived so far, of one method. */
  arrived(method: string): readonly Arrival[];
  /** Resolves to the first arrivals of a method, as soon as there are as many. */
  awaitArrivals(method: string, count: number): Promise<readonly Arrival[]>;
}

type Answerer = (arrival: Arrival, earlier: number) => Answer;

const open = new Set<{ close(): unknown; closeAllConnections(): void }>();

/** Ends all endpoints that were opened: at the end, since the tests run side by side. */
export function closeEndpoints(): void {
  for (const server of open) {
    server.closeAllConnections();
    server.close();
  }
  open.clear();
}

/** @param answers how requests are answered, by method; `earlier` counts those of the method before. */
export async function openEndpoint(answers: {
  readonly options?: Answerer;
  readonly post?: Answerer;
}): Promise<Endpoint> {
  const arrivals: Arrival[] = [];
  const waiting = new Set<() => void>();
  const of = (method: string) => arrivals.filter((arrival) => arrival.method === method);
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const arrival: Arrival = {
        method: request.method ?? '',
        target: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(chunks).toString('utf8'),
        atMs: performance.now(),
      };
      const earlier = of(arrival.method).length;
      arrivals.push(arrival);
      const answerer = arrival.method === 'OPTIONS' ? answers.options : answers.post;
      const { status, headers, body } = answerer?.(arrival, earlier) ?? notExpecting(arrival);
      response.writeHead(status, headers).end(body);
      for (const check of waiting) check();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.add(server);
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: `${origin}/hooks/shop?tenant=7`,
    origin,
    arrived: of,
    awaitArrivals: (method, count) =>
      new Promise((resolve) => {
        const check = () => {
          if (of(method).length < count) return;
          waiting.delete(check);
          resolve(of(method).slice(0, count));
        };
        waiting.add(check);
        check();
      }),
  };
}

/** As a target that knows nothing of section 4: 405 to OPTIONS. It takes every POST. */
const notExpecting = ({ method }: Arrival): Answer => ({ status: method === 'POST' ? 204 : 405 });

/** A target whose certificate nobody vouches for; resolves `refused` when a client breaks the handshake off. */
export async function openUntrustedEndpoint() {
  let requests = 0;
  const server = createTlsServer(selfSigned, (_, response) => {
    requests++;
    response.writeHead(204).end();
  });
  const refused = once(server, 'tlsClientError');
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.add(server);
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    refused,
    requests: () => requests,
  };
}

/** The answer of a target that agrees (section 4.2). */
export const agreeing =
  (rate = '*'): Answerer =>
  ({ headers }) => ({
    status: 200,
    headers: {
      Allow: 'POST',
      'WebHook-Allowed-Origin': String(headers['webhook-request-origin']),
      'WebHook-Allowed-Rate': rate,
    },
  });
