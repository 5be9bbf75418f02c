/**
 * The quotas of Lambda that this engine enforces. Sources: the Lambda developer guide, "Lambda quotas"
 * (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html) and "Event source mappings"
 * (https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html), and the API reference.
 */
export const lambdaLimits = {
  syncPayloadBytes: 6 * 1024 * 1024,
  asyncPayloadBytes: 1024 * 1024,
  /** Appears in `Function.ResponseSizeTooLarge`. */
  responsePayloadBytes: 6_291_556,
  timeoutSeconds: { min: 1, max: 900, default: 3 },
  memoryMb: { min: 128, max: 10_240, default: 128 },
  /** A function with so much memory has one vCPU (https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html). */
  memoryMbPerCpu: 1769,
  environmentBytes: 4096,
  /** Concurrent executions of an account and Region, and how many of them reservations must leave unreserved. */
  accountConcurrency: 1000,
  unreservedConcurrencyMin: 100,
  initSeconds: 10,
  asyncRetries: { min: 0, max: 2, default: 2 },
  asyncEventAgeSeconds: { min: 60, max: 21_600, default: 21_600 },
  mappingFilters: 5,
  batchSize: { min: 1, max: 10_000 },
  fifoBatchSizeMax: 10,
  batchingWindowSeconds: { min: 0, max: 300 },
  maximumConcurrency: { min: 2, max: 1000 },
  /** https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html */
  pollers: { start: 5, quiet: 2, max: 1250, growthPerMinute: 300 },
  receiveMessages: 10,
  longPollSeconds: 20,
} as const;
