import { createHash } from 'node:crypto';
import type { ErrorCode, FieldError } from '../kernel/errors.ts';

/**
 * What the bus took over but cannot publish as it is: an outbox entry that is not an event, an event whose topic was
 * deleted. It is kept with its cause where its application sees it, and does not block the entries behind it.
 */
export interface Refused {
  readonly id: string;
  /** The application that owns it. */
  readonly application: string;
  readonly from: 'outbox' | 'transaction' | 'bridge' | 'delayed' | 'schedule' | 'held' | 'delivery';
  readonly transaction?: string;
  /** The recurring schedule that fired it. */
  readonly schedule?: string;
  /** The bridge that brought it, and the topic and id of the message at its source. */
  readonly bridge?: string;
  readonly message?: { readonly topic: string; readonly id: string };
  readonly topic?: string;
  readonly receiver?: string;
  readonly key?: string;
  /** Undefined when the event could not be read far enough. */
  readonly eventId?: string;
  readonly code: ErrorCode;
  /** The cause and the remedy. */
  readonly detail: string;
  readonly errors?: readonly FieldError[];
  readonly refusedAt: string;
  /** How often it was refused; more than once after a retry by hand. */
  readonly times: number;
}

/** Why an event is refused. */
export interface Refusal {
  readonly code: ErrorCode;
  /** The cause and the remedy. */
  readonly detail: string;
  readonly errors: readonly FieldError[];
}

/**
 * Whose list has an event that nobody is recorded to have published, because it was stored before the bus recorded it:
 * no application has this name, so only admins see it.
 */
export const unrecordedApplication = '~unrecorded';

/** Whose list has an event with this publisher: a bridge and an invocation by IAM are no applications. */
export const applicationOf = (publisher: string | undefined): string =>
  publisher === undefined || publisher.includes(':') ? unrecordedApplication : publisher;

/** The same parts give the same id, so an entry is listed once however often it is refused. */
export function refusedIdOf(...parts: readonly (string | number)[]): string {
  return `ref_${createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 24)}`;
}

/** Alarms count this line. */
export const eventRefused = 'A stored event was refused';
