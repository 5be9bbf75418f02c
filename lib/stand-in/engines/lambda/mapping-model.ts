/** The states of an event source mapping; those ending in -ing are transitions. */
export type MappingState =
  | 'Creating'
  | 'Enabling'
  | 'Enabled'
  | 'Updating'
  | 'Disabling'
  | 'Disabled'
  | 'Deleting';

/** What CreateEventSourceMapping and UpdateEventSourceMapping can set. */
export interface MappingSettings {
  readonly functionName: string;
  readonly enabled: boolean;
  readonly batchSize: number;
  readonly batchingWindowSeconds: number;
  readonly reportBatchItemFailures: boolean;
  /** Event patterns as JSON text. A record passes when one of them matches, or when there are none. */
  readonly filters: readonly string[];
  /** Queues only. */
  readonly maximumConcurrency?: number;
  /** Streams only; -1 means no limit. */
  readonly maximumRetryAttempts: number;
  readonly maximumRecordAgeSeconds: number;
  readonly bisectBatchOnFunctionError: boolean;
  readonly onFailureArn?: string;
}

/** A mapping as stored (table `lambda.mappings`). */
export interface StoredMapping extends MappingSettings {
  readonly uuid: string;
  readonly eventSourceArn: string;
  readonly startingPosition?: 'TRIM_HORIZON' | 'LATEST';
  readonly state: MappingState;
  readonly tags: Readonly<Record<string, string>>;
  readonly lastModifiedMs: number;
}

/** Reads the event source of one enabled mapping. */
export interface Runner {
  /** Takes nothing new, and resolves when the batches in flight have ended. */
  stop(): Promise<void>;
  /** `OK`, `No records processed`, or `PROBLEM: …`. */
  lastProcessingResult(): string;
}
