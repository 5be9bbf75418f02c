import { createServer, type IncomingMessage } from 'node:http';
import { verify } from '../../client/index.ts';
import { listenOn } from '../support/listen-on.ts';

/** An event that arrived, with its signature verified. */
interface Arrival {
  readonly id: string;
  readonly atMs: number;
}

/** One endpoint of this machine, under a path of its own. */
export interface Endpoint {
  readonly path: string;
  readonly arrivals: readonly Arrival[];
  /** How it answers from now on: with the next of these statuses each time, and the last one ever after. */
  answer(...statuses: number[]): void;
  /** Resolves to the ids of the first `count` that arrived. @throws Error when they do not within `seconds`. */
  arrived(count: number, seconds?: number): Promise<string[]>;
}

const arrivalSeconds = 60;
const bodyBytesMax = 1024 * 1024;

/** Opens endpoints on one port of this machine. A request that is not signed by the secret is answered with 401. */
export async function openEndpoints(port: number, secret: string, now: () => number) {
  const endpoints = new Map<string, { take(arrival: Arrival): number }>();
  const server = createServer((request, response) => {
    void readAll(request).then((body) => {
      try {
        const { event } = verify({ secret, headers: request.headers, body });
        const endpoint = endpoints.get(lastPart(request.url ?? ''));
        response.writeHead(endpoint?.take({ id: event.id, atMs: now() }) ?? 404).end();
      } catch {
        response.writeHead(401).end();
      }
    });
  });
  const opened = await listenOn(server, port);
  return {
    url: `http://127.0.0.1:${opened}/`,
    open(name: string): Endpoint {
      const arrivals: Arrival[] = [];
      const waiting = new Set<() => void>();
      let statuses = [204];
      endpoints.set(name, {
        take(arrival) {
          arrivals.push(arrival);
          for (const check of waiting) check();
          const [status = 204, ...rest] = statuses;
          if (rest.length > 0) statuses = rest;
          return status;
        },
      });
      return {
        path: name,
        arrivals,
        answer(...next) {
          statuses = next;
        },
        arrived: (count, seconds = arrivalSeconds) =>
          new Promise((resolve, reject) => {
            const timer = setTimeout(() => {
              waiting.delete(check);
              reject(new Error(`${arrivals.length} of ${count} deliveries came within ${seconds} s`));
            }, seconds * 1000);
            const check = () => {
              if (arrivals.length < count) return;
              clearTimeout(timer);
              waiting.delete(check);
              resolve(arrivals.slice(0, count).map(({ id }) => id));
            };
            waiting.add(check);
            check();
          }),
      };
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

const lastPart = (url: string) => url.split('?')[0]?.split('/').at(-1) ?? '';

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= bodyBytesMax) chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
