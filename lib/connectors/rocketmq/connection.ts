import { Duplex } from 'node:stream';
import { format } from 'node:util';
import {
  type BaseClient,
  type BaseClientOptions,
  ClientException,
  type Endpoints,
} from 'rocketmq-client-nodejs';
import type { Log } from '../../runtime/log.ts';
import type { RocketMqAccess } from './client.ts';
import {
  failureOfGrpcCode,
  failureOfRocketMqCode,
  type RocketMqFailure,
  rocketMqFailure,
} from './failure.ts';

/** As the client's own default (https://rocketmq.apache.org/docs/introduction/03limits/). */
const requestTimeoutSecondsDefault = 3;

type TelemetryStream = ReturnType<BaseClient['createTelemetryStream']>;

/** What every client of RocketMQ is made with. Without a logger it would write below $HOME. */
export function clientOptions(
  access: RocketMqAccess,
  log: Log,
): BaseClientOptions & { requestTimeout: number } {
  const { credentials } = access;
  return {
    endpoints: access.endpoint,
    // The client sends it with some requests and not with others; a namespace is part of the names instead.
    namespace: '',
    sslEnabled: access.tls === true,
    requestTimeout: 1000 * (access.timeoutSeconds ?? requestTimeoutSecondsDefault),
    logger: clientLogger(log),
    ...(credentials === undefined
      ? {}
      : {
          sessionCredentials: {
            accessKey: credentials.accessKey,
            accessSecret: credentials.secretKey,
            ...(credentials.securityToken === undefined ? {} : { securityToken: credentials.securityToken }),
          },
        }),
  };
}

/**
 * The client writes an error of its own for each failure; here a failure is an outcome, which whoever asked tells of
 * if it matters. What it says at `info` quotes its settings and is left out.
 */
function clientLogger(log: Log) {
  const quiet = () => {};
  const tell = (...says: readonly unknown[]) =>
    log('debug', 'The RocketMQ client', { says: format(...says) });
  return { debug: quiet, info: quiet, warn: tell, error: tell, close: quiet };
}

/**
 * What of the two kinds of client is handled alike: waiting for the settings of the broker, which the client's own
 * `startup()` does without a limit and, with several topics, after they came; and closing, of which its `shutdown()`
 * leaves half undone when the broker does not answer.
 */
class Connection {
  readonly settled: Promise<void>;
  #resolve: () => void = () => {};
  #reject: (error: unknown) => void = () => {};
  readonly #streams = new Set<TelemetryStream>();
  #closed = false;

  constructor() {
    this.settled = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Who waits for it sees the error; nobody waits when opening has failed before.
    this.settled.catch(() => {});
  }

  /** The broker sent its settings. */
  settle(): void {
    this.#resolve();
  }

  /** The broker refused the client. */
  refuse(error: unknown): void {
    this.#reject(error);
  }

  /** Has a stream end with the connection, and never bring the process down. */
  guard(create: () => TelemetryStream): TelemetryStream {
    // The client renews a broken stream a second later, whether it was shut down meanwhile or not.
    if (this.#closed) {
      return new Duplex({
        objectMode: true,
        read() {},
        write: (_command, _encoding, done) => done(),
      }) as never;
    }
    const stream = create();
    this.#streams.add(stream);
    stream.once('close', () => this.#streams.delete(stream));
    // A released stream has no listener left, and an error without one ends the process.
    const removeAll = stream.removeAllListeners.bind(stream);
    stream.removeAllListeners = (name) => {
      // It tells no name from one that is undefined by the number of its arguments.
      if (name === undefined) removeAll();
      else removeAll(name);
      stream.on('error', () => {});
      return stream;
    };
    return stream;
  }

  /** Never rejects. */
  async close(client: BaseClient, timeoutMs: number): Promise<void> {
    this.#closed = true;
    // It stops its timers first; what it does then may fail where the broker is gone.
    await within(timeoutMs, client.shutdown()).catch(() => {});
    for (const stream of this.#streams) {
      stream.removeAllListeners();
      stream.cancel();
    }
    this.#streams.clear();
    client.getRpcClientManager().close();
  }
}

class TimeoutError extends Error {}

/** Rejects when `work` takes longer; what it then comes to is dropped. */
export async function within<Value>(timeoutMs: number, work: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new TimeoutError(`RocketMQ did not answer within ${timeoutMs / 1000} s`)),
      timeoutMs,
    );
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** What an error of the client stands for. */
export function failureOf(error: unknown): RocketMqFailure {
  const message = error instanceof Error ? error.message : String(error);
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof TimeoutError) return rocketMqFailure('timeout', message);
    if (cause instanceof ClientException) {
      return rocketMqFailure(failureOfRocketMqCode(cause.code), withoutRequestId(cause.message));
    }
    // A ServiceError of gRPC, which exports no class for it.
    if ('code' in cause && typeof cause.code === 'number' && 'details' in cause) {
      return rocketMqFailure(failureOfGrpcCode(cause.code), cause.message);
    }
    // The client checks what it is given before it sends it, and tells by a TypeError.
    if (cause instanceof TypeError) return rocketMqFailure('refused', cause.message);
  }
  return rocketMqFailure('broker', message);
}

/** The client writes `undefined` where a request id would stand. */
function withoutRequestId(message: string): string {
  return message.replace('request-id=undefined, ', '');
}

type Settings = Parameters<BaseClient['onSettingsCommand']>[1];
type Unknown = Parameters<BaseClient['onUnknownCommand']>[1];

// biome-ignore lint/suspicious/noExplicitAny: a mixin takes any arguments of its base (TypeScript handbook, "Mixins").
type ClientClass = abstract new (...given: any[]) => BaseClient;

/** A producer or consumer of the client whose settings, refusals and streams its connection sees. */
export function connected<Base extends ClientClass>(base: Base) {
  abstract class Connected extends base {
    // The constructor of the base class makes no stream, so nothing needs it before it is there.
    readonly connection = new Connection();

    override createTelemetryStream(endpoints: Endpoints): TelemetryStream {
      return this.connection.guard(() => super.createTelemetryStream(endpoints));
    }

    override onSettingsCommand(endpoints: Endpoints, settings: Settings): void {
      super.onSettingsCommand(endpoints, settings);
      this.connection.settle();
    }

    override onUnknownCommand(endpoints: Endpoints, status: Unknown): void {
      super.onUnknownCommand(endpoints, status);
      this.connection.refuse(new ClientException(status.code, status.message));
    }

    get requestTimeoutMs(): number {
      return this.requestTimeout;
    }
  }
  return Connected;
}
