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
   * How long a publisher trusts what it read of a topic, and so how long a hold takes to reach every publisher. A function
   * that publishes less often reads the topic each time; one that publishes more often hardly ever does.
   */
  topicCacheSeconds: 1,
  /** How long the record of a failing delivery is kept. */
  deliveryRecordSeconds: 30 * 24 * 3600,

  // Delivery

  /** The longest endpoint timeout; with a batch posted in parallel it bounds the function's own timeout. */
  endpointTimeoutSecondsMax: 30,
  endpointTimeoutSecondsDefault: 15,
  /** Of one request to RocketMQ. A client is opened, sends and is closed within one invocation. */
  rocketMqTimeoutSecondsMax: 5,
  rocketMqTimeoutSecondsDefault: 3,
  /** In how many such times all of that is done: four to open, three to find the topic and send, one to close. */
  rocketMqTimeoutsMax: 8,
  /** The deliver function waits for the slowest endpoint of its batch and then still writes the outcome. */
  deliverTimeoutSeconds: 60,
  /** What it keeps of that time to write the outcome: no attempt is begun that could run into it. */
  deliverSettleSeconds: 10,
  /** How much of a response is kept with a failed attempt. */
  keptResponseCharacters: 1024,
  /** The default retry list of the HTTP contract: 5 s to 10 h, nine attempts in 17 h 43 min with the first. */
  retryDelaysSecondsDefault: [5, 30, 120, 600, 1800, 7200, 18_000, 36_000],
  retriesMax: 50,
  /** A retry waits up to this part longer than its delay, so that failures do not come back all at once. */
  retryJitterPart: 0.1,
  /** How many posts may be under way at a receiver that sets no limit. */
  concurrencyDefault: 100,
  /** A batch takes so many seconds' slots of a limited rate at a time, and waits for them in the function. */
  paceAheadSeconds: 2,
  /** Slots further ahead are not taken: whoever cannot use them would leave the endpoint idle. */
  paceHorizonSeconds: 5,
  /** A post that begins later than its slot by more waits for another one: a 40th of ten seconds. */
  paceLateMs: 250,
  /** A type is hot that takes more than this part of the posts, where the receiver sets no `perType`. */
  hotShareDefault: 0.8,
  /** What is seen of a lane within this time counts. */
  hotWindowSeconds: 10,
  /** A lane lags behind whose batches have so many messages, one of which waited for so long. */
  hotBatchMessagesMin: 5,
  hotWaitSeconds: 1,
  /**
   * Batches that took less time in all say nothing: a short burst is over before AWS polls the offline lane, which
   * takes it up to a minute.
   */
  hotEvidenceSeconds: 3,
  /** How much of it an instance remembers. */
  hotBatchesMax: 100,
  /** Other types that were seen within this time are there. */
  hotOthersSeconds: 300,
  /** A row of hot types stays small. */
  hotTypesMax: 50,
  /** How long a function trusts what it read of hot types. */
  offloadCacheSeconds: 5,
  /** How often a receiver with hot types is looked at, whether they cooled; Scheduler knows no shorter rate. */
  offloadCheckMinutes: 1,
  /** Between two looks, less what a schedule comes early: what was so in both was so in between. */
  offloadCalmSeconds: 50,
  /** An offline lane keeps up in which no more than a batch waits. */
  offloadCalmMessages: 10,
  /** How often a batch looks whether it is its turn, where batches go one at a time. */
  turnPollMs: 100,
  /** A batch whose turn did not come within the function's time comes back after so long. */
  turnWaitSeconds: 5,
  /** Retries run in at most this part of a receiver's concurrent batches; the rest is free for first attempts. */
  retryBatchesPart: 0.5,
  /** A retry that finds no free slot looks again after this time, and up to as much later. */
  retrySlotWaitSeconds: 4,
  /** After a throttle or fault of ours a message is looked at again after this time; no attempt is spent. */
  ownFaultSeconds: 10,
  /** The pause before the first probe of an open breaker; each one that fails doubles it. */
  breakerPauseSeconds: 30,
  breakerPauseSecondsMax: 30 * 60,
  /** From this many failed probes on, a minute and a half into an outage, the lane is not polled any more. */
  breakerProbesBeforeStopping: 2,
  /** How often the schedule of an open breaker looks whether a probe is due; it is exact to this. */
  breakerScheduleMinutes: 2,
  /** A probe that has not ended by then was cut off with its function. */
  breakerProbeSeconds: 60,
  /** A half-open breaker lets twice as many deliveries through after each such step; caches are as old. */
  breakerRampStepSeconds: 5,
  /** How long what is still received of a breaker that was forced open is hidden. */
  breakerForcedWaitSeconds: 15 * 60,
  /** How long a function trusts what it read of a breaker. */
  breakerCacheSeconds: 5,
  /** How long the lanes of a receiver that stands still may be polled before they are stopped again. */
  stillPolledSeconds: 150,
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
  /** A proxy of RocketMQ does not wait for less, so that nothing is asked for when less is left. */
  bridgePollSecondsMin: 5,
  /** The function of a bridge: a run, what is under way when it ends, and leaving RocketMQ. */
  bridgeTimeoutSeconds: 90,
  /** A message that is larger is not kept when the bus refuses it: a row would not hold it. */
  bridgeKeptBytesMax: 280 * kib,
} as const;
