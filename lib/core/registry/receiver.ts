import * as z from 'zod';
import { retriesMax } from '../deliver/limits.ts';
import { bus } from '../kernel/limits.ts';
import { secretKey, writeSecret } from '../kernel/signature.ts';
import type { Consent } from './consent.ts';
import type { EndedSubscription, Owned } from './owned.ts';
import { ownerSchema } from './owned.ts';
import { type ShownValidation, type Validation, validateModes } from './validation.ts';

/** What teams tell the bus, over the API or in busbar.config.ts: the shapes, parsed at the edge once. */

export const secretSchema = z
  .string()
  .refine(isSecret, 'is no Standard Webhooks secret: whsec_ and 24 to 64 bytes in base64');

/** In the one way to write the bytes: a verifier may refuse what is only nearly base64. */
function isSecret(text: string): boolean {
  const key = secretKey(text);
  return text === writeSecret(key) && key.length >= 24 && key.length <= 64;
}

/** The forms of an event that a receiver can ask for; its kind says which of them it has. */
export const formats = ['structured', 'binary', 'slack', 'pagerduty'] as const;
export type Format = (typeof formats)[number];

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

/** The fields that receivers of every kind have; what only one kind has is in lib/connectors. */
export const receiverFields = z.strictObject({
  owner: ownerSchema,
  format: z.enum(formats).optional(),
  /** Made by the bus when left out, and shown once; only of kinds whose deliveries are signed. */
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
  /** Whether the owner must agree before anything is sent; as the stack says when left out. */
  validate: z.enum(validateModes).optional(),
});

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

/**
 * What a receiver had waiting of a topic when the owner of the topic revoked its subscription and dropped it. Times are
 * RFC 3339.
 */
export interface Drop {
  readonly topic: string;
  /** When it was revoked. */
  readonly at: string;
  /** Since when it is subscribed again: what entered a lane from then on is delivered. Absent while it is not. */
  readonly before?: string;
}

/** A secret that was replaced, and until when it signs; its value is kept apart. */
export interface EarlierSecret {
  readonly id: string;
  readonly until: string;
}

/** A receiver as it is stored, as far as all kinds go; the fields of its kind stand beside these. */
export interface Receiver extends Omit<ReceiverSpec, 'owner' | 'secret'>, Owned {
  readonly receiver: string;
  /** Where its events go: a URL, or a text in the form of one that stands for its address. */
  readonly endpoint: string;
  readonly state: ReceiverState;
  /** Why it is disabled or paused. */
  readonly stateReason?: string;
  /** Since when it is paused. RFC 3339. */
  readonly pausedAt?: string;
  readonly skip?: Skip;
  /** What it does not get any more of topics that it was subscribed to. */
  readonly drops?: readonly Drop[];
  /** What is known of its endpoint's agreement, where it needs one. */
  readonly validation?: Validation;
  /** Who agreed that the bus calls a URL of it that is not its endpoint, where somebody had to. */
  readonly consent?: Consent;
  /** Never shown after it was made; empty for kinds whose deliveries are not signed. */
  readonly secret: string;
  /** Those that sign as well while the secret is replaced. */
  readonly earlierSecrets?: readonly EarlierSecret[];
}

/** A receiver as the API shows it, as far as all kinds go. */
export type ShownReceiver = Omit<Receiver, 'secret' | 'earlierSecrets' | 'validation' | 'consent'> & {
  readonly validation?: ShownValidation;
  /** Those that ended because the call gave the receiver to another application. */
  readonly endedSubscriptions?: readonly EndedSubscription[];
  readonly earlierSecrets?: readonly Pick<EarlierSecret, 'until'>[];
};
