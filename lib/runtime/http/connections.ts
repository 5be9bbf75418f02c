import { connect as connectTcp, isIP, type LookupFunction, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Clock } from '../clock.ts';

/**
 * A socket that idled longer is not used again: a function is frozen between invocations, and the other side
 * has often closed what looks open after the thaw.
 */
const idleSocketMs = 4000;
/** A socket is given up this long before the other side closes it by its own word. */
const idleMarginMs = 1000;
/** Of how many origins a TLS session is remembered, which makes the next handshake shorter. */
const sessionsMax = 100;

/** What an exchange hears of its connection. */
export interface ConnectionUser {
  onData(bytes: Buffer): void;
  /** The connection has ended; `error` where it did not end by itself. */
  onClose(error: Error | undefined): void;
}

/** An open connection, lent to one exchange at a time. */
export interface Connection {
  readonly socket: Socket;
  /** Whether it carried an exchange before this one. */
  readonly wasUsed: boolean;
  /** Whoever hears of it; undefined while it idles. */
  user: ConnectionUser | undefined;
}

/** Waits for a connection. */
export interface Waiter {
  onConnection(connection: Connection): void;
  onError(error: Error): void;
}

export interface Connections {
  /** Lends a connection to an origin as soon as there is one. The returned function withdraws the wish. */
  take(url: URL, waiter: Waiter): () => void;
  /** Takes a connection back that may carry another request. @param keepAlive the field of the last response. */
  giveBack(connection: Connection, keepAlive: string | undefined): void;
}

interface Kept extends Connection {
  wasUsed: boolean;
  /** Epoch milliseconds. */
  idleUntilMs: number;
}

interface Origin {
  /** The one that was used last is last, and is used first. */
  readonly idle: Kept[];
  readonly waiting: Waiter[];
  /** Open connections and those that are being opened. */
  open: number;
}

/**
 * Connections that stay open from one request to the next, bounded for each origin.
 * @param lookup resolves names to the addresses that are connected to.
 */
export function createConnections(options: {
  readonly clock: Clock;
  readonly perOrigin: number;
  readonly lookup: LookupFunction;
}): Connections {
  const { clock, perOrigin, lookup } = options;
  const origins = new Map<string, Origin>();
  const ownOrigin = new WeakMap<Connection, Origin>();
  const sessions = new Map<string, Buffer>();

  function take(url: URL, waiter: Waiter): () => void {
    const origin = origins.get(url.origin) ?? { idle: [], waiting: [], open: 0 };
    origins.set(url.origin, origin);
    const idle = nextIdle(origin);
    if (idle !== undefined) {
      lend(idle, waiter);
      return () => undefined;
    }
    if (origin.open < perOrigin) return open(url, origin, waiter);
    origin.waiting.push(waiter);
    return () => {
      const at = origin.waiting.indexOf(waiter);
      if (at !== -1) origin.waiting.splice(at, 1);
    };
  }

  function nextIdle({ idle }: Origin): Kept | undefined {
    for (let kept = idle.pop(); kept !== undefined; kept = idle.pop()) {
      // The timers that close idle sockets stand still in a freeze, so they cannot be relied on here.
      if (!kept.socket.destroyed && kept.socket.readable && clock.now() <= kept.idleUntilMs) return kept;
      kept.socket.destroy();
    }
    return undefined;
  }

  function lend(kept: Kept, waiter: Waiter): void {
    kept.socket.setTimeout(0);
    kept.socket.ref();
    waiter.onConnection(kept);
  }

  function open(url: URL, origin: Origin, waiter: Waiter): () => void {
    origin.open += 1;
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const isTls = url.protocol === 'https:';
    const to = { host, port: Number(url.port) || (isTls ? 443 : 80), lookup, noDelay: true };
    const session = sessions.get(url.origin);
    const socket = isTls
      ? connectTls({
          ...to,
          ALPNProtocols: ['http/1.1'],
          servername: isIP(host) === 0 ? host : '',
          ...(session !== undefined && { session }),
        })
      : connectTcp(to);
    const kept: Kept = { socket, wasUsed: false, idleUntilMs: 0, user: undefined };
    ownOrigin.set(kept, origin);
    let isConnected = false;
    let failure: Error | undefined;
    socket.on('session', (fresh: Buffer) => remember(url.origin, fresh));
    // Before the certificate is checked nothing may be written.
    socket.once(isTls ? 'secureConnect' : 'connect', () => {
      isConnected = true;
      waiter.onConnection(kept);
    });
    // What arrives while nobody asked is no response to anything.
    socket.on('data', (bytes: Buffer) =>
      kept.user === undefined ? socket.destroy() : kept.user.onData(bytes),
    );
    socket.on('timeout', () => {
      if (kept.user === undefined) socket.destroy();
    });
    socket.on('error', (error) => {
      failure = error;
    });
    socket.on('close', () => {
      origin.open -= 1;
      const at = origin.idle.indexOf(kept);
      if (at !== -1) origin.idle.splice(at, 1);
      if (!isConnected) {
        sessions.delete(url.origin);
        waiter.onError(failure ?? new Error('The connection was closed before it was established'));
      }
      kept.user?.onClose(failure);
      const next = origin.waiting.shift();
      if (next !== undefined) open(url, origin, next);
      else if (origin.open === 0) origins.delete(url.origin);
    });
    return () => {
      if (!isConnected) socket.destroy();
    };
  }

  function remember(origin: string, session: Buffer): void {
    sessions.delete(origin);
    sessions.set(origin, session);
    const [oldest] = sessions.keys();
    if (sessions.size > sessionsMax && oldest !== undefined) sessions.delete(oldest);
  }

  return {
    take,

    giveBack(connection, keepAlive) {
      const kept = connection as Kept;
      const origin = ownOrigin.get(connection);
      const { socket } = kept;
      kept.user = undefined;
      kept.wasUsed = true;
      if (origin === undefined || socket.destroyed || !socket.readable) return void socket.destroy();
      const next = origin.waiting.shift();
      if (next !== undefined) {
        next.onConnection(kept);
        return;
      }
      const idleMs = idleTime(keepAlive);
      if (idleMs <= 0) return void socket.destroy();
      kept.idleUntilMs = clock.now() + idleMs;
      origin.idle.push(kept);
      socket.setTimeout(idleMs);
      // An idle socket keeps no process alive.
      socket.unref();
    },
  };
}

/** How long a connection may idle, by `Keep-Alive: timeout=<seconds>` where the other side says it. */
function idleTime(keepAlive: string | undefined): number {
  const seconds = /(?:^|[\s,;])timeout\s*=\s*"?(\d+)/i.exec(keepAlive ?? '')?.[1];
  return seconds === undefined ? idleSocketMs : Math.min(idleSocketMs, Number(seconds) * 1000 - idleMarginMs);
}
