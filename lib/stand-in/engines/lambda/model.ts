import type { PolicyStatement } from '../engine.ts';
import type { Logging } from './log-lines.ts';

/** What a cold start needs to know about a function. */
export interface FunctionDefinition {
  readonly name: string;
  readonly arn: string;
  readonly roleArn: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly memoryMb: number;
  readonly timeoutSeconds: number;
  /** Such as `index.handler`. */
  readonly handler: string;
  /** The directory that holds the code. */
  readonly code: string;
  readonly runtime: string;
  readonly architectures: readonly string[];
  readonly logging: Logging;
}

/** The second argument of a handler, as the Node.js runtime of Lambda gives it. */
export interface LambdaContext {
  readonly functionName: string;
  readonly functionVersion: string;
  readonly invokedFunctionArn: string;
  readonly awsRequestId: string;
  readonly memoryLimitInMB: string;
  readonly logGroupName: string;
  readonly logStreamName: string;
  getRemainingTimeInMillis(): number;
}

export type Handler = (event: unknown, context: LambdaContext) => Promise<unknown>;

/** The location of the code, as given to CreateFunction. */
export interface CodeLocation {
  readonly bucket: string;
  readonly key: string;
  readonly version?: string;
}

/** A problem that no caller sees and AWS shows as a metric. Whoever runs the account must be told. */
export interface LambdaProblem {
  readonly kind: 'function-error' | 'throttled' | 'poll-failed' | 'delete-failed' | 'dropped' | 'internal';
  readonly functionArn: string;
  /** The queue or stream, if a mapping had the problem. */
  readonly eventSourceArn?: string;
  readonly message: string;
}

export interface LambdaOptions {
  /** One cold start: loads the code and returns the handler of a new instance. Called once for each instance. */
  start(definition: FunctionDefinition): Promise<Handler>;
  /** The directory of the code at an S3 location. Throws when there is none. */
  locateCode(location: CodeLocation): string;
  onProblem(problem: LambdaProblem): void;
  /**
   * Calls the listener after a stream got records, until the returned function is called. Stream mappings need it,
   * because they do not poll as the service's own pollers do.
   */
  onStreamRecords?(streamArn: string, listener: () => void): () => void;
}

/** Where the records of finished asynchronous invocations go, and how often an invocation is retried. */
export interface EventInvokeConfig {
  readonly maximumRetryAttempts?: number;
  readonly maximumEventAgeSeconds?: number;
  readonly onSuccessArn?: string;
  readonly onFailureArn?: string;
  readonly lastModifiedMs: number;
}

/** A function as stored (table `lambda.functions`). */
export interface StoredFunction {
  readonly name: string;
  readonly arn: string;
  readonly roleArn: string;
  readonly description: string;
  readonly runtime: string;
  readonly handler: string;
  readonly architectures: readonly string[];
  readonly memoryMb: number;
  readonly timeoutSeconds: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly logGroup: string;
  /** Absent in rows of earlier versions, which have the default. */
  readonly logging?: Logging;
  readonly location: CodeLocation;
  readonly tags: Readonly<Record<string, string>>;
  readonly policy: readonly PolicyStatement[];
  readonly reservedConcurrency?: number;
  readonly eventInvoke?: EventInvokeConfig;
  readonly revisionId: string;
  readonly lastModifiedMs: number;
}

/** An event that was accepted with 202 and is not finished. */
export interface AsyncEvent {
  readonly requestId: string;
  readonly functionName: string;
  readonly payload: string;
  readonly acceptedMs: number;
  /** How often the function ran and failed; throttled tries do not count. */
  readonly invocations: number;
  readonly throttles: number;
  readonly dueMs: number;
}
