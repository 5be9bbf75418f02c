import type * as z from 'zod';
import { forceBreakerSchema } from '../breaker/breaker.ts';
import { reTimeSchema } from '../delay/delayed.ts';
import { holdSchema } from '../hold/hold.ts';
import { holdRuleSchema } from '../hold/rule.ts';
import { nameSchema } from '../kernel/spec.ts';
import { deliverAgainSchema, redriveSchema } from '../redrive/redrive.ts';
import { skipSchema } from '../registry/flow.ts';
import { receiverSchema, secretSchema } from '../registry/receiver.ts';
import { rotateSecretSchema } from '../registry/secret.ts';
import { subscriptionSchema } from '../registry/subscription.ts';
import { topicSchema } from '../registry/topic.ts';
import { recurrenceSchema } from '../schedule/recurrence.ts';
import { transactionSchema } from '../transaction/request.ts';
import { describeFields } from './descriptions.ts';
import { eventSchemas, transactionEvent } from './events.ts';
import { filterSchemas } from './filter.ts';
import { type JsonSchema, jsonSchemasOf } from './json-schema.ts';

/** The JSON documents that calls take: the very schemas that the use cases parse with. */
export const requests = {
  Name: nameSchema,
  TopicSpec: topicSchema,
  HoldRule: holdRuleSchema,
  SubscriptionSpec: subscriptionSchema,
  HoldSpec: holdSchema,
  ReceiverSpec: receiverSchema,
  SkipSpec: skipSchema,
  RotateSecretSpec: rotateSecretSchema,
  BreakerSpec: forceBreakerSchema,
  RedriveSpec: redriveSchema,
  DeliverAgainSpec: deliverAgainSchema,
  ScheduleSpec: recurrenceSchema,
  TransactionSpec: transactionSchema,
  ReTimeSpec: reTimeSchema,
} as const satisfies Readonly<Record<string, z.ZodType>>;

export type RequestName = keyof typeof requests;

const oneOf = (...names: string[]) => ({ oneOf: names.map((name) => ({ required: [name] })) });

/** What these schemas check in code, as far as JSON Schema can say it. */
const known = new Map<z.ZodType, JsonSchema>([
  [secretSchema, { pattern: '^whsec_[A-Za-z0-9+/]{32,86}={0,2}$' }],
  [subscriptionSchema.shape.filter, { $ref: '#/components/schemas/Filter' }],
  [receiverSchema, oneOf('endpoint', 'rocketmq')],
  [reTimeSchema, oneOf('delaySeconds', 'deliverAt')],
  [reTimeSchema.shape.deliverAt.unwrap(), { format: 'date-time' }],
  [holdRuleSchema, { anyOf: [{ required: ['backlogEvents'] }, { required: ['backlogSeconds'] }] }],
  [
    recurrenceSchema,
    {
      allOf: [oneOf('topic', 'receiver'), oneOf('cron', 'everySeconds')],
      dependentSchemas: { timezone: { required: ['cron'] } },
    },
  ],
  [transactionSchema.shape.events.element, transactionEvent],
]);

/** The schemas of everything that is sent to the bus, by their names. */
export const requestSchemas = (): Record<string, JsonSchema> =>
  describeFields({ ...jsonSchemasOf(requests, 'input', known), ...filterSchemas, ...eventSchemas });
