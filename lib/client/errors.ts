import type { EntryResult, EventInput } from './cloud-event.ts';

/** The RFC 9457 body of an error answer; the bus adds `code`, a stable word for programs. */
export interface Problem {
  readonly type?: string;
  readonly title?: string;
  readonly status?: number;
  readonly detail?: string;
  readonly code?: string;
  readonly [member: string]: unknown;
}

export interface BusbarErrorFields {
  /** The `code` of the problem body, or `unreachable`, `timeout` or `unexpected_answer` from this side. */
  readonly code: string;
  /** The HTTP status; undefined when no answer came. */
  readonly status?: number | undefined;
  readonly detail: string;
  readonly problem?: Problem | undefined;
  /** What the answer asked for with `Retry-After`. */
  readonly retryAfterSeconds?: number | undefined;
  readonly cause?: unknown;
}

/** The bus refused a request, or no bus answered. */
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
 * Some events were answered and some were not: a request failed for good. `unanswered` carries the ids that
 * were sent, so publishing exactly these again gives a topic that removes duplicates nothing twice.
 */
export class PublishInterruptedError extends BusbarError {
  readonly results: readonly EntryResult[];
  readonly unanswered: readonly EventInput[];

  constructor(fields: BusbarErrorFields, results: readonly EntryResult[], unanswered: readonly EventInput[]) {
    super(fields);
    this.name = 'PublishInterruptedError';
    this.results = results;
    this.unanswered = unanswered;
  }
}

/** The bus answered, and rejected at least one event; the others of `results` are stored. */
export class PublishRejectedError extends BusbarError {
  /** The answer for every event of the call, in its order. */
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
