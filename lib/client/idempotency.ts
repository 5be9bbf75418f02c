import type { CloudEvent } from './cloud-event.ts';
import type { Delivery } from './verify.ts';
import type { Work, WorkStore } from './work-store.ts';

/** Does the work of one event. `work` is for stores that can finish it in a transaction of the handler's own. */
export type Handler = (event: CloudEvent, delivery: Delivery, work: Work) => unknown;

/** What `createReceiver` takes as `onEvent`. */
export type OnEvent = (event: CloudEvent, delivery: Delivery) => Promise<void>;

/** Answered with 503 and Retry-After, so that the bus delivers the event again later. */
export class RetryLaterError extends Error {
  readonly retryAfterSeconds: number;

  constructor(message: string, retryAfterSeconds: number) {
    super(message);
    this.name = 'RetryLaterError';
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

interface Settings {
  readonly store: WorkStore;
  /** Longer than the handler ever takes: work that was begun so long ago is taken for crashed. Default 60. */
  readonly leaseSeconds?: number;
  /**
   * For how long it is remembered what was done. Default 31 days: the bus keeps a dead letter for 30, and sends it
   * under the same id.
   */
  readonly keepSeconds?: number;
}

export interface OnceOptions extends Settings {
  /** What tells one piece of work from another. Default: the delivery id, which is `webhook-id`. */
  readonly keyOf?: (delivery: Delivery) => string;
  /** Is told of a delivery that was done already and is not handled again. */
  readonly onDuplicate?: (delivery: Delivery) => void;
}

export interface NewestOptions extends Settings {
  /** What has versions. Default: the source and subject of the event. */
  readonly keyOf?: (delivery: Delivery) => string;
  /** Default: the extension attribute `version`. Undefined for an event that has none, which is always handled. */
  readonly versionOf?: (event: CloudEvent) => number | undefined;
  /** Is told of an event that is dropped because this version, or a later one, was handled. */
  readonly onStale?: (delivery: Delivery, handledVersion: number) => void;
}

const day = 24 * 3600;

/**
 * Makes a handler effectively-once: the work of a delivery is done, and remembered, one time however often it comes.
 * While it is being done, another attempt is told to come later; when it fails it may be tried again at once; when its
 * process dies, after the lease. A process that dies between the work and its record does the work again, unless
 * both are one transaction (`finishing` of the DynamoDB store).
 */
export function once(options: OnceOptions, handler: Handler): OnEvent {
  const { store, keyOf = ({ deliveryId }) => deliveryId, onDuplicate } = options;
  const { leaseSeconds = 60, keepSeconds = 31 * day } = options;
  return async (event, delivery) => {
    const begun = await store.begin(keyOf(delivery), 1, leaseSeconds);
    if (begun.state === 'done') return onDuplicate?.(delivery);
    if (begun.state === 'in-progress') throw busy(delivery, begun.retryAfterSeconds);
    await perform(store, begun.work, keepSeconds, () => handler(event, delivery, begun.work));
  };
}

/**
 * Drops events that are older than what was handled: of those of one source and subject, a lower `version` never comes
 * after a higher one. Events of one key are handled one at a time; one that meets another is told to come later.
 */
export function newestOnly(options: NewestOptions, handler: Handler): OnEvent {
  const { store, versionOf = versionExtension, onStale } = options;
  const { keyOf = ({ event }) => JSON.stringify([event.source, event.subject ?? null]) } = options;
  const { leaseSeconds = 60, keepSeconds = 366 * day } = options;
  return async (event, delivery) => {
    const version = versionOf(event);
    if (version === undefined) {
      await handler(event, delivery, { key: keyOf(delivery), version: 0, token: '' });
      return;
    }
    const begun = await store.begin(keyOf(delivery), version, leaseSeconds);
    if (begun.state === 'done') return onStale?.(delivery, begun.version);
    if (begun.state === 'in-progress') throw busy(delivery, begun.retryAfterSeconds);
    await perform(store, begun.work, keepSeconds, () => handler(event, delivery, begun.work));
  };
}

async function perform(
  store: WorkStore,
  work: Work,
  keepSeconds: number,
  handle: () => unknown,
): Promise<void> {
  try {
    await handle();
  } catch (error) {
    try {
      await store.abandon(work);
    } catch (abandonError) {
      // The lease gives it back a little later; both are told.
      throw new AggregateError([error, abandonError], 'The work failed, and could not be given back.');
    }
    throw error;
  }
  // Where the lease ran out, whoever took over says so when it is done: the work itself is.
  await store.finish(work, keepSeconds);
}

function busy({ deliveryId }: Delivery, retryAfterSeconds: number): RetryLaterError {
  return new RetryLaterError(
    `The work of ${deliveryId} waits for other work that is under way, for at most ${retryAfterSeconds} s.`,
    retryAfterSeconds,
  );
}

/** @throws TypeError when the event has a version that is no whole number from 1. */
function versionExtension({ version, id }: CloudEvent): number | undefined {
  if (version === undefined) return undefined;
  // In binary mode every attribute arrives as text.
  const number = typeof version === 'string' && /^\d+$/.test(version) ? Number(version) : version;
  if (typeof number === 'number' && Number.isSafeInteger(number) && number >= 1) return number;
  throw new TypeError(
    `The version of the event ${id} is ${JSON.stringify(version)}, and no whole number from 1.`,
  );
}
