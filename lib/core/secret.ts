import * as z from 'zod';
import { BusbarError } from './errors.ts';
import { bus } from './limits.ts';
import { type Receiver, secretSchema } from './registry.ts';

/** How a receiver's secret is replaced: for a while deliveries are signed with the earlier one as well. */

export const rotateSecretSchema = z.strictObject({
  /** Made by the bus when left out. */
  secret: secretSchema.optional(),
  /** For how long the earlier secret signs too; 0 ends it, and every one before it, at once. */
  overlapSeconds: z.int().min(0).max(bus.secretOverlapSecondsMax).optional(),
});

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
 * @throws BusbarError too_many_secrets.
 */
export function replaceSecret(
  was: Secrets,
  next: { secret: string; earlierId: string; overlapSeconds: number },
  nowMs: number,
): Secrets {
  if (next.overlapSeconds === 0) return { secret: next.secret };
  const kept = keptSecrets(was, nowMs);
  if (next.secret === was.secret) return kept;
  const live = kept.earlierSecrets ?? [];
  const [first] = live.map(({ until }) => until).sort();
  if (first !== undefined && live.length >= bus.earlierSecretsMax) {
    throw new BusbarError(
      'too_many_secrets',
      `${live.length} earlier secrets still sign, the first until ${first}. Rotate again after that, or with overlapSeconds 0, which ends all of them now.`,
    );
  }
  const until = new Date(nowMs + next.overlapSeconds * 1000).toISOString();
  return { secret: next.secret, earlierSecrets: [...live, { id: next.earlierId, until }] };
}
