import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CliError } from './failure.ts';

/** Listens on a port of 127.0.0.1, where 0 takes a free one. Resolves to the port, or rejects with a `CliError`. */
export async function listenOn(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const cause =
        error.code === 'EADDRINUSE'
          ? `Port ${port} is already in use.`
          : `Cannot listen on port ${port}: ${error.message}.`;
      reject(new CliError(cause, 'Choose another with --port; 0 takes a free one.'));
    });
    server.listen(port, '127.0.0.1', resolve);
  });
  return (server.address() as AddressInfo).port;
}
