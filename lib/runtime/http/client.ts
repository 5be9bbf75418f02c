import { brotliDecompressSync, gunzipSync, inflateSync, constants as zlib } from 'node:zlib';
import type { EndpointPolicy, EndpointPorts } from '../../core/kernel/endpoint.ts';
import type { HttpResult } from '../../core/kernel/http-result.ts';
import type { Clock } from '../clock.ts';
import { type Addresses, forbidden, lookupFor, publicAddresses } from './addresses.ts';
import { type Connection, type Connections, createConnections } from './connections.ts';
import { classify, Failed, failed } from './failure.ts';
import type { Http, HttpRequest } from './http.ts';
import { type WrittenRequest, writeRequest } from './request-writer.ts';
import { createResponseReader, type ResponseReader, responseBytesMax } from './response-reader.ts';

/** As many connections to one origin as a receiver may have posts under way in one function, and some. */
const perOriginDefault = 128;

/**
 * A client of HTTP/1.1 for endpoints: lenient where an endpoint is odd, strict about where it connects, and bounded in time
 * and size (decision 140).
 * @param options.addresses what the policy `public` goes by.
 */
export function createHttp(options: {
  readonly clock: Clock;
  readonly endpoints: EndpointPolicy;
  readonly ports: EndpointPorts;
  /** The hosts of the bus itself. */
  readonly ownHosts?: readonly string[];
  readonly connectionsPerOrigin?: number;
  readonly addresses?: Addresses;
}): Http {
  const { clock, endpoints, ports, ownHosts = [], addresses = publicAddresses } = options;
  const connections = createConnections({
    clock,
    perOrigin: options.connectionsPerOrigin ?? perOriginDefault,
    lookup: lookupFor(endpoints, addresses),
  });
  return {
    async send(request) {
      const url = new URL(request.url);
      const refused = forbidden(url, { endpoints, ports, ownHosts }, addresses);
      if (refused !== undefined) return refused;
      let written: WrittenRequest;
      try {
        written = writeRequest(url, request);
      } catch (error) {
        if (error instanceof Failed) return classify(error);
        throw error;
      }
      return await exchange(connections, url, request, written, clock);
    },
  };
}

/**
 * One request and its response. The status counts as soon as the final status line and all headers are there; the body is
 * for people, and is read until it ends, breaks off, is too long, or the time is over. By callbacks, because a stream and a
 * signal for each request would take longer than the request.
 */
function exchange(
  connections: Connections,
  url: URL,
  request: HttpRequest,
  written: WrittenRequest,
  clock: Clock,
): Promise<HttpResult> {
  const { promise, resolve } = Promise.withResolvers<HttpResult>();
  let isSettled = false;
  let reader = createResponseReader(request.method);
  /** Gives up what is under way. */
  let letGo: () => void = () => undefined;

  const settle = (outcome: HttpResult): void => {
    if (isSettled) return;
    isSettled = true;
    cancelTimer();
    resolve(outcome);
  };
  const cancelTimer = clock.setTimer(request.timeoutMs, () => {
    settle(answerOf(reader) ?? failed('timeout', `No response within ${request.timeoutMs / 1000} s.`));
    letGo();
  });

  function attempt(isSecond: boolean): void {
    reader = createResponseReader(request.method);
    letGo = connections.take(url, {
      onConnection: (connection) => use(connection, isSecond),
      onError: (error) => settle(classify(error)),
    });
  }

  function use(connection: Connection, isSecond: boolean): void {
    const { socket } = connection;
    const { wasUsed } = connection;
    letGo = () => void socket.destroy();

    const end = (): void => {
      connection.user = undefined;
      socket.destroy();
      settle(
        answerOf(reader) ??
          (reader.problem === undefined
            ? failed('reset', 'The endpoint closed the connection before its response was there.')
            : failed('protocol', reader.problem)),
      );
    };
    /** The other side closed an idle connection, or what came is left over from an earlier response. */
    const isStale = () =>
      wasUsed &&
      !isSecond &&
      !isSettled &&
      reader.head === undefined &&
      (!reader.hasBegun || reader.isForeign);
    const again = (): void => {
      connection.user = undefined;
      socket.destroy();
      attempt(true);
    };
    connection.user = {
      onData(bytes) {
        const wasDone = reader.isDone;
        reader.push(bytes);
        if (wasDone || !reader.isDone) return;
        if (isStale()) {
          again();
          return;
        }
        if (!reader.leavesConnection) {
          end();
          return;
        }
        // In the turn after, what comes unasked behind the response has come.
        setImmediate(() => {
          if (connection.user === undefined || !reader.leavesConnection || socket.writableLength > 0) {
            end();
            return;
          }
          connections.giveBack(connection, reader.head?.headers['keep-alive']);
          settle(answerOf(reader) ?? failed('protocol', reader.problem ?? ''));
        });
      },
      onClose(error) {
        reader.end();
        if (isStale()) again();
        else if (error !== undefined && reader.head === undefined) settle(classify(error));
        else end();
      },
    };
    written.send(socket);
  }

  attempt(false);
  return promise;
}

/** Undefined until the status and all headers are there. */
function answerOf(reader: ResponseReader): HttpResult | undefined {
  if (reader.head === undefined) return undefined;
  const { status, headers } = reader.head;
  const body = decoded(reader.body(), headers['content-encoding']).toString('utf8');
  return { kind: 'answer', status, headers, body };
}

/**
 * A request that does not say which codings it takes, takes all (RFC 9110, section 12.5.3). A body that is cut or not what
 * it claims to be stays as it came.
 */
function decoded(body: Buffer, coding: string | undefined): Buffer {
  if (coding === undefined || body.length === 0) return body;
  const maxOutputLength = responseBytesMax;
  const cut = { maxOutputLength, finishFlush: zlib.Z_SYNC_FLUSH };
  try {
    switch (coding.trim().toLowerCase()) {
      case 'gzip':
      case 'x-gzip':
        return gunzipSync(body, cut);
      case 'deflate':
        return inflateSync(body, cut);
      case 'br':
        return brotliDecompressSync(body, { maxOutputLength, finishFlush: zlib.BROTLI_OPERATION_FLUSH });
    }
  } catch {
    // The status is there, and the body is only for people.
  }
  return body;
}
