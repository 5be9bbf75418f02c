import type { CloudEvent } from './cloud-event.ts';
import type { Delivery } from './verify.ts';
import type { Work, WorkStore } from './work-store.ts';

/** Does the work for one event. Some stores can record `work` as done in the handler's own transaction. */
export type Handler = (event: CloudEvent, delivery: Delivery, work: Work) => unknown;

/** The `onEvent` of `createReceiver`. */
export type OnEvent = (event: CloudEvent, delivery: Delivery) => Promise<void>;

/** Makes the receiver answer 503 with Retry-After, so that the bus delivers the event again later. */
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
  /** Must be longer than the handler ever takes: after this time, unfinished work counts as crashed. Default 60. */
  readonly leaseSeconds?: number;
  /**
   * How long to remember finished work. Default: 31 days for `once`, because the bus keeps a dead letter for 30 days and
   * redelivers it with the same id; 366 days for `newestOnly`.
   */
  readonly keepSeconds?: number;
}

export interface OnceOptions extends Settings {
  /** Identifies the work. Default: the delivery id, which is `webhook-id`. */
  readonly keyOf?: (delivery: Delivery) => string;
  /** Called for a delivery that was already handled and is now skipped. */
  readonly onDuplicate?: (delivery: Delivery) => void;
}

export interface NewestOptions extends Settings {
  /** Identifies what has versions. Default: the source and subject of the event. */
  readonly keyOf?: (delivery: Delivery) => string;
  /** Default: the extension attribute `version`. An event for which it returns undefined is always handled. */
  readonly versionOf?: (event: CloudEvent) => number | undefined;
  /** Called for an event that is dropped because its version or a later one was already handled. */
  readonly onStale?: (delivery: Delivery, handledVersion: number) => void;
}

const day = 24 * 3600;

/**
 * Makes a handler effectively-once: the work for a delivery is done and recorded once, however often the delivery comes.
 * During the work, further attempts are asked to come later. After a failure, the next attempt may begin at once; after
 * a crash, once the lease expires. If a process crashes between doing and recording the work, the work is repeated,
 * unless both are one transaction (`finishing` of the DynamoDB store).
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
 * Drops outdated events: for the same source and subject, a lower `version` is never handled after a higher one. Events
 * with the same key are handled one at a time; another one that comes meanwhile is asked to come later.
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
      // The work can begin again when the lease expires.
      throw new AggregateError(
        [error, abandonError],
        'The handler failed, and its work could not be released.',
      );
    }
    throw error;
  }
  // If the lease has expired, another instance may have taken over, and then records the work itself.
  await store.finish(work, keepSeconds);
}

function busy({ deliveryId }: Delivery, retryAfterSeconds: number): RetryLaterError {
  return new RetryLaterError(
    `The work for ${deliveryId} waits for other work with the same key, for at most ${retryAfterSeconds} s.`,
    retryAfterSeconds,
  );
}

/** @throws TypeError when the version of the event is not a positive integer. */
function versionExtension({ version, id }: CloudEvent): number | undefined {
  if (version === undefined) return undefined;
  // In binary mode every attribute arrives as text.
  const number = typeof version === 'string' && /^\d+$/.test(version) ? Number(version) : version;
  if (typeof number === 'number' && Number.isSafeInteger(number) && number >= 1) return number;
  throw new TypeError(
    `The version of the event ${id} is ${JSON.stringify(version)}; it must be a positive integer.`,
  );
}
