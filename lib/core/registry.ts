import * as z from 'zod';
import { BusbarError } from './errors.ts';
import { utf8Bytes } from './event.ts';
import { orderAttributeSchema } from './event-attribute.ts';
import { checkFilter } from './filter.ts';
import { holdRuleSchema } from './hold-rule.ts';
import { bus } from './limits.ts';
import { type OAuth2, oauth2Schema } from './oauth2.ts';
import {
  type RocketMqTarget,
  rocketMqTargetSchema,
  type ShownRocketMqTarget,
  showRocketMqTarget,
} from './rocketmq-receiver.ts';
import { secretKey, writeSecret } from './signature.ts';
import { traceModes } from './trace.ts';
import { type ShownValidation, showValidation, type Validation, validateModes } from './validation.ts';

/** What teams tell the bus, over the API or in busbar.config.ts: the shapes, parsed at the edge once. */

export const nameSchema = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9-]{0,47}$/,
    'is no name: 1 to 48 lower-case letters, digits and hyphens, not starting with a hyphen',
  );

const ownerSchema = nameSchema.optional();

export const topicSchema = z.strictObject({
  /** The application that owns it; the caller's own when left out. */
  owner: ownerSchema,
  description: z.string().max(1024).optional(),
  /** A JSON Schema for `data`, enforced at publish. */
  schema: z
    .union([z.record(z.string(), z.unknown()), z.boolean()])
    .refine(
      (schema) => utf8Bytes(JSON.stringify(schema)) <= bus.topicSchemaBytesMax,
      `is larger than ${bus.topicSchemaBytesMax / 1024} KB. Describe less of the data`,
    )
    .optional(),
  /** For how long a second event of the same source and id is answered `duplicate`; 0 or absent: never. */
  dedupSeconds: z.int().min(0).max(bus.dedupSecondsMax).optional(),
  /**
   * Whether its delayed events can be cancelled and re-timed; true when left out. False saves the row of those that
   * are delayed by 15 minutes or less.
   */
  cancellable: z.boolean().optional(),
  /** What is recorded of its events (see core/trace); as the stack says when left out. */
  trace: z.enum(traceModes).optional(),
  /** When the topic gives way: it is put on hold while its receivers lag behind. */
  holdWhen: holdRuleSchema.optional(),
  /** Events of one key reach each receiver in the order of their publishing; the key is `subject` or what is named. */
  ordered: z
    .union([z.boolean(), z.strictObject({ by: orderAttributeSchema })], {
      error: 'is neither true nor {"by": <attribute>}: subject, source, type or an extension attribute',
    })
    .optional(),
});

/** Headers that the bus, the connection or the proxy in between owns; a receiver may not set them. */
const reservedHeader =
  /^(host|connection|content-.*|transfer-encoding|te|trailer|upgrade|expect|keep-alive|proxy-.*|date|via|forwarded|x-forwarded-.*|webhook-.*|busbar-.*|ce-.*|traceparent|tracestate|user-agent|cookie)$/;

/** Headers whose values are credentials by their names. */
export const credentialHeader = /auth|key|token|secret|password|signature/i;
/** What stands for a credential in what the API shows. */
const hidden = '(hidden)';

const headersSchema = z
  .record(
    z
      .string()
      .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/, 'is no header name')
      .refine((name) => !reservedHeader.test(name.toLowerCase()), 'is a header that the bus sets itself'),
    z
      .string()
      .max(2048)
      .regex(/^[\t\x20-\x7e]*$/, 'must be printable ASCII on one line')
      .refine((value) => value !== hidden, 'is what is shown in place of the value. Give the value itself'),
  )
  .refine((headers) => Object.keys(headers).length <= 20, 'has more than 20 headers')
  .refine(
    (headers) =>
      new Set(Object.keys(headers).map((name) => name.toLowerCase())).size === Object.keys(headers).length,
    'names a header twice',
  );

export const secretSchema = z
  .string()
  .refine(isSecret, 'is no Standard Webhooks secret: whsec_ and 24 to 64 bytes in base64');

/** In the one way to write the bytes: a verifier may refuse what is only nearly base64. */
function isSecret(text: string): boolean {
  const key = secretKey(text);
  return text === writeSecret(key) && key.length >= 24 && key.length <= 64;
}

/** The wait before each further attempt. */
const delaysSchema = z
  .array(
    z
      .number()
      .min(0)
      .max(11 * 3600),
  )
  .max(bus.retriesMax);

