import type { Clock } from './clock.ts';
import type { Http } from './http/http.ts';
import type { Log } from './log.ts';
import type { Random } from './random.ts';

/**
 * The world as a function sees it. On AWS it is `systemRuntime()`; the local target and the simulation hand in
 * their own, and the very same bundle runs on it.
 */
export interface Runtime {
  /** The environment variables of the function. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly random: Random;
  readonly http: Http;
  readonly log: Log;
  /** What every AWS client of the function is made with. */
  readonly aws: AwsClientConfig;
}

/** What a function needs that calls no endpoint, so that its bundle carries no HTTP client of ours. */
export type BaseRuntime = Omit<Runtime, 'http'>;

export interface AwsClientConfig {
  readonly region?: string;
  readonly endpoint?: string;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** Replaces the socket: the local target plugs its engines in here. */
  // biome-ignore lint/suspicious/noExplicitAny: the SDK's clients each have a handler type of their own.
  readonly requestHandler?: any;
  /** Replaces SigV4 where requests do not leave the process. */
  // biome-ignore lint/suspicious/noExplicitAny: the SDK's type of it is not exported by its clients.
  readonly signerConstructor?: any;
  /** Takes the SDK's own lines. */
  // biome-ignore lint/suspicious/noExplicitAny: the SDK asks for every method and bears a missing one.
  readonly logger?: any;
  readonly maxAttempts?: number;
}
