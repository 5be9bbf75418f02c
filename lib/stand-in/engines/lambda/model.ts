import type { PolicyStatement } from '../engine.ts';

/** What a cold start needs to know of a function. */
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

/** Where CreateFunction says that the code lies. */
export interface CodeLocation {
  readonly bucket: string;
  readonly key: string;
  readonly version?: string;
}

/** What nobody waits for and AWS would show as a metric: the one who runs the account must see it. */
export interface LambdaProblem {
  readonly kind: 'function-error' | 'throttled' | 'poll-failed' | 'delete-failed' | 'dropped' | 'internal';
  readonly functionArn: string;
  /** The queue or stream, when a mapping met the problem. */
  readonly eventSourceArn?: string;
  readonly message: string;
}

export interface LambdaOptions {
  /** One cold start: loads the code and gives the handler of a new instance. Called once per instance. */
  start(definition: FunctionDefinition): Promise<Handler>;
  /** Finds the directory of the code that an S3 location names; throws when there is none. */
  locateCode(location: CodeLocation): string;
  onProblem(problem: LambdaProblem): void;
  /**
   * Calls the listener after a stream got records, until it is unsubscribed by the function that it gives back.
   * Stream mappings need it, since they do not ask again and again as the service's own pollers do.
   */
  onStreamRecords?(streamArn: string, listener: () => void): () => void;
}

/** Where a record of a finished asynchronous invocation goes, and how often it is tried. */
export interface EventInvokeConfig {
  readonly maximumRetryAttempts?: number;
  readonly maximumEventAgeSeconds?: number;
  readonly onSuccessArn?: string;
  readonly onFailureArn?: string;
  readonly lastModifiedMs: number;
}

/** A function as the store keeps it (table `lambda.functions`). */
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
  readonly location: CodeLocation;
  readonly tags: Readonly<Record<string, string>>;
  readonly policy: readonly PolicyStatement[];
  readonly reservedConcurrency?: number;
  readonly eventInvoke?: EventInvokeConfig;
  readonly revisionId: string;
  readonly lastModifiedMs: number;
}

/** An event that was accepted with 202 and has not ended yet. */
export interface AsyncEvent {
  readonly requestId: string;
  readonly functionName: string;
  readonly payload: string;
  readonly acceptedMs: number;
  /** How often the function ran and failed; a throttled try does not count. */
  readonly invocations: number;
  readonly throttles: number;
  readonly dueMs: number;
}
