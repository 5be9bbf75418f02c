import type { Sinks } from '../../connectors/kind.ts';
import { type Principal, requireOwner } from '../../core/access/access.ts';
import { BusbarError } from '../../core/kernel/errors.ts';
import { createSecret } from '../../core/kernel/signature.ts';
import { showReceiver } from '../../core/registry/kinds.ts';
import { registryChangeRoundsMax, secretOverlapSecondsDefault } from '../../core/registry/limits.ts';
import type { Receiver } from '../../core/registry/receiver.ts';
import { type RotateSecretSpec, replaceSecret } from '../../core/registry/secret.ts';
import type { Changed } from '../../runtime/stores/registry.ts';
import type { Tools } from '../../runtime/tools.ts';
import { unknownReceiver } from './admin.ts';

export type SecretTools = Tools<'registry' | 'secrets'>;

/**
 * Gives a receiver another secret; during the overlap its deliveries carry a signature of each.
 * @throws BusbarError unknown_receiver, forbidden, invalid_request, conflict.
 */
export async function rotateSecret(
  tools: SecretTools & { readonly sinks: Sinks },
  principal: Principal,
  name: string,
  spec: RotateSecretSpec,
): Promise<ReturnType<typeof showReceiver> & { secret?: string }> {
  const { secret = createSecret(tools.random), overlapSeconds = secretOverlapSecondsDefault } = spec;
  const nowMs = tools.clock.now();
  const { was, now } = await changeKeepingSecret(tools, name, (receiver, earlierId) => {
    if (receiver === undefined) throw unknownReceiver(name);
    requireOwner(principal, receiver.owner, `The receiver ${name}`);
    const { isSigned, title } = tools.sinks.of(receiver);
    if (!isSigned) {
      throw new BusbarError(
        'conflict',
        `The receiver ${name} is ${title} and has no secret, because nothing is signed for it. To replace its credentials, put the receiver.`,
      );
    }
    const { earlierSecrets: _, ...rest } = receiver;
    const secrets = replaceSecret(receiver, { secret, earlierId, overlapSeconds }, nowMs);
    return { ...rest, ...secrets, updatedAt: new Date(nowMs).toISOString() };
  });
  // They no longer sign, even if this fails: the rows expire by themselves.
  if (overlapSeconds === 0) await tools.secrets.forget(name, was?.earlierSecrets);
  const shown = showReceiver(tools.sinks, now, nowMs);
  return now.secret === was?.secret ? shown : { ...shown, secret: now.secret };
}

/** Thrown when the secret is no longer the one that was stored as the earlier one. */
class AnotherSecret extends Error {}

/**
 * Changes a receiver in a way that may replace its secret. The old secret is stored for the overlap before it is
 * replaced: a crash in between leaves an unused row, never a consumer without a signature that it knows.
 * @param change gets the id under which the current secret is stored.
 */
export async function changeKeepingSecret(
  tools: SecretTools,
  name: string,
  change: (was: Receiver | undefined, earlierId: string) => Receiver,
): Promise<Changed<Receiver>> {
  const earlierId = Buffer.from(tools.random.bytes(9)).toString('base64url');
  for (let round = 1; round <= registryChangeRoundsMax; round++) {
    const seen = await tools.registry.receiver(name);
    const named = change(seen, earlierId).earlierSecrets?.find(({ id }) => id === earlierId);
    if (seen !== undefined && named !== undefined) await tools.secrets.keep(name, named, seen.secret);
    try {
      return await tools.registry.changeReceiver(name, (was) => {
        if (was?.secret !== seen?.secret) throw new AnotherSecret();
        return change(was, earlierId);
      });
    } catch (error) {
      if (!(error instanceof AnotherSecret)) throw error;
    }
  }
  throw new BusbarError(
    'conflict',
    `Other requests keep replacing the secret of ${name}. This call changed nothing; try again.`,
    { retryAfterSeconds: 1 },
  );
}
