import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One attempt, as it arrived at the endpoint. */
export interface Arrival {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly atMs: number;
}

/** An endpoint that records what arrives, and responds as the test says. */
export interface Sink {
  readonly url: string;
  readonly arrivals: readonly Arrival[];
  /** Waits for `count` arrivals that satisfy the condition, and resolves to the first ones. */
  waitFor(count: number, condition?: (arrival: Arrival) => boolean): Promise<Arrival[]>;
  close(): Promise<void>;
}

export type Answerer = (arrival: Arrival, response: ServerResponse, earlier: number) => void;

/** @param answer responds to an arrival; `earlier` is the number of arrivals before it. Default: 204. */
export async function startSink(
  answer: Answerer = (_, response) => response.writeHead(204).end(),
): Promise<Sink> {
  const arrivals: Arrival[] = [];
  const waiting = new Set<() => void>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const arrival = {
        path: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(chunks).toString('utf8'),
        atMs: Date.now(),
      };
      arrivals.push(arrival);
      answer(arrival, response, arrivals.length - 1);
      for (const check of waiting) check();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/events`,
    arrivals,
    waitFor: (count, condition = () => true) =>
      new Promise((resolve) => {
        const check = () => {
          const found = arrivals.filter(condition);
          if (found.length < count) return;
          waiting.delete(check);
          resolve(found.slice(0, count));
        };
        waiting.add(check);
        check();
      }),
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
