import * as z from 'zod';
import { traceModes } from '../../core/event/trace-mode.ts';
import { errorCodes } from '../../core/kernel/errors.ts';
import { nameSchema } from '../../core/kernel/spec.ts';
import { waitingStates } from '../../core/waiting/waiting.ts';
import { attemptStates } from '../../core/why/attempted.ts';
import { waits } from '../../core/why/next.ts';

/** What calls answer about events: published, refused, dead, of a transaction; and what became of them. */
export function eventAnswers<Time extends z.ZodType<string>>(time: Time, count: z.ZodInt) {
  const FieldError = z.object({ path: z.string(), detail: z.string() });
  const PublishedEvent = z.object({
    index: count,
    id: z.string().optional(),
    status: z.enum(['accepted', 'duplicate', 'scheduled', 'held', 'rejected']),
    code: z.enum(errorCodes).optional(),
    detail: z.string().optional(),
    errors: z.array(FieldError).optional(),
  });

  const DeadLetter = z.object({
    id: z.string(),
    receiver: nameSchema,
    eventId: z.string().optional(),
    eventSource: z.string().optional(),
    eventType: z.string().optional(),
    topic: z.string().optional(),
    cause: z.string(),
    detail: z.string(),
    status: z.int().optional(),
    attempts: count,
    firstAttemptAt: time.optional(),
    lastAttemptAt: time.optional(),
    diedAt: time,
  });
  const Redrive = z.object({
    id: z.string(),
    receiver: nameSchema,
    ids: z.array(z.string()).optional(),
    cause: z.string().optional(),
    perSecond: z.number().optional(),
    state: z.enum(['collecting', 'canary', 'sending', 'done', 'halted', 'stopped']),
    reason: z.string().optional(),
    startedBy: z.string(),
    startedAt: time,
    updatedAt: time,
    total: count,
    sent: count,
    settledBefore: count,
    missing: count,
    canary: z.object({ id: z.string(), sentAt: time }).optional(),
  });

  const TransactionEvent = z.object({
    topic: nameSchema.optional(),
    receiver: nameSchema.optional(),
    id: z.string(),
    source: z.string(),
    type: z.string(),
  });
  const Transaction = z.object({
    id: z.string(),
    application: z.string(),
    state: z.enum(['half', 'committed', 'rolled-back']),
    events: z.array(TransactionEvent),
    checkUrl: z.string().optional(),
    checkAfterSeconds: z.number(),
    createdAt: time,
    checks: count,
    lastCheck: z.object({ at: time, outcome: z.string() }).optional(),
    decidedAt: time.optional(),
    decidedBy: z.enum(['producer', 'check', 'bus']).optional(),
    reason: z.string().optional(),
    nextCheckAt: time.optional(),
    rollsBackAt: time.optional(),
    publishedAt: time.optional(),
    refused: count.optional(),
  });

  const RefusedEvent = z.object({
    id: z.string(),
    application: z.string(),
    from: z.enum(['outbox', 'transaction', 'bridge', 'delayed', 'schedule', 'held', 'delivery']),
    bridge: z.string().optional(),
    message: z.strictObject({ topic: z.string(), id: z.string() }).optional(),
    transaction: z.string().optional(),
    schedule: z.string().optional(),
    topic: z.string().optional(),
    receiver: z.string().optional(),
    key: z.string().optional(),
    eventId: z.string().optional(),
    code: z.enum(errorCodes),
    detail: z.string(),
    errors: z.array(FieldError).optional(),
    refusedAt: time,
    times: count,
    retryable: z.literal(false).optional(),
  });

  const Attempt = z.object({
    attempt: count,
    at: time,
    lane: z.string(),
    status: z.int().optional(),
    latencyMs: z.number(),
    error: z.string().optional(),
    detail: z.string().optional(),
    request: z
      .object({
        headers: z.record(z.string(), z.string().nullable()),
        settingsChangedAt: time.optional(),
      })
      .optional(),
  });
  const Fate = z.object({
    receiver: nameSchema,
    deliveryId: z.string(),
    matched: z.union([z.boolean(), z.literal('unknown')]),
    refusedBy: z
      .array(
        z.object({
          key: z.string(),
          condition: z.array(z.unknown()),
          because: z.enum(['absent', 'different', 'apart']),
        }),
      )
      .optional(),
    lane: z.string().optional(),
    state: z.string().optional(),
    attempts: z.array(Attempt),
    attemptCount: count.optional(),
    nextAttemptAt: time.optional(),
    waitsFor: z.enum(waits).optional(),
    deadLettered: z.array(z.object({ at: time, cause: z.string(), attempts: count })).optional(),
    note: z.string().optional(),
  });
  const ExplainedEvent = z.object({
    id: z.string(),
    source: z.string(),
    type: z.string(),
    topic: z.string().optional(),
    invoked: z.string().optional(),
    publishedAt: time.optional(),
    publishes: count.optional(),
    dueAt: time.optional(),
    state: z.enum(['scheduled', 'cancelled', 'held']).optional(),
    heldAt: time.optional(),
    refused: z.object({ id: z.string(), at: time, code: z.enum(errorCodes), detail: z.string() }).optional(),
    former: z.literal(true).optional(),
    trace: z.enum(traceModes),
    receivers: z.array(Fate),
    hiddenReceivers: count.optional(),
  });

  const Why = z.object({
    id: z.string(),
    events: z.array(ExplainedEvent),
    searched: z.object({ since: time, complete: z.boolean() }),
    notRecorded: z.string().optional(),
  });
  const WaitingEvents = z.object({
    events: z.array(
      z.object({
        state: z.enum(waitingStates),
        id: z.string(),
        source: z.string(),
        type: z.string(),
        topic: z.string().optional(),
        receiver: z.string().optional(),
        application: z.string().optional(),
        deliverAt: time.optional(),
        heldAt: time.optional(),
        heldId: z.string().optional(),
        transaction: z.string().optional(),
      }),
    ),
    cursor: z.string().optional(),
  });

  const Deliveries = z.object({
    deliveries: z.array(
      z.object({
        at: time,
        receiver: nameSchema,
        topic: z.string().optional(),
        id: z.string(),
        source: z.string(),
        type: z.string(),
        deliveryId: z.string(),
        attempt: count,
        state: z.enum(attemptStates),
        lane: z.string().optional(),
        status: z.int().optional(),
        error: z.string().optional(),
        latencyMs: z.number().optional(),
        nextAttemptAt: time.optional(),
      }),
    ),
    notRecorded: z.string().optional(),
    cursor: z.string().optional(),
  });

  return {
    FieldError,
    PublishedEvent,
    Published: z.object({ events: z.array(PublishedEvent) }),
    Why,
    WaitingEvents,
    Deliveries,
    WhyOrWaiting: z.union([Why, WaitingEvents]),
    ExplainedEvent,
    DelayedEvent: z.object({
      id: z.string(),
      source: z.string(),
      topic: nameSchema.optional(),
      receiver: nameSchema.optional(),
      state: z.literal('scheduled'),
      deliverAt: time,
    }),
    DeadLetter,
    DeadLetters: z.object({
      receiver: nameSchema,
      waiting: count,
      clusters: z
        .array(z.object({ cause: z.string(), count, firstAt: time, lastAt: time, example: DeadLetter }))
        .optional(),
      clustersPartial: z.literal(true).optional(),
      deadLetters: z.array(DeadLetter),
      cursor: z.string().optional(),
    }),
    DeadLetterWhole: DeadLetter.extend({ body: z.string() }),
    Redrive,
    DeliveredAgain: z.object({
      deliveries: z.array(
        z.object({ deliveryId: z.string(), receiver: nameSchema, source: z.string().optional() }),
      ),
      redrive: Redrive,
    }),
    Transaction,
    TransactionBegun: Transaction.extend({ checkSecret: z.string().optional() }),
    CheckSecret: z.object({
      application: z.string(),
      checkSecret: z.string(),
      earlierUntil: time.optional(),
    }),
    RefusedEvent,
    RefusedEvents: z.object({ refused: z.array(RefusedEvent), cursor: z.string().optional() }),
    RefusedEventWhole: RefusedEvent.extend({ event: z.string() }),
    Retrying: z.object({ id: z.string(), state: z.literal('retrying') }),
  };
}
