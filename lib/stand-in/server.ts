import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { browserGuard, type ForeignRequest } from './browser-guard.ts';
import type { HttpApiRequest } from './engines/http/model.ts';

/** A request with its whole body. */
export interface ServerRequest extends HttpApiRequest {
  /** Aborts when the client goes away before its answer. */
  readonly signal: AbortSignal;
}

export interface ServerResponseParts {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies?: readonly string[];
  readonly body: Uint8Array | string;
}

export interface RunningServer {
  readonly port: number;
  /** Such as `http://127.0.0.1:4100`. */
  readonly url: string;
  /** Accepts nothing more, and resolves when every running request is answered. */
  close(): Promise<void>;
}

/** Thrown when a server cannot listen. The message contains the remedy. */
class ListenError extends Error {
  constructor(message: string, options: ErrorOptions) {
    super(message, options);
    this.name = 'ListenError';
  }
}

const host = '127.0.0.1';

/**
 * Serves HTTP on the loopback address only, and refuses what a web page of another site may have sent with a 403.
 * Rejects with `ListenError`.
 */
export async function listen(options: {
  /** 0 for any free port. */
  readonly port: number;
  /** What listens there, and the variable that changes the port, for the error when it is taken. */
  readonly name: string;
  readonly variable: string;
  /** Hosts to serve besides the loopback addresses, and the variable that sets them. */
  readonly hosts: readonly string[];
  readonly hostsVariable: string;
  readonly bodyBytesMax: number;
  readonly tooLarge: ServerResponseParts;
  handle(request: ServerRequest): Promise<ServerResponseParts>;
  /** Called with what `handle` throws; the client gets a plain 500. */
  onError(error: unknown): void;
}): Promise<RunningServer> {
  let closing: Promise<void> | undefined;
  let refusalOf: ReturnType<typeof browserGuard> = () => undefined;

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const foreign = refusalOf(request);
    if (foreign !== undefined) {
      // The body is not read, so the connection cannot be reused.
      send(response, refusal(foreign));
      return;
    }
    const gone = new AbortController();
    response.once('close', () => {
      if (!response.writableFinished) gone.abort();
    });
    const body = await readBody(request, options.bodyBytesMax);
    if (body === 'too-large') {
      // The rest of the body is not read, so the connection cannot be reused.
      send(response, { ...options.tooLarge, headers: { ...options.tooLarge.headers, connection: 'close' } });
      return;
    }
    if (body === 'aborted') return;
    const url = request.url ?? '/';
    const cut = url.indexOf('?');
    const answer = await options.handle({
      method: request.method ?? 'GET',
      path: cut < 0 ? url : url.slice(0, cut),
      query: cut < 0 ? '' : url.slice(cut + 1),
      headers: joined(request),
      body,
      sourceIp: request.socket.remoteAddress ?? host,
      signal: gone.signal,
    });
    send(
      response,
      closing !== undefined ? { ...answer, headers: { ...answer.headers, connection: 'close' } } : answer,
    );
  }

  // A request must arrive completely within this timeout, so a half-sent one cannot delay closing for long.
  const server = createServer({ keepAliveTimeout: 65_000, requestTimeout: 30_000 }, (request, response) => {
    serve(request, response).catch((error: unknown) => {
      options.onError(error);
      if (!response.headersSent) {
        send(response, {
          status: 500,
          headers: { 'content-type': 'application/json' },
          body: '{"message":"Internal Server Error"}',
        });
      }
    });
  });

  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, options)));
    server.listen(options.port, host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  refusalOf = browserGuard({ port, hosts: options.hosts, variable: options.hostsVariable });
  return {
    port,
    url: `http://${host}:${port}`,
    close() {
      closing ??= new Promise((resolve, reject) => {
        server.close((error) => (error === undefined ? resolve() : reject(error)));
        server.closeIdleConnections();
      });
      return closing;
    },
  };
}

/** A problem document (RFC 9457), with the `message` that AWS SDKs read. */
function refusal({ code, detail }: ForeignRequest): ServerResponseParts {
  return {
    status: 403,
    headers: { 'content-type': 'application/problem+json', connection: 'close' },
    body: JSON.stringify({
      type: 'about:blank',
      title: 'Forbidden',
      status: 403,
      detail,
      code,
      message: detail,
    }),
  };
}

function listenError(
  error: NodeJS.ErrnoException,
  { port, name, variable }: { port: number; name: string; variable: string },
): Error {
  if (error.code === 'EADDRINUSE') {
    return new ListenError(
      `Port ${port} is in use, so ${name} cannot listen there: stop the program that uses it, or choose another port with ${variable}=${port + 1}.`,
      { cause: error },
    );
  }
  if (error.code === 'EACCES') {
    return new ListenError(
      `Port ${port} is not open to this user, so ${name} cannot listen there: choose one above 1023 with ${variable}.`,
      { cause: error },
    );
  }
  return error;
}

/** Reads the body; stops reading one that is too large. */
function readBody(request: IncomingMessage, bytesMax: number): Promise<Uint8Array | 'too-large' | 'aborted'> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > bytesMax) {
        request.pause();
        resolve('too-large');
      } else {
        chunks.push(chunk);
      }
    });
    request.on('end', () =>
      resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)),
    );
    // The client went away during its request: nobody is left to answer.
    request.on('error', () => resolve('aborted'));
    request.on('close', () => resolve('aborted'));
  });
}

function joined(request: IncomingMessage): Record<string, string> {
  // Without a prototype, so that a header named `__proto__` is one like any other.
  const headers: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers[name] = typeof value === 'string' ? value : value.join(',');
  }
  return headers;
}

function send(response: ServerResponse, { status, headers, cookies, body }: ServerResponseParts): void {
  const bytes = typeof body === 'string' ? Buffer.from(body, 'utf8') : body;
  const all: Record<string, string | number | string[]> = { ...headers };
  if (status !== 204 && status !== 304) all['content-length'] = bytes.length;
  if (cookies !== undefined && cookies.length > 0) all['set-cookie'] = [...cookies];
  response.writeHead(status, all);
  response.end(bytes);
}