const retrySchema = z.strictObject({
  delaysSeconds: delaysSchema,
  /** Event types that are retried otherwise. */
  types: z
    .record(z.string().min(1).max(256), z.strictObject({ delaysSeconds: delaysSchema }))
    .refine((types) => Object.keys(types).length <= 50, 'names more than 50 event types')
    .optional(),
  /** What becomes of an event that the endpoint refuses (a 4xx other than 408, 425, 429); retried when left out. */
  businessFailures: z.enum(['retry', 'dead-letter']).optional(),
});

const breakerSchema = z.strictObject({
  /** What tries the endpoint of an open breaker: an event that waits, or a HEAD request. */
  probe: z.enum(['delivery', 'head']).optional(),
  failureRate: z.number().min(0.05).max(1).optional(),
  windowSeconds: z.int().min(10).max(3600).optional(),
  minimumAttempts: z.int().min(1).max(10_000).optional(),
});

/** Before it is checked that they go together. */
export const receiverFields = z.strictObject({
  /** Where events are posted; a receiver has this or `rocketmq`. */
  endpoint: z.string().max(2048).optional(),
  /** A topic of RocketMQ, to which events are sent instead. */
  rocketmq: rocketMqTargetSchema.optional(),
  owner: ownerSchema,
  format: z.enum(['structured', 'binary']).optional(),
  /** Made by the bus when left out, and shown once. */
  secret: secretSchema.optional(),
  timeoutSeconds: z.number().min(1).max(bus.endpointTimeoutSecondsMax).optional(),
  retry: retrySchema.optional(),
  breaker: breakerSchema.optional(),
  limits: z
    .strictObject({
      concurrency: z.int().min(1).max(10_000).optional(),
      perSecond: z.number().min(0.1).max(100_000).optional(),
      perType: z.int().min(1).max(10_000).optional(),
    })
    .optional(),
  headers: headersSchema.optional(),
  /** Whether the owner of the endpoint must agree before anything is sent there; as the stack says when left out. */
  validate: z.enum(validateModes).optional(),
  /** The endpoint wants a token, which is fetched by client credentials. */
  oauth2: oauth2Schema.optional(),
});

export const receiverSchema = receiverFields.superRefine(checkKind);

/** What only a receiver has that is reached by HTTP. */
const httpOnly = ['secret', 'headers', 'oauth2'] as const;

/** A receiver is an endpoint or a topic of RocketMQ, with what belongs to the one. */
export function checkKind(
  spec: {
    readonly [name in (typeof httpOnly)[number]]?: unknown;
  } & Pick<ReceiverSpec, 'validate' | 'breaker' | 'timeoutSeconds'> & {
      readonly endpoint?: unknown;
      readonly rocketmq?: unknown;
    },
  context: { addIssue(issue: { code: 'custom'; path: string[]; message: string }): void },
): void {
  const refuse = (path: string, message: string) =>
    context.addIssue({ code: 'custom', path: path.split('.'), message });
  if (spec.rocketmq === undefined) {
    if (spec.endpoint === undefined) refuse('endpoint', 'is missing: a receiver has an endpoint or rocketmq');
    return;
  }
  if (spec.endpoint !== undefined)
    refuse('endpoint', 'cannot stand beside rocketmq: a receiver has one of the two');
  for (const name of httpOnly) {
    if (spec[name] !== undefined)
      refuse(name, 'is for endpoints that are reached by HTTP, and this receiver is a RocketMQ topic');
  }
  if ((spec.timeoutSeconds ?? 0) > bus.rocketMqTimeoutSecondsMax) {
    refuse(
      'timeoutSeconds',
      `is more than ${bus.rocketMqTimeoutSecondsMax}, the most for RocketMQ, whose client is opened and closed within the same call`,
    );
  }
  if (spec.validate === 'handshake') refuse('validate', 'is handshake, which RocketMQ knows nothing of');
  if (spec.breaker?.probe === 'head') refuse('breaker.probe', 'is head, which RocketMQ knows nothing of');
}

export const subscriptionSchema = z.strictObject({
  /** An SNS filter policy over the event's attributes and `data`; every event when left out. */
  filter: z
    .unknown()
    .transform((filter) => (filter === undefined ? undefined : checkFilter(filter)))
    .optional(),
});

