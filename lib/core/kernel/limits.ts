/**
 * Every limit that decides code, in one table. The first part is AWS's, each with the page that states it; the
 * second part is the bus's own, each with its reason. Sizes are in bytes, times in seconds.
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
  /** One event with its attributes must fit one SNS message, so that any route can carry it. */
  eventBytesMax: aws.sns.batchBytesMax,
  /** A request is read whole into memory before it is parsed. */
  requestBytesMax: 1024 * kib,
  /** Ten full SNS batches. */
  requestEventsMax: 100,
  /** Deeper JSON is refused: it is an attack or a mistake, and recursive readers downstream would break on it. */
  jsonDepthMax: 32,
  /** A topic is one row, of 400 KB at most, and everybody who publishes to it reads it. */
  topicSchemaBytesMax: 128 * kib,
  /** Names become parts of queue names of at most 80 characters. */
  nameCharactersMax: 48,
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
  /** How many bytes of a response are read; the rest is not waited for. */
  responseBytesMax: 64 * kib,
  /** How much of a response is kept with a failed attempt. */
  keptResponseCharacters: 1024,
  /** The default retry list of the HTTP contract: 5 s to 10 h, nine attempts in 17 h 43 min with the first. */
  retryDelaysSecondsDefault: [5, 30, 120, 600, 1800, 7200, 18_000, 36_000],
  retriesMax: 50,
  /** A retry waits up to this part longer than its delay, so that failures do not come back all at once. */
  retryJitterPart: 0.1,
  /** For how long an endpoint may ask us to stay away; a longer `Retry-After` is taken for a mistake. */
  retryAfterSecondsMax: 24 * 3600,
  /** How often the backlog alarm hears of a pause; it looks at five minutes. */
  pauseWatchMinutes: 2,
  /** A pause this long is forgotten: queues drop what is older than 14 days. */
  pauseForgottenSeconds: 10 * 24 * 3600,
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
  /**
   * The queue's own redrive is the backstop for what crashes the function; the bus counts attempts itself. It
   * must be above every receive that is not an attempt.
   */
  poisonReceivesMax: 1000,
  /** At most ten years ahead. */
  delaySecondsMax: 10 * 366 * 24 * 3600,
  /** A timer comes up to this early, and the function waits the rest out: SQS counts in whole seconds. */
  delayHeldMs: 800,
  /** While a function routes a delayed event no other does; it is longer than that function may run. */
  delayLeaseSeconds: 40,
  /** The longest leg of a schedule: AWS documents no furthest date, and a leg more a year costs nothing. */
  scheduleLegSeconds: 366 * 24 * 3600,
  /** For how long a throttled schedule is tried again within a request, before it is refused. */
  scheduleRetrySeconds: 12,
  /** What a recurring schedule fires later than this was missed. */
  misfireSeconds: 60,
  /** So many events a look at a schedule fires at most. */
  firesMax: 100,
  /** How often Scheduler itself has a recurring schedule looked at, whatever became of its timers. */
  guardMinutes: 60,
  /** How often a write is tried again that others get in between of. */
  conditionalTriesMax: 8,
  /** Deduplication keeps a row an event; a day covers any producer's retry. */
  dedupSecondsMax: 7 * 24 * 3600,
  /** How long a publisher that died may block the same event, before the next try takes over its claim. */
  dedupClaimSeconds: 30,
  /** How long an endpoint may take to say whether it agrees to get events: a PUT waits for it. */
  validationTimeoutSeconds: 8,
  /** The pause before an endpoint that has not agreed is asked again; each further one doubles it. */
  validationPauseSeconds: 2 * 60,
  validationPauseSecondsMax: 6 * 3600,
  /** How often the schedule looks whether that is due; it is exact to this. */
  validationScheduleMinutes: 2,
  /** Whoever has not agreed by then will not: some twenty requests have been made. */
  validationSecondsMax: 3 * 24 * 3600,
  /** How many of the URLs by which an owner may agree later stay good at the same time. */
  validationTokensMax: 32,
  /** How long a function trusts what it read of the registry. */
  registryCacheSeconds: 5,
  /**
   * The same of topics, where they are published to: a hold reaches every publisher after so long. Whoever publishes
   * less often than this reads the topic each time, and whoever publishes more often hardly ever.
   */
  topicCacheSeconds: 1,
  /** A hold begins so long after the last publisher knows of it, since clocks of machines differ. */
  holdMarginMs: 250,
  /**
   * How far the clocks of two instances may be apart. Lambda keeps them within milliseconds; who promises something
   * "from now on" waits so much longer, since others decide by clocks of their own.
   */
  clockSkewMs: 1000,
  /** The events of a hold are spread over so many partitions, of which each takes 1,000 write units a second. */
  heldShards: 16,
  /** So many events of each partition are read at a time to be released. */
  heldPageEvents: 50,
  /** So many released events are under way at once, and go yet when the release is stopped. */
  releaseRoundEvents: 400,
  /** A release sends over so many lanes at once, each of them in order. */
  releaseLanes: 8,
  /** What was stored so recently is not released yet: an earlier event may not be readable everywhere. */
  releaseSettleMs: 250,
  /** At the end of a release publishers wait for so long at most until everything that was held is out. */
  releaseGateMs: 5000,
  /** For so long the end of a release is tried, within the time that publishers wait. */
  releaseEndMs: 2500,
  /** Before it looks for the last time, a release lets those finish who are storing. */
  releaseGraceMs: 200,
  /** How often a publisher looks whether the end has come. */
  releaseGatePollMs: 100,
  /** After AWS refused to take released events they are tried again after so long. */
  releaseTroubleSeconds: 15,
  releasePerSecondMin: 0.1,
  releasePerSecondMax: 100_000,
  /** Who releases holds the run for so long, and prolongs it with every round. */
  releaseLeaseSeconds: 60,
  /** The function that releases; for so long it goes on before it leaves the rest to the next. */
  holdTimeoutSeconds: 900,
  releaseSliceSeconds: 840,
  /** When everybody who may have been storing as a release ended is done; what is found then goes as well. */
  heldSweepSeconds: 60,
  /** How often a topic with a rule or a release is looked after; Scheduler knows no shorter rate. */
  holdWatchMinutes: 1,
  /** A rule without a line for the release takes this part of the line for the hold. */
  releaseLinePart: 0.5,
  /** How long it can be found by its id that an event is or was held. */
  heldSightingSeconds: 90 * 24 * 3600,
  heldListMax: 100,
  heldListDefault: 20,
  /** A larger event is packed in its row, of 400 KB at most: JSON in JSON can grow to twice its size. */
  heldPlainBytesMax: 128 * kib,
  /** How long a topic that is deleted by force takes to drop what it holds, before the call must be made again. */
  heldDropSeconds: 20,
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
  /** For how long an earlier secret signs beside its successor, unless the rotation says otherwise. */
  secretOverlapSecondsDefault: 24 * 3600,
  secretOverlapSecondsMax: 30 * 24 * 3600,
  /** Each is a signature more in every delivery. */
  earlierSecretsMax: 4,
  /** How often a change of a topic, receiver or subscription is made anew because another was written first. */
  registryChangeRoundsMax: 8,
  /** How long the record of a failing delivery is kept. */
  deliveryRecordSeconds: 30 * 24 * 3600,
  /** How long a dead letter is kept once it was looked at; until then its queue keeps it for its 14 days. */
  deadLetterSeconds: 30 * 24 * 3600,
  /** A row has 400 KB. What is larger when it is packed was no event of the bus, and stays in the queue. */
  deadLetterBytesMax: 380 * kib,
  /** How long one call takes dead letters out of their queue before it answers with what it has. */
  takeInSeconds: 8,
  redriveIdsMax: 1000,
  redriveTimeoutSeconds: 60,
  /** For how long one invocation goes on with a redrive before it leaves it to the next. */
  redriveSliceSeconds: 25,
  /** A run that nobody continued for so long after it was due is lost, and may be replaced. */
  redriveLostSeconds: 15 * 60,
  /** How long the canary of a redrive may be without an outcome. */
  redriveCanarySecondsMax: 3600,
  /** How long traces are kept. */
  traceSeconds: 30 * 24 * 3600,
  /** How long a function waits for a trace to be written before it goes on without it. */
  traceWriteSeconds: 1,
  /** How long a search for an event may take: the API gives up after 30 s. */
  traceSearchSeconds: 15,
  transactionEventsMax: 25,
  /** When the bus asks about a transaction that nobody ended, where its producer does not say. */
  checkAfterSecondsDefault: 60,
  /** So that all checks of a transaction end before SQS drops the message that times them. */
  checkAfterSecondsMax: 12 * 3600,
  /** After so many checks without a verdict a transaction is rolled back. */
  transactionChecksMax: 15,
  /** The wait between checks doubles up to this, or stays at what the producer asked for when that is more. */
  checkWaitSecondsMax: 3600,
  /** How long a transaction stays open that has neither a check URL nor a time of its own. */
  transactionOpenSeconds: 3600,
  /** How often the timer of a transaction looks in any case, should everything else have failed. */
  transactionLookSeconds: 15 * 60,
  /** A timer that finds no transaction waits so long for it: the call that begins it may be under way. */
  transactionBeginSeconds: 60,
  /** When what could not be sent of a committed transaction is tried again. */
  transactionAgainSeconds: 15,
  /** For how long a transaction is known after it ended. */
  transactionKeptSeconds: 30 * 24 * 3600,
  /** How many bytes of events go into one row before they are packed; packed at worst they fill 350 KB of its 400. */
  transactionRowBytes: 256 * kib,
  /** How long a replaced check secret signs beside the new one. */
  checkSecretOverlapSeconds: 24 * 3600,
  /** The function that times transactions: ten checks side by side, each as long as an endpoint may take. */
  transactionTimeoutSeconds: 60,
  relayTimeoutSeconds: 60,
  /** How many rows the relay is brought at a time. */
  relayBatchSize: 100,
  /** How often the stream brings again what failed, before it is left to the timers and the sweep. */
  relayRetries: 3,
  /** For how long one invocation of the relay goes on with what is there; the rest is the next one's. */
  relaySliceSeconds: 30,
  /** How many entries of one key are read at a time. */
  relayPageRows: 25,
  /** An entry that is older is no longer left to the stream alone. */
  sweepAfterSeconds: 60,
  /** How long the sweep waits before it has the stream bring the same key again. */
  sweepAgainSeconds: 60,
  /** When entries wait for longer, an operator is told. */
  outboxWaitSecondsMax: 15 * 60,
  refusedPageMax: 1000,
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
  refusedPageDefault: 100,
  deadLettersPageMax: 500,
  deadLettersPageDefault: 50,
} as const;
