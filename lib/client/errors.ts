import type { EntryResult, EventInput } from './cloud-event.ts';

/** The RFC 9457 body of an error response. The bus adds `code`, a stable identifier for programs. */
export interface Problem {
  readonly type?: string;
  readonly title?: string;
  readonly status?: number;
  readonly detail?: string;
  readonly code?: string;
  readonly [member: string]: unknown;
}

export interface BusbarErrorFields {
  /** The `code` of the problem body, or one of the client's own: `unreachable`, `timeout`, `unexpected_answer`. */
  readonly code: string;
  /** The HTTP status; undefined if there was no response. */
  readonly status?: number | undefined;
  readonly detail: string;
  readonly problem?: Problem | undefined;
  /** The `Retry-After` of the response. */
  readonly retryAfterSeconds?: number | undefined;
  readonly cause?: unknown;
}

/** The bus refused a request, or did not respond. */
export class BusbarError extends Error {
  readonly code: string;
  readonly status: number | undefined;
  readonly detail: string;
  readonly problem: Problem | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(fields: BusbarErrorFields) {
    super(fields.detail, fields.cause === undefined ? undefined : { cause: fields.cause });
    this.name = 'BusbarError';
    this.code = fields.code;
    this.status = fields.status;
    this.detail = fields.detail;
    this.problem = fields.problem;
    this.retryAfterSeconds = fields.retryAfterSeconds;
  }
}

/**
 * A request failed for good, so there are no results for some events. `unanswered` has them with the ids they were
 * sent with: if the topic removes duplicates, publishing them again stores none of them twice.
 */
export class PublishInterruptedError extends BusbarError {
  readonly results: readonly EntryResult[];
  readonly unanswered: readonly EventInput[];
  /** True if the bus refused the requests, so that none of `unanswered` is stored; otherwise some may be. */
  readonly refused: boolean;

  constructor(
    fields: BusbarErrorFields,
    results: readonly EntryResult[],
    unanswered: readonly EventInput[],
    refused: boolean,
  ) {
    super(fields);
    this.name = 'PublishInterruptedError';
    this.results = results;
    this.unanswered = unanswered;
    this.refused = refused;
  }
}

/** The bus rejected at least one event. It stored the others in `results`. */
export class PublishRejectedError extends BusbarError {
  /** One result for each event of the call, in order. */
  readonly results: readonly EntryResult[];
  readonly rejected: readonly EntryResult[];

  constructor(results: readonly EntryResult[]) {
    const rejected = results.filter((result) => result.status === 'rejected');
    const first = rejected[0];
    const reason = first === undefined ? '' : ` The first, at index ${first.index}: ${reasonOf(first)}`;
    super({
      code: 'events_rejected',
      detail: `The bus rejected ${rejected.length} of ${results.length} events.${reason}`,
    });
    this.name = 'PublishRejectedError';
    this.results = results;
    this.rejected = rejected;
  }
}

function reasonOf(result: EntryResult): string {
  return result.detail ?? result.code ?? 'no reason was given.';
}
