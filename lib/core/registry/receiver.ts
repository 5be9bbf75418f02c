import * as z from 'zod';
import {
  type RocketMqTarget,
  rocketMqTargetSchema,
  type ShownRocketMqTarget,
  showRocketMqTarget,
} from '../../connectors/rocketmq/target.ts';
import { type OAuth2, oauth2Schema } from '../../connectors/webhook/oauth2.ts';
import { retriesMax } from '../deliver/limits.ts';
import { bus } from '../kernel/limits.ts';
import { secretKey, writeSecret } from '../kernel/signature.ts';
import type { Owned } from './owned.ts';
import { ownerSchema } from './owned.ts';
import { type ShownValidation, showValidation, type Validation, validateModes } from './validation.ts';

/** What teams tell the bus, over the API or in busbar.config.ts: the shapes, parsed at the edge once. */

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
  .max(retriesMax);

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

export type ReceiverSpec = z.infer<typeof receiverFields>;

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
    Owned {
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
