/**
 * The limits of AWS, each with the page that states it, and the limits of the bus that several nouns share, each with its
 * reason. A limit of one file is in that file; one that the files of a noun share is in lib/core/<noun>/limits.ts. Sizes
 * are in bytes, times in seconds, unless the name says otherwise.
 */

const kib = 1024;

export const aws = {
  /** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html */
  sqs: {
    batchEntriesMax: 10,
    messageBytesMax: 1024 * kib,
    delaySecondsMax: 900,
    visibilitySecondsMax: 12 * 3600,
    retentionSecondsMax: 14 * 24 * 3600,
    queueNameCharactersMax: 80,
  },
  /** https://docs.aws.amazon.com/sns/latest/dg/sns-publish-batch.html and sns-message-filtering.html */
  sns: {
    batchEntriesMax: 10,
    batchBytesMax: 256 * kib,
    filterKeysMax: 5,
    filterCombinationsMax: 150,
    /** Raw delivery to SQS drops a message with more attributes: sns-large-payload-raw-message-delivery.html */
    rawAttributesMax: 10,
  },
  /** https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html */
  lambda: {
    /** AWS advises a visibility timeout of at least six times the function's. */
    visibilityToTimeoutRatio: 6,
    mappingConcurrencyMin: 2,
    mappingConcurrencyMax: 1000,
  },
  /** https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule.html: fires within this of its time. */
  scheduler: { precisionSeconds: 60 },
  /** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html */
  dynamodb: {
    batchGetKeysMax: 100,
    batchWriteItemsMax: 25,
    partitionKeyBytesMax: 2048,
    sortKeyBytesMax: 1024,
  },
} as const;

export const bus = {
  // Requests

  /** A request is read whole into memory before it is parsed. */
  requestBytesMax: 1024 * kib,
  /** Ten full SNS batches. */
  requestEventsMax: 100,

  // Time

  /** At most ten years ahead. */
  delaySecondsMax: 10 * 366 * 24 * 3600,
  /** A timer comes up to this early, and the function waits the rest out: SQS counts in whole seconds. */
  timerEarlyMsMax: 800,
  /** The longest leg of a schedule: AWS documents no furthest date, and one leg more a year costs nothing. */
  scheduleLegSeconds: 366 * 24 * 3600,

  // Rows

  /** How often a conditional write is tried again when other writers come first. */
  conditionalTriesMax: 8,
  /**
   * How long a publisher trusts what it read of a topic: of one that was changed lately, and at most, which is how long a
   * hold takes to reach every publisher. A function that publishes less often reads the topic each time; one that publishes
   * more often hardly ever does.
   */
  topicCacheSecondsMin: 1,
  topicCacheSecondsMax: 2,
  /**
   * How long `deliver` trusts what it read of the lifetime of a topic. Nobody else has the name for a minute after a topic
   * was deleted (`formerSeconds`), so what arrives meanwhile is not of another application's topic.
   */
  lifetimeCacheSeconds: 30,
  /** How far the clocks of two instances, or of AWS, may be apart. */
  clockSkewSeconds: 10,
  /** How long the record of a failing delivery is kept. */
  deliveryRecordSeconds: 30 * 24 * 3600,

  // Delivery

  /** The longest endpoint timeout; with a batch posted in parallel it bounds the function's own timeout. */
  endpointTimeoutSecondsMax: 30,
  endpointTimeoutSecondsDefault: 15,
  /** The deliver function waits for the slowest endpoint of its batch and then still writes the outcome. */
  deliverTimeoutSeconds: 60,
  /** How often a receiver with hot types is looked at, whether they cooled; Scheduler knows no shorter rate. */
  offloadCheckMinutes: 1,
  /** After a throttle or fault of ours a message is looked at again after this time; no attempt is spent. */
  ownFaultSeconds: 10,
  /** How often the schedule of an open breaker looks whether a probe is due; it is exact to this. */
  breakerScheduleMinutes: 2,
  /** How long the token endpoint of a receiver may take. */
  tokenTimeoutSeconds: 10,
  /** How long before its end a token is replaced; a fifth of its time when that is less. */
  tokenEarlySeconds: 60,
  /** For how long a token is trusted that does not say when it expires, and at most. */
  tokenSecondsDefault: 300,
  tokenSecondsMax: 24 * 3600,
  /** A token endpoint that failed is not asked again for this time by the same instance, or as it asks, up to the second. */
  tokenFailureSeconds: 5,
  tokenFailureSecondsMax: 60,
  /** A token that is refused younger than this is not replaced: the next would be refused as well. */
  tokenRefreshPauseSeconds: 30,
  /** For how long a run of a bridge receives; the next begins a minute after it. */
  bridgeRunSeconds: 50,
  /** The longest that a bridge waits for a message before it asks again. */
  bridgePollSeconds: 15,
  /** Nothing is received when less is left: there are sources that do not wait for less. */
  bridgePollSecondsMin: 5,
  /** The function of a bridge: a run, what is under way when it ends, and leaving the source. */
  bridgeTimeoutSeconds: 90,
  /** A message that is larger is not kept when the bus refuses it: a row would not hold it. */
  bridgeKeptBytesMax: 280 * kib,
} as const;
