import * as z from 'zod';
import { type Receiver, secretSchema } from './receiver.ts';

export const secretOverlapSecondsMax = 30 * 24 * 3600;

/** Each one adds a signature to every delivery. */
export const earlierSecretsMax = 4;

/** Replacing a receiver's secret: for a while deliveries are also signed with the earlier one. */

export const rotateSecretSchema = z.strictObject({
  /** Made by the bus when left out. */
  secret: secretSchema.optional(),
  /** How long the earlier secret also signs; 0 ends it, and every one before it, at once. */
  overlapSeconds: z.int().min(0).max(secretOverlapSecondsMax).optional(),
});
export type RotateSecretSpec = z.infer<typeof rotateSecretSchema>;

/** The secrets of a receiver. The values of earlier ones are in separate rows, which expire. */
export type Secrets = Pick<Receiver, 'secret' | 'earlierSecrets'>;

/** The receiver's secrets, without expired ones. */
export function keptSecrets({ secret, earlierSecrets }: Secrets, nowMs: number): Secrets {
  const live = liveSecrets(earlierSecrets, nowMs);
  return live.length === 0 ? { secret } : { secret, earlierSecrets: live };
}

/** The earlier secrets that still sign. */
export function liveSecrets(
  earlier: Receiver['earlierSecrets'],
  nowMs: number,
): NonNullable<Receiver['earlierSecrets']> {
  return (earlier ?? []).filter(({ until }) => Date.parse(until) > nowMs);
}

/**
 * The receiver's secrets after the current one was replaced; it keeps signing for the overlap, under the given id.
 * Earlier secrets keep their end: a caller that rotates again because a response was lost must not cut off a consumer
 * that knows only the first secret.
 */
export function replaceSecret(
  was: Secrets,
  next: { secret: string; earlierId: string; overlapSeconds: number },
  nowMs: number,
): Secrets {
  if (next.overlapSeconds === 0) return { secret: next.secret };
  const kept = keptSecrets(was, nowMs);
  if (next.secret === was.secret) return kept;
  const until = new Date(nowMs + next.overlapSeconds * 1000).toISOString();
  const all = [...(kept.earlierSecrets ?? []), { id: next.earlierId, until }];
  // Too many would make the header too long; the one that ends first is dropped.
  const lasting = [...all]
    .sort((one, other) => other.until.localeCompare(one.until))
    .slice(0, earlierSecretsMax);
  return { secret: next.secret, earlierSecrets: all.filter((each) => lasting.includes(each)) };
}
