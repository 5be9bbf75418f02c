import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { verify } from '../client/index.ts';

/** A delivery that the example receiver verified. */
export interface ExampleDelivery {
  readonly type: string;
  readonly id: string;
  readonly attempt: number;
  readonly data: unknown;
}

/**
 * A minimal receiver on this machine, as a team would write it: it verifies each delivery and passes it on. Receivers
 * of busbar.config.ts whose endpoint is a parameter point to it.
 */
export interface ExampleReceiver {
  readonly url: string;
  /** Deliveries are rejected until the secret is known. */
  useSecret(secret: string): void;
  close(): Promise<void>;
}

export async function startExampleReceiver(
  onDelivery: (delivery: ExampleDelivery) => void,
): Promise<ExampleReceiver> {
  let secret: string | undefined;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (secret === undefined) {
        response.writeHead(503, { 'retry-after': '1' }).end('Not ready yet');
        return;
      }
      try {
        const { event, attempt } = verify({ headers: request.headers, body: Buffer.concat(chunks), secret });
        response.writeHead(204).end();
        onDelivery({ type: event.type, id: event.id, attempt, data: event.data });
      } catch (error) {
        response.writeHead(401).end(error instanceof Error ? error.message : 'Not verified');
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/events`,
    useSecret: (given) => {
      secret = given;
    },
    close: () => closeServer(server),
  };
}

function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
