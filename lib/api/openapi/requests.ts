import type * as z from 'zod';
import { sinks } from '../../connectors/index.ts';
import { applicationPatchSchema, applicationSchema } from '../../core/access/application.ts';
import { keySchema } from '../../core/access/key.ts';
import { forceBreakerSchema } from '../../core/breaker/breaker.ts';
import { reTimeSchema } from '../../core/delay/delayed.ts';
import { holdSchema } from '../../core/hold/hold.ts';
import { holdRuleSchema } from '../../core/hold/rule.ts';
import { nameSchema } from '../../core/kernel/spec.ts';
import { deliverAgainSchema, redriveSchema } from '../../core/redrive/redrive.ts';
import { skipSchema } from '../../core/registry/flow.ts';
import { topicPatchSchema } from '../../core/registry/patch.ts';
import { secretSchema } from '../../core/registry/receiver.ts';
import { rotateSecretSchema } from '../../core/registry/secret.ts';
import { subscriptionSchema } from '../../core/registry/subscription.ts';
import { topicSchema } from '../../core/registry/topic.ts';
import { noteSchema, requestSchema } from '../../core/request/request.ts';
import { recurrenceSchema } from '../../core/schedule/recurrence.ts';
import { redeemSchema, signInLinkSchema } from '../../core/sign-in/link.ts';
import { alertTestSchema } from '../../core/system-event/alert-test.ts';
import { transactionSchema } from '../../core/transaction/request.ts';
import { type DescribedCall, isEvents } from '../call.ts';
import { matchSchema } from '../catalog.ts';
import { describeFields } from './descriptions.ts';
import { eventSchemas, transactionEvent } from './events.ts';
import { filterSchemas } from './filter.ts';
import { type JsonSchema, jsonSchemasOf } from './json-schema.ts';

/** The names of the schemas that calls parse their bodies with, and of a part of one that is worth a name. */
export const requests = {
  Name: nameSchema,
  ApplicationSpec: applicationSchema,
  ApplicationPatch: applicationPatchSchema,
  KeySpec: keySchema,
  SignInLinkSpec: signInLinkSchema,
  RedeemSpec: redeemSchema,
  TopicSpec: topicSchema,
  TopicPatch: topicPatchSchema,
  HoldRule: holdRuleSchema,
  SubscriptionSpec: subscriptionSchema,
  HoldSpec: holdSchema,
  ReceiverSpec: sinks.receiverSchema,
  ReceiverPatch: sinks.receiverPatchSchema,
  SkipSpec: skipSchema,
  RotateSecretSpec: rotateSecretSchema,
  BreakerSpec: forceBreakerSchema,
  RedriveSpec: redriveSchema,
  DeliverAgainSpec: deliverAgainSchema,
  ScheduleSpec: recurrenceSchema,
  TransactionSpec: transactionSchema,
  ReTimeSpec: reTimeSchema,
  RequestSpec: requestSchema,
  NoteSpec: noteSchema,
  MatchSpec: matchSchema,
  AlertTestSpec: alertTestSchema,
} as const satisfies Readonly<Record<string, z.ZodType>>;

/** The name of the schema of a call's body; undefined without a body, and for events in any of their forms. */
export function requestNameOf({ body }: DescribedCall): string | undefined {
  if (body === undefined) return undefined;
  const schema = isEvents(body) ? body.events : body;
  if (schema === 'every form') return undefined;
  const named = Object.entries(requests).find(([, request]) => request === schema);
  if (named === undefined)
    throw new Error('The schema of a body has no name in lib/api/openapi/requests.ts.');
  return named[0];
}

const oneOf = (...names: string[]) => ({ oneOf: names.map((name) => ({ required: [name] })) });

/** What these schemas check in code, as far as JSON Schema can say it. */
const known = new Map<z.ZodType, JsonSchema>([
  [keySchema.shape.expiresAt.unwrap(), { format: 'date-time' }],
  [secretSchema, { pattern: '^whsec_[A-Za-z0-9+/]{32,86}={0,2}$' }],
  [subscriptionSchema.shape.filter, { $ref: '#/components/schemas/Filter' }],
  [sinks.receiverSchema, oneOf(...sinks.all.map(({ field }) => field))],
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
