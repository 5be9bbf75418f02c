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
  /** Absent for what can be tried again. Only the beginning of the event is kept, because a row does not hold it whole. */
  readonly retryable?: false;
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

/** A row must hold it, whatever a producer wrote, in the six characters to which JSON may escape each of it. */
const nameCharactersMax = 256;
const idCharactersMax = 1024;
const detailCharactersMax = 2000;
const errorsMax = 20;

/**
 * What is kept of a refusal: names, ids and details may be as long as an entry that a producer writes past the API, and
 * what cannot be kept would be tried for ever.
 */
export function bounded<Some extends Partial<Refused> & Omit<Refusal, 'code'>>(refused: Some): Some {
  const { topic, receiver, eventId, detail, errors } = refused;
  return {
    ...refused,
    ...(topic !== undefined && { topic: shortened(topic, nameCharactersMax) }),
    ...(receiver !== undefined && { receiver: shortened(receiver, nameCharactersMax) }),
    // Under a part of its id nobody would find it.
    ...(eventId !== undefined && eventId.length > idCharactersMax && { eventId: undefined }),
    detail: shortened(detail, detailCharactersMax),
    errors: errors.slice(0, errorsMax).map((error) => ({
      path: shortened(error.path, nameCharactersMax),
      detail: shortened(error.detail, detailCharactersMax),
    })),
  };
}

function shortened(text: string, charactersMax: number): string {
  if (text.length <= charactersMax) return text;
  // Half a surrogate pair would not be text any more.
  return `${text.slice(0, charactersMax - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}
