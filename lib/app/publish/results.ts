import { utf8Bytes } from '../../core/event/event.ts';
import type { Entry } from '../../core/event/forms.ts';
import { BusbarError, type ErrorCode, type FieldError } from '../../core/kernel/errors.ts';
import type { PublishCounts } from '../statistics/count.ts';

/** The result for one event of a request. */
export interface EntryResult {
  readonly index: number;
  readonly id?: string;
  readonly status: 'accepted' | 'duplicate' | 'scheduled' | 'held' | 'rejected';
  readonly code?: ErrorCode;
  readonly detail?: string;
  /** The wrong fields, each by its path. */
  readonly errors?: readonly FieldError[];
}

export const nothing: Readonly<Record<keyof PublishCounts, number>> = {
  accepted: 0,
  rejected: 0,
  duplicate: 0,
  bytes: 0,
};

/** What statistics count of entries with their results. */
export function countsOf(entries: readonly Entry[], results: readonly EntryResult[]): PublishCounts {
  const counts = { ...nothing };
  for (const [at, { status }] of results.entries()) {
    if (status === 'rejected') counts.rejected += 1;
    else if (status === 'duplicate') counts.duplicate += 1;
    else {
      const entry = entries[at];
      counts.accepted += 1;
      if (entry !== undefined && 'event' in entry) counts.bytes += utf8Bytes(entry.event.body);
    }
  }
  return counts;
}

/** The bus could not do it now. */
export function unavailable(problem: string): BusbarError {
  return new BusbarError('unavailable', `${problem}. It was not kept. Send it again.`, {
    retryAfterSeconds: 1,
  });
}

/** The quotas that refused events, for the error of a request of which nothing was accepted. */
const quotaRefusals = new WeakMap<EntryResult, BusbarError>();

/** The result for an event that was not accepted. */
export function rejected(index: number, id: string | undefined, error: BusbarError): EntryResult {
  const result = resultOf(index, id, error);
  if (error.code === 'quota_exceeded') quotaRefusals.set(result, error);
  return result;
}

function resultOf(index: number, id: string | undefined, error: BusbarError): EntryResult {
  return {
    index,
    ...(id !== undefined && { id }),
    status: 'rejected',
    code: error.code,
    detail: error.message,
    ...(error.fields.length > 0 && { errors: error.fields }),
  };
}

/**
 * A single rejected event gives the request its error; several are listed. A failure of the bus is not an error of the
 * request.
 */
export function allRejected(events: readonly EntryResult[]): BusbarError {
  const codes = new Set(events.map((result) => result.code));
  const [first] = events;
  if (codes.has('unavailable')) {
    return new BusbarError('unavailable', first?.detail ?? '', { members: { events }, retryAfterSeconds: 1 });
  }
  if (codes.has('claimed')) {
    return new BusbarError('claimed', first?.detail ?? '', { members: { events }, retryAfterSeconds: 1 });
  }
  for (const event of events) {
    const refusal = quotaRefusals.get(event);
    if (refusal === undefined) continue;
    const { message, members, retryAfterSeconds } = refusal;
    return new BusbarError('quota_exceeded', message, {
      members: { ...members, events },
      ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
    });
  }
  if (events.length === 1 && first?.code !== undefined) {
    return new BusbarError(first.code, first.detail ?? '', {
      fields: first.errors ?? [],
      members: { events },
    });
  }
  return new BusbarError(
    'all_rejected',
    `None of the ${events.length} events was accepted; the first was rejected because: ${first?.detail ?? ''}`,
    { members: { events } },
  );
}
