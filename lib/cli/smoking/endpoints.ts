import { createServer } from 'node:http';
import { hear } from '../listening/hear.ts';
import { listenOn } from '../support/listen-on.ts';

/** An event that arrived, with its signature verified. */
interface Arrival {
  readonly id: string;
  readonly atMs: number;
}

/** One endpoint of this machine, under a path of its own. */
export interface Endpoint {
  readonly arrivals: readonly Arrival[];
  /** How it answers from now on: with the next of these statuses each time, and the last one ever after. */
  answer(...statuses: number[]): void;
  /** Resolves to the ids of the first `count` that arrived. @throws Error when they do not within `seconds`. */
  arrived(count: number, seconds?: number): Promise<string[]>;
}

const arrivalSeconds = 60;

/** Opens endpoints on one port of this machine. A request that is not signed by the secret is refused. */
export async function openEndpoints(port: number, secret: string, now: () => number) {
  const endpoints = new Map<string, { take(arrival: Arrival): number }>();
  const server = createServer((request, response) => {
    hear(request, { secrets: [secret], decide: () => 204, now }).then(
      ({ delivery, status }) => {
        const endpoint = endpoints.get(lastPart(request.url ?? ''));
        const answer =
          delivery === undefined ? status : (endpoint?.take({ id: delivery.event.id, atMs: now() }) ?? 404);
        response.writeHead(answer).end();
      },
      // The connection broke; the bus tries again.
      () => response.destroy(),
    );
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
