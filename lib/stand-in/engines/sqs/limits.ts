/**
 * Every limit of SQS that this engine holds, in one table. Sources:
 * messages  https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
 * queues    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html
 * policies  https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-policies.html
 * fairness  https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues-detailed.html
 */
export const limits = {
  /** For one message, and for the sum of a batch, attributes included. */
  messageBytesMax: 1_048_576,
  batchEntriesMax: 10,
  batchEntryIdLengthMax: 80,
  messageAttributesMax: 10,
  attributeNameLengthMax: 255,
  delaySecondsMax: 900,
  /** Also the longest time that a message may stay invisible after one receive. */
  visibilitySecondsMax: 43_200,
  waitSecondsMax: 20,
  retentionSecondsMin: 60,
  retentionSecondsMax: 1_209_600,
  maximumMessageSizeMin: 1_024,
  inFlightMax: 120_000,
  receiveMessagesMax: 10,
  maxReceiveCountMax: 1_000,
  redriveAllowSourcesMax: 10,
  listResultsMax: 1_000,
  tagsMax: 50,
  deduplicationMs: 5 * 60_000,
  purgeIntervalMs: 60_000,
  recreateAfterMs: 60_000,
  moveTasksListedMax: 10,
  movePerSecondMax: 500,
  policyBytesMax: 8_192,
  policyStatementsMax: 20,
  policyPrincipalsMax: 50,
  policyConditionsMax: 10,
  policyActionsPerStatementMax: 7,
  /** A request is billed once for each started chunk of its payload. */
  billedChunkBytes: 65_536,
  /** A group is noisy when its share of the messages in flight is above this, */
  noisyShare: 0.1,
  /** and it has at least this many of its own in flight. */
  noisyInFlightMin: 30,
  /** It becomes quiet again after having none in flight for this long. */
  noisyIdleMs: 5 * 60_000,
} as const;
