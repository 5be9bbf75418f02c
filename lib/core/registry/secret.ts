import * as z from 'zod';
import { type Receiver, secretSchema } from './receiver.ts';

export const secretOverlapSecondsMax = 30 * 24 * 3600;

/** Each one adds a signature to every delivery. */
export const earlierSecretsMax = 4;

/** How a receiver's secret is replaced: for a while deliveries are signed with the earlier one as well. */

export const rotateSecretSchema = z.strictObject({
  /** Made by the bus when left out. */
  secret: secretSchema.optional(),
  /** For how long the earlier secret signs too; 0 ends it, and every one before it, at once. */
  overlapSeconds: z.int().min(0).max(secretOverlapSecondsMax).optional(),
});
export type RotateSecretSpec = z.infer<typeof rotateSecretSchema>;

/** What a receiver says of its secrets. The earlier ones themselves are rows of their own, which expire. */
export type Secrets = Pick<Receiver, 'secret' | 'earlierSecrets'>;

/** The receiver's secrets as they are now, without those whose time is over. */
export function keptSecrets({ secret, earlierSecrets }: Secrets, nowMs: number): Secrets {
  const live = liveSecrets(earlierSecrets, nowMs);
  return live.length === 0 ? { secret } : { secret, earlierSecrets: live };
}

/** Those that still sign. */
export function liveSecrets(
  earlier: Receiver['earlierSecrets'],
  nowMs: number,
): NonNullable<Receiver['earlierSecrets']> {
  return (earlier ?? []).filter(({ until }) => Date.parse(until) > nowMs);
}

/**
 * The receiver's secrets once another one has taken the place of the current one, which goes on signing for the overlap
 * under the id. Earlier ones keep their own time: who rotates again because an answer was lost must not cut off a
 * consumer that knows the first secret only.
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
  // Too many would make the header too long; the one that ends first makes room.
  const lasting = [...all]
    .sort((one, other) => other.until.localeCompare(one.until))
    .slice(0, earlierSecretsMax);
  return { secret: next.secret, earlierSecrets: all.filter((each) => lasting.includes(each)) };
}
