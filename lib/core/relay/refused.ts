import { createHash } from 'node:crypto';
import type { ErrorCode, FieldError } from '../kernel/errors.ts';

/**
 * What the bus took over and could not publish as it is: an outbox entry that is no event, an event whose topic is gone.
 * It is kept where its application sees it, with the cause, and does not hold up what is behind it.
 */
export interface Refused {
  readonly id: string;
  /** Whose it is. */
  readonly application: string;
  readonly from: 'outbox' | 'transaction' | 'bridge';
  readonly transaction?: string;
  /** The bridge that brought it, and what RocketMQ calls it. */
  readonly bridge?: string;
  readonly message?: { readonly topic: string; readonly id: string };
  readonly topic?: string;
  readonly receiver?: string;
  readonly key?: string;
  /** Undefined where the event could not be read so far. */
  readonly eventId?: string;
  readonly code: ErrorCode;
  /** The cause, and how to solve it. */
  readonly detail: string;
  readonly errors?: readonly FieldError[];
  readonly refusedAt: string;
  /** How often it was refused; more than once after it was tried again by hand. */
  readonly times: number;
}

/** The same for the same thing, so that it is listed once however often it is refused. */
export function refusedIdOf(...parts: readonly (string | number)[]): string {
  return `ref_${createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 24)}`;
}

/** Alarms are made of this line. */
export const eventRefused = 'A stored event was refused';
