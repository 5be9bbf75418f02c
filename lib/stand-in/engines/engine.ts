/**
 * The types that all engines share. An engine stands in for one AWS service: a synchronous state machine (operation,
 * time and randomness in, answer out) over a durable store. It knows AWS but not the bus, so it could run any other
 * serverless program.
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
 * Where an engine keeps what must survive a restart. It holds its whole state in memory, loads it once, and writes
 * every change through. `put` takes a plain JSON value and reads it at the commit, so several changes of one key in
 * one turn of the event loop cost one write.
 */
export interface Store {
  /** The rows of a table, in the order in which their keys were first stored. */
  load(table: string): Iterable<readonly [key: string, value: unknown]>;
  put(table: string, key: string, value: unknown): void;
  delete(table: string, key: string): void;
  /** Resolves when everything stored or deleted before this call is on disk. No answer is sent before that. */
  committed(): Promise<void>;
}

/** Counts billable units under the names of the price table (`sqs.requests`, `lambda.gb-seconds`, …). */
export interface Meter {
  count(unit: string, quantity: number): void;
}

/** What the program on the stand-in has computed, apart from the engines in the same process. */
export interface CpuTime {
  /** Milliseconds, so far. */
  programMs(): number;
  /** Runs synchronous work of an engine. */
  ofEngine<Result>(work: () => Result): Result;
  /** Runs synchronous work of the program, also in the middle of an engine's. */
  ofProgram<Result>(work: () => Result): Result;
}

/** Who makes a call: the role of a function, a service acting for a resource, or the owner of the account. */
export type Caller =
  | { readonly kind: 'role'; readonly roleArn: string }
  | { readonly kind: 'service'; readonly service: string; readonly sourceArn: string }
  | { readonly kind: 'root' };

export const root: Caller = { kind: 'root' };

/** One permission that a call needs; `context` holds condition keys such as `dynamodb:LeadingKeys`. */
export interface Permission {
  /** An IAM action, such as `sqs:SendMessage`. */
  readonly action: string;
  /** The ARN that the call acts on, or `*` where the action knows no resource. */
  readonly resource: string;
  readonly context?: Readonly<Record<string, string | readonly string[]>>;
}

/** The decoded members of a request, named as in AWS. Each operation narrows them before use. */
export type Input = Readonly<Record<string, unknown>>;
export type Output = Readonly<Record<string, unknown>> | undefined;

/** One AWS action. Throws `AwsError`. */
export interface Operation {
  /**
   * All permissions that IAM must allow for this input. Called before `handle`, so it must tolerate an invalid input.
   */
  permissions(input: Input): readonly Permission[];
  /** Synchronous, except for what waits by nature: a long poll, or the invocation of a function. */
  handle(input: Input, caller: Caller, signal?: AbortSignal): Output | Promise<Output>;
}

/** How a REST operation is bound to HTTP. Path and query members are named as in the input. */
export interface Route {
  readonly operation: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'PATCH';
  /** Such as `/schedules/{Name}`; a segment `{ResourceArn+}` matches the rest of the path. */
  readonly path: string;
  /** Query parameter to input member. */
  readonly query?: Readonly<Record<string, string>>;
  /** Header (lower case) to input member. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The member that is the raw body (a Uint8Array) of request and answer, where the body is not JSON. */
  readonly payload?: string;
  /** Output member to response header. */
  readonly responseHeaders?: Readonly<Record<string, string>>;
  readonly status?: number;
}

/** An IAM policy document as in CloudFormation, with its intrinsics resolved. */
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

/** The services with an engine, by their SigV4 signing names (except that the streams have their own). */
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
  /** Starts what acts by itself (pollers, due schedules), once every engine is built and the stack is deployed. */
  resume?(): void;
  /** Stops timers and pollers and finishes what runs. The state stays in the store. */
  close?(): Promise<void>;
}

/**
 * A call from one service to another (SNS to SQS, a mapping to its queue), authorized by the caller's role or the
 * resource policy like any other. It answers synchronously when the operation does.
 */
export type Call = (
  service: Service,
  action: string,
  input: Input,
  caller: Caller,
  signal?: AbortSignal,
) => Output | Promise<Output>;

/** What an engine gets. */
export interface Host {
  readonly account: string;
  readonly region: string;
  /** The origin of queue URLs, such as `http://127.0.0.1:4566`. */
  readonly endpoint: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly store: Store;
  readonly meter: Meter;
  readonly cpu: CpuTime;
  readonly call: Call;
  /** Throws `AccessDenied` unless the caller has the permissions. For checks that need no call. */
  readonly authorize: (caller: Caller, permissions: readonly Permission[]) => void;
}

/** An error in AWS's own words. */
export class AwsError extends Error {
  /** The name of the error on the wire, such as `QueueDoesNotExist`. */
  readonly code: string;
  readonly status: number;
  /** The older name, which query-compatible JSON services send in `x-amzn-query-error`. */
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

/** Fails closed: throws for an input with a member that the engine does not support, and names the member. */
export function rejectUnknownMembers(action: string, input: Input, known: readonly string[]): void {
  for (const member of Object.keys(input)) {
    if (input[member] !== undefined && !known.includes(member)) {
      throw new AwsError(
        'NotImplemented',
        `The stand-in does not support the member ${member} of ${action}. Leave it out, or implement it in the engine.`,
        { status: 501 },
      );
    }
  }
}
