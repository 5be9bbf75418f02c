import * as z from 'zod';
import { sinks } from '../../connectors/index.ts';
import { roles } from '../../core/access/access.ts';
import { applicationSchema } from '../../core/access/application.ts';
import { nameSchema } from '../../core/kernel/spec.ts';
import { receiverFields } from '../../core/registry/receiver.ts';
import { subscriptionSchema } from '../../core/registry/subscription.ts';
import { topicSchema } from '../../core/registry/topic.ts';
import { validateModes } from '../../core/registry/validation.ts';
import { recurrenceSchema } from '../../core/schedule/recurrence.ts';
import { accessAnswers } from './answers-access.ts';
import { eventAnswers } from './answers-events.ts';
import { statisticsAnswers } from './answers-statistics.ts';
import { type JsonSchema, jsonSchemasOf } from './json-schema.ts';

/**
 * What calls respond with. A test compares these schemas with the types of the use cases, and the fuzz suite checks the
 * responses of the running bus against them. Made only for the document, so that no other call pays for them.
 */
export function answers() {
  const time = z.string().meta({ format: 'date-time' });
  const count = z.int().min(0);
  const events = eventAnswers(time, count);
  const kept = {
    owner: nameSchema,
    incarnation: z.string().optional(),
    handedOverAt: time.optional(),
    createdAt: time,
    updatedAt: time,
    declared: z.boolean(),
  };

  const endedSubscriptions = z.array(z.object({ topic: nameSchema, receiver: nameSchema })).optional();

  const Hold = z.object({
    topic: nameSchema,
    state: z.enum(['holding', 'releasing', 'released']),
    by: z.enum(['hand', 'rule']),
    application: z.string().optional(),
    reason: z.string().optional(),
    since: time,
    held: count,
    released: count,
    sentByHand: count.optional(),
    dropped: count.optional(),
    releasedBy: z.enum(['hand', 'rule']).optional(),
    releaseStartedAt: time.optional(),
    perSecond: z.number().optional(),
    releasedAt: time.optional(),
    trouble: z.string().optional(),
  });
  const HeldEvent = z.object({
    id: z.string(),
    eventId: z.string(),
    source: z.string(),
    type: z.string(),
    subject: z.string().optional(),
    heldAt: time,
  });
  const Topic = z.object({
    topic: nameSchema,
    ...topicSchema.omit({ owner: true }).shape,
    ...kept,
    schemaVersion: count.optional(),
    hold: Hold.optional(),
    endedSubscriptions,
  });
  const ListedTopic = Topic.omit({ schema: true, endedSubscriptions: true }).extend({
    schemaHash: z.string().optional(),
    hold: Hold.pick({ state: true, since: true, by: true }).optional(),
  });
  const Subscription = z.object({
    topic: nameSchema,
    receiver: nameSchema,
    filter: subscriptionSchema.shape.filter,
    filterChangedAt: z.array(time).optional(),
    createdAt: time,
    updatedAt: time,
    declared: z.boolean(),
    by: z.object({ application: z.string(), role: z.enum(roles) }).optional(),
  });
  const PutSubscription = Subscription.extend({ effectiveWithinSeconds: z.int() });

  const { owner: _1, secret: _2, validate: _3, ...settings } = receiverFields.shape;
  const Receiver = z.object({
    receiver: nameSchema,
    ...settings,
    // What the types of the use cases leave to the kinds.
    ...(Object.assign({}, ...sinks.all.map(({ shownFields }) => shownFields)) as object),
    endpoint: z.string(),
    validate: z.enum(validateModes).optional(),
    ...kept,
    state: z.enum(['active', 'disabled', 'paused']),
    stateReason: z.string().optional(),
    pausedAt: time.optional(),
    skip: z.object({ before: time, at: time, dropped: count.optional() }).optional(),
    drops: z
      .array(z.object({ topic: nameSchema, at: time, before: time.optional(), dropped: count.optional() }))
      .optional(),
    validation: z
      .object({
        state: z.enum(['pending', 'granted', 'refused']),
        at: time,
        detail: z.string().optional(),
        allowedRatePerMinute: z.int().optional(),
        asks: count.optional(),
        nextAskAt: time.optional(),
      })
      .optional(),
    endedSubscriptions,
    earlierSecrets: z.array(z.object({ until: time })).optional(),
  });
  const Breaker = z.object({
    state: z.enum(['closed', 'open', 'half-open']),
    forced: z.boolean(),
    since: time.optional(),
    reason: z.string().optional(),
    nextProbeAt: time.optional(),
    restsUntil: time.optional(),
  });

  const { owner: _4, ...schedule } = recurrenceSchema.shape;
  const Schedule = z.object({
    schedule: nameSchema,
    ...schedule,
    owner: nameSchema,
    state: z.enum(['active', 'paused']),
    createdAt: time,
    updatedAt: time,
    next: z.array(time),
    lastFiredAt: time.optional(),
    problem: z.string().optional(),
  });

  const grant = {
    application: nameSchema,
    role: z.enum(roles),
    keyId: z.string(),
    scopes: z.array(z.string()).optional(),
    expiresAt: time.optional(),
  };
  const Application = z.object({
    application: nameSchema,
    ...applicationSchema.shape,
    children: z.array(nameSchema).optional(),
    declared: z.boolean().optional(),
    createdAt: time,
    updatedAt: time,
  });
  const Key = z.object({
    ...grant,
    name: z.string(),
    createdAt: time,
    lastUsedOn: z.string().optional().meta({ format: 'date' }),
    session: z.literal(true).optional(),
  });

  const AuditEntry = z.object({
    at: time,
    by: z.object({
      application: z.string(),
      keyId: z.string(),
      role: z.enum([...roles, 'none']),
    }),
    call: z.string(),
    target: z.string(),
    status: z.int(),
    requestId: z.string(),
    change: z.record(z.string(), z.unknown()).optional(),
    count: z.int().optional(),
  });

  return {
    Audit: z.object({ entries: z.array(AuditEntry), cursor: z.string().optional() }),
    Me: z.object({
      ...grant,
      applications: z.array(z.object({ application: nameSchema, role: z.enum(roles) })).optional(),
    }),
    Application,
    ApplicationAndUsage: Application.extend({
      usage: z.object({
        topics: count,
        receivers: count,
        schedules: count,
        keys: count,
        concurrency: count,
        delayedEvents: count,
        storedBytes: count,
      }),
    }),
    Applications: z.object({ applications: z.array(Application), cursor: z.string().optional() }),
    Keys: z.object({ keys: z.array(Key), cursor: z.string().optional() }),
    NewKey: Key.extend({ key: z.string() }),
    SignInLink: z.object({ ticket: z.string(), expiresAt: time }),
    Session: z.object({ ...grant, expiresAt: time, key: z.string() }),
    Health: z.object({ status: z.literal('ok') }),
    SignIn: z.object({
      oidc: z
        .object({ issuer: z.string(), clientId: z.string().optional(), scope: z.string().optional() })
        .optional(),
    }),
    OpenApi: z.looseObject({ openapi: z.string(), paths: z.record(z.string(), z.unknown()) }),
    Topic,
    Topics: listOf('topics', ListedTopic),
    Subscription,
    PutSubscription,
    Subscriptions: listOf('subscriptions', Subscription),
    ...accessAnswers(time, count),
    Hold,
    HeldEvent,
    HeldEvents: listOf('events', HeldEvent),
    HeldEventWhole: HeldEvent.extend({ event: z.unknown() }),
    Receiver,
    Receivers: listOf('receivers', Receiver),
    ReceiverAndSecret: Receiver.extend({ secret: z.string().optional() }),
    ReceiverWhole: Receiver.extend({
      redrive: events.Redrive.optional(),
      breaker: z.object({ ...receiverFields.shape.breaker.unwrap().shape, ...Breaker.shape }),
      offload: z
        .object({
          hotTypes: z.array(z.object({ type: z.string(), since: time })),
          concurrency: count,
        })
        .optional(),
    }),
    Breaker,
    AlertTest: z.object({ receivers: z.array(z.object({ receiver: nameSchema, events: count })) }),
    Agreement: z.object({ receiver: nameSchema, state: z.literal('granted') }),
    Schedule,
    Schedules: listOf('schedules', Schedule.omit({ event: true })),
    ...events,
    ...statisticsAnswers(time, count),
  };
}

/** A page of a list. */
const listOf = <Name extends string, Item extends z.ZodType>(name: Name, item: Item) =>
  z
    .object({ [name]: z.array(item) } as Record<Name, z.ZodArray<Item>>)
    .extend({ cursor: z.string().optional() });

export type Answers = ReturnType<typeof answers>;
export type AnswerName = keyof Answers;

/** The schemas of everything that the bus answers, by their names. */
export function answerSchemas(): Record<string, JsonSchema> {
  const named = answers();
  const known = new Map<z.ZodType, JsonSchema>([
    [named.Request.shape.filter.unwrap(), { $ref: '#/components/schemas/Filter' }],
    [named.Subscription.shape.filter, { $ref: '#/components/schemas/Filter' }],
  ]);
  // What is both asked and answered, such as a name, is described by the requests already.
  const all = jsonSchemasOf({ ...named, Name: nameSchema }, 'output', known);
  return Object.fromEntries(Object.entries(all).filter(([name]) => name in named));
}
