/**
 * The vocabulary that every engine shares. An engine is the local stand-in of one AWS service: a synchronous
 * state machine (operation, time and randomness in; answer out) over a durable store. It knows AWS and
 * nothing of the bus: what is written here could stand under any other serverless program.
 */

/** Milliseconds since the Unix epoch. */
export type EpochMs = number;

/** Time as an argument: the wall clock in `npm start`, a virtual one in tests and simulation. */
export interface Clock {
  now(): EpochMs;
  /** Calls `action` once, `delayMs` from now; the returned function cancels it. */
  setTimer(delayMs: number, action: () => void): () => void;
}

/** Randomness as an argument: seeded under simulation. */
export interface Random {
  /** A number in [0, 1). */
  next(): number;
  /** A version 4 UUID. */
  uuid(): string;
}

/**
 * Where an engine keeps what must survive a restart. An engine holds its whole state in memory, reads it back
 * once by `load`, and writes every change through; `put` takes a plain JSON value, which is read when the
 * commit happens, so several changes of one key in one turn of the event loop cost one write.
 */
export interface Store {
  /** The rows of a table, in the order in which their keys were first put. */
  load(table: string): Iterable<readonly [key: string, value: unknown]>;
  put(table: string, key: string, value: unknown): void;
  delete(table: string, key: string): void;
  /** Resolves when everything put or deleted before this call is on disk. No answer leaves before it. */
  committed(): Promise<void>;
}

/** Counts billable units, by the names of the price table (`sqs.requests`, `lambda.gb-seconds`, …). */
export interface Meter {
  count(unit: string, quantity: number): void;
}

/** Who makes a call: the role of a function, a service that acts for a resource, or the account's owner. */
export type Caller =
  | { readonly kind: 'role'; readonly roleArn: string }
  | { readonly kind: 'service'; readonly service: string; readonly sourceArn: string }
  | { readonly kind: 'root' };

export const root: Caller = { kind: 'root' };

/** One permission that a call needs; `context` holds condition keys such as `dynamodb:LeadingKeys`. */
export interface Permission {
  /** An IAM action, such as `sqs:SendMessage`. */
  readonly action: string;
  /** The ARN acted upon, or `*` where the action knows no resource. */
  readonly resource: string;
  readonly context?: Readonly<Record<string, string | readonly string[]>>;
}

/** The decoded members of a request, named as AWS names them. Each operation narrows them before use. */
export type Input = Readonly<Record<string, unknown>>;
export type Output = Readonly<Record<string, unknown>> | undefined;

/** One AWS action. It throws an `AwsError` to refuse. */
export interface Operation {
  /** What IAM must allow for this input; all of it. Called before `handle`, so it must bear a wrong input. */
  permissions(input: Input): readonly Permission[];
  /** Synchronous, but for what waits by nature (a long poll, the invocation of a function). */
  handle(input: Input, caller: Caller, signal?: AbortSignal): Output | Promise<Output>;
}

/** How a REST operation is bound to HTTP. Path and query members are named as in the input. */
export interface Route {
  readonly operation: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'PATCH';
  /** Such as `/schedules/{Name}`; a segment `{ResourceArn+}` takes the rest of the path. */
  readonly path: string;
  /** Query parameter to input member. */
  readonly query?: Readonly<Record<string, string>>;
  /** Header (lower case) to input member. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The member that is the raw body (a Uint8Array), in and out, where the body is not JSON. */
  readonly payload?: string;
  /** Output member to response header. */
  readonly responseHeaders?: Readonly<Record<string, string>>;
  readonly status?: number;
}

/** An IAM policy document, as CloudFormation holds it with its intrinsics resolved. */
export interface PolicyDocument {
  readonly Version?: string;
  readonly Statement: readonly PolicyStatement[];
}
export interface PolicyStatement {
  readonly Sid?: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Principal?: '*' | Readonly<Record<string, string | readonly string[]>>;
  readonly Action?: string | readonly string[];
  readonly NotAction?: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly NotResource?: string | readonly string[];
  readonly Condition?: Readonly<
    Record<string, Readonly<Record<string, string | boolean | readonly string[]>>>
  >;
}

/** The services that have an engine, by their SigV4 signing name (streams have a name of their own here). */
export type Service =
  | 'sqs'
  | 'sns'
  | 'dynamodb'
  | 'dynamodbstreams'
  | 'scheduler'
  | 'lambda'
  | 'secretsmanager';

export interface Engine {
  readonly service: Service;
  readonly operations: Readonly<Record<string, Operation>>;
  /** For REST services only. */
  readonly routes?: readonly Route[];
  /** The resource policy of one of this engine's resources, if it has one. */
  resourcePolicy?(resourceArn: string): PolicyDocument | undefined;
  /** Starts what acts by itself (pollers, due schedules), once every engine is built and deployed. */
  resume?(): void;
  /** Stops timers and pollers and settles what waits; state stays in the store. */
  close?(): Promise<void>;
}

/**
 * A call from one service to another (SNS to SQS, a mapping to its queue), checked against the caller's role
 * or the resource policy like any other. It answers synchronously when the operation does.
 */
export type Call = (
  service: Service,
  action: string,
  input: Input,
  caller: Caller,
  signal?: AbortSignal,
) => Output | Promise<Output>;

/** What an engine is given. */
export interface Host {
  readonly account: string;
  readonly region: string;
  /** The origin of queue URLs, such as `http://127.0.0.1:4566`. */
  readonly endpoint: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly store: Store;
  readonly meter: Meter;
  readonly call: Call;
  /** Throws `AccessDenied` unless the caller has the permissions: for a check without the call itself. */
  readonly authorize: (caller: Caller, permissions: readonly Permission[]) => void;
}

/** A refusal in AWS's own words. */
export class AwsError extends Error {
  /** The error's name on the wire, such as `QueueDoesNotExist`. */
  readonly code: string;
  readonly status: number;
  /** The older name that query-compatible JSON services send in `x-amzn-query-error`. */
  readonly queryCode: string | undefined;
  /** Further members of the error, such as `CancellationReasons`. */
  readonly members: Readonly<Record<string, unknown>>;

  constructor(
    code: string,
    message: string,
    options: { status?: number; queryCode?: string; members?: Readonly<Record<string, unknown>> } = {},
  ) {
    super(message);
    this.name = code;
    this.code = code;
    this.status = options.status ?? 400;
    this.queryCode = options.queryCode;
    this.members = options.members ?? {};
  }
}

/** Fails closed: refuses an input that has a member which the engine does not honour, and names it. */
export function refuseUnknownMembers(action: string, input: Input, known: readonly string[]): void {
  for (const member of Object.keys(input)) {
    if (input[member] !== undefined && !known.includes(member)) {
      throw new AwsError(
        'NotImplemented',
        `The local engine does not honour the member ${member} of ${action}. Leave it out, or implement it in the engine.`,
        { status: 501 },
      );
    }
  }
}
