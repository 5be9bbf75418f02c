/**
 * Every error of the HTTP contract: its code, status and title, in one table. External programs rely on codes: a code
 * never changes once it is released.
 */
const table = {
  malformed_json: [400, 'The body is not valid JSON'],
  malformed_body: [400, 'The body cannot be decoded'],
  invalid_request: [400, 'The request is not valid'],
  invalid_event: [400, 'The event is not valid'],
  invalid_filter: [400, 'The filter is not valid'],
  invalid_schema: [400, 'The schema is not valid'],
  schema_mismatch: [400, 'The data does not match the schema of the topic'],
  empty_batch: [400, 'The batch is empty'],
  batch_too_long: [400, 'The batch has too many events'],
  id_conflict: [400, 'The batch has two different events with the same id and source'],
  all_rejected: [400, 'Every event was rejected'],
  unauthorized: [401, 'The key is missing or unknown'],
  forbidden: [403, 'The key does not allow this'],
  source_reserved: [403, 'The source belongs to another application'],
  unknown_route: [404, 'There is no such call'],
  unknown_application: [404, 'There is no such application'],
  unknown_key: [404, 'There is no such key'],
  unknown_topic: [404, 'There is no such topic'],
  unknown_receiver: [404, 'There is no such receiver'],
  unknown_event: [404, 'The event is unknown'],
  unknown_schedule: [404, 'There is no such schedule'],
  unknown_subscription: [404, 'There is no such subscription'],
  unknown_dead_letter: [404, 'There is no such dead letter'],
  unknown_redrive: [404, 'There is no recent redrive'],
  unknown_hold: [404, 'The topic is not on hold'],
  unknown_held_event: [404, 'There is no such held event'],
  unknown_refused: [404, 'There is no refused entry with this id'],
  unknown_transaction: [404, 'There is no such transaction'],
  unknown_validation: [404, 'There is no such validation request'],
  unknown_request: [404, 'There is no such request'],
  unknown_schema_version: [404, 'There is no such version of the schema'],
  unknown_grant: [404, 'There is no such grant'],
  event_not_kept: [404, 'The event is not kept'],
  method_not_allowed: [405, 'The method is not allowed here'],
  ambiguous_event: [409, 'Several events have this id'],
  event_left: [409, 'The event has left'],
  event_cancelled: [409, 'The event was cancelled'],
  schema_breaks: [409, 'The schema would refuse events that are accepted now'],
  order_fixed: [409, 'The order of a topic cannot change'],
  in_use: [409, 'It is still in use'],
  not_active: [409, 'The receiver is not active'],
  releasing: [409, 'The topic is being released'],
  redrive_running: [409, 'A redrive is already running'],
  transaction_decided: [409, 'The transaction was already decided the other way'],
  transaction_exists: [409, 'Another transaction has this id'],
  target_replaced: [409, 'The target was deleted and created again'],
  dropped: [409, 'The owner of the topic dropped it'],
  declared: [409, 'The resource is declared in busbar.config.ts'],
  request_decided: [409, 'The request was already decided'],
  topic_exists: [409, 'There is already such a topic'],
  aws_limit: [409, 'A limit of the AWS account is reached'],
  conflict: [409, 'Another request changed it at the same time'],
  claimed: [409, 'The same event is being published right now'],
  request_too_large: [413, 'The request is too large'],
  event_too_large: [400, 'The event is too large'],
  unsupported_media_type: [415, 'The content type is not supported'],
  too_many_wrong_keys: [429, 'Too many wrong keys'],
  quota_exceeded: [429, 'A quota of the application is used up'],
  unsupported_encoding: [415, 'The content encoding is not supported'],
  internal: [500, 'The bus failed'],
  unavailable: [503, 'The bus cannot do this right now'],
} as const satisfies Record<string, readonly [status: number, title: string]>;

export type ErrorCode = keyof typeof table;
export const errorCodes = Object.keys(table) as ErrorCode[];

export const statusOf = (code: ErrorCode): number => table[code][0];
export const titleOf = (code: ErrorCode): string => table[code][1];

/** A wrong field: `path` is dotted, such as `retry.delaysSeconds.0`. */
export interface FieldError {
  readonly path: string;
  readonly detail: string;
}

/** A rejection or a failure with a code of the table; `detail` says the cause and the remedy. */
export class BusbarError extends Error {
  readonly code: ErrorCode;
  readonly fields: readonly FieldError[];
  /** Further members of the problem document, such as the per-entry results of a batch. */
  readonly members: Readonly<Record<string, unknown>>;
  readonly retryAfterSeconds: number | undefined;

  constructor(
    code: ErrorCode,
    detail: string,
    options: {
      fields?: readonly FieldError[];
      members?: Readonly<Record<string, unknown>>;
      retryAfterSeconds?: number;
      cause?: unknown;
    } = {},
  ) {
    super(detail, { cause: options.cause });
    this.name = 'BusbarError';
    this.code = code;
    this.fields = options.fields ?? [];
    this.members = options.members ?? {};
    this.retryAfterSeconds = options.retryAfterSeconds;
  }

  get status(): number {
    return statusOf(this.code);
  }

  /** True when the same request may succeed later. */
  get retryable(): boolean {
    return mayPassLater(this.code);
  }
}

/** Whether the same request may be accepted later without a change. */
export const mayPassLater = (code: ErrorCode): boolean =>
  table[code][0] >= 500 || table[code][0] === 429 || code === 'claimed' || code === 'conflict';

/**
 * The refusal of one field.
 * @param detail follows the path, as in `deliverAt is more than ten years ahead`.
 */
export const invalidField = (
  path: string,
  detail: string,
  code: ErrorCode = 'invalid_request',
): BusbarError => new BusbarError(code, `${path} ${detail}.`, { fields: [{ path, detail }] });

/** The refusal to delete what the stack declares. @param what such as `The topic orders`. */
export const declaredConflict = (what: string) =>
  new BusbarError(
    'declared',
    `${what}, or a part of it, is declared in busbar.config.ts. Remove it there and deploy.`,
  );

/** The refusal of a cursor that no list has returned. */
export const unknownCursor = (): BusbarError =>
  invalidField('cursor', 'is not a cursor returned by this API');

/** A problem document (RFC 9457). */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly errors?: readonly FieldError[];
  readonly [member: string]: unknown;
}

export function problemOf(error: BusbarError): Problem {
  const [status, title] = table[error.code];
  return {
    type: `urn:busbar:problem:${error.code}`,
    title,
    status,
    detail: error.message,
    code: error.code,
    ...(error.fields.length > 0 && { errors: error.fields }),
    ...error.members,
  };
}