export type TopicSpec = z.infer<typeof topicSchema>;
export type ReceiverSpec = z.infer<typeof receiverFields>;
export type SubscriptionSpec = z.infer<typeof subscriptionSchema>;

/** What the registry keeps beside what a team asked for. Times are RFC 3339. */
interface Kept {
  readonly owner: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  /** True for what busbar.config.ts declares: the stack owns its AWS resources. */
  readonly declared: boolean;
}

export interface Topic extends Omit<TopicSpec, 'owner'>, Kept {
  readonly topic: string;
  /** The id of its hold, while it may be on hold: whoever publishes looks at the hold then. */
  readonly hold?: string;
}

/**
 * `disabled` after the endpoint answered 410, until the receiver is put again or resumed; `paused` by hand, until
 * it is resumed. Its events wait in both.
 */
export type ReceiverState = 'active' | 'disabled' | 'paused';

/** What entered a lane before this is dropped instead of delivered. Times are RFC 3339. */
export interface Skip {
  readonly before: string;
  readonly at: string;
}

/** A secret that was replaced, and until when it signs; its value is kept apart. */
export interface EarlierSecret {
  readonly id: string;
  readonly until: string;
}

export interface Receiver
  extends Omit<ReceiverSpec, 'owner' | 'secret' | 'oauth2' | 'endpoint' | 'rocketmq'>,
    Kept {
  readonly receiver: string;
  /** Where its events go; for a topic of RocketMQ a text that stands for it, `rocketmq://host:port/topic`. */
  readonly endpoint: string;
  readonly rocketmq?: RocketMqTarget;
  readonly state: ReceiverState;
  /** Why it is disabled or paused. */
  readonly stateReason?: string;
  /** Since when it is paused. RFC 3339. */
  readonly pausedAt?: string;
  readonly skip?: Skip;
  /** What is known of its endpoint's agreement, where it needs one. */
  readonly validation?: Validation;
  readonly oauth2?: OAuth2;
  /** Never shown after it was made. */
  readonly secret: string;
  /** Those that sign as well while the secret is replaced. */
  readonly earlierSecrets?: readonly EarlierSecret[];
}

export interface Subscription {
  readonly topic: string;
  readonly receiver: string;
  readonly filter?: SubscriptionSpec['filter'];
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly declared: boolean;
}

/**
 * Parses a body by a schema.
 * @throws BusbarError invalid_request, naming every wrong field by its path; invalid_filter from a filter.
 */
export function parseSpec<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        path: [...issue.path, key].join('.'),
        detail: 'is not a field here',
      }));
    }
    // A record's key reports its own issues inside; the path already names the key.
    const detail = issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message;
    return [{ path: issue.path.join('.'), detail }];
  });
  const detail = fields
    .map((field) => `${field.path === '' ? 'The body' : field.path}: ${field.detail}`)
    .join('; ');
  throw new BusbarError('invalid_request', `${detail}.`, { fields });
}

/** A receiver as the API shows it. */
export type ShownReceiver = Omit<
  Receiver,
  'secret' | 'earlierSecrets' | 'validation' | 'oauth2' | 'rocketmq'
> & {
  readonly rocketmq?: ShownRocketMqTarget;
  readonly validation?: ShownValidation;
  readonly oauth2?: Omit<OAuth2, 'clientSecret'>;
  readonly earlierSecrets?: readonly Pick<EarlierSecret, 'until'>[];
};

/** What the API shows of a receiver: everything but its secrets and the values of headers that carry credentials. */
export function showReceiver(receiver: Receiver, nowMs: number): ShownReceiver {
  const { secret: _, earlierSecrets = [], headers, validation, oauth2, rocketmq, ...shown } = receiver;
  const live = earlierSecrets.filter(({ until }) => Date.parse(until) > nowMs);
  return {
    ...shown,
    ...(headers !== undefined && { headers: hideCredentials(headers) }),
    ...(validation !== undefined && { validation: showValidation(validation) }),
    ...(oauth2 !== undefined && { oauth2: withoutSecret(oauth2) }),
    ...(rocketmq !== undefined && { rocketmq: showRocketMqTarget(rocketmq) }),
    ...(live.length > 0 && { earlierSecrets: live.map(({ until }) => ({ until })) }),
  };
}

function withoutSecret({ clientSecret: _, ...shown }: OAuth2): Omit<OAuth2, 'clientSecret'> {
  return shown;
}

function hideCredentials(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, credentialHeader.test(name) ? hidden : value]),
  );
}
