import { secretKey } from '../../core/kernel/signature.ts';
import type { Receiver } from '../../core/registry/receiver.ts';
import { liveSecrets } from '../../core/registry/secret.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { SecretStore } from '../../runtime/stores/secrets.ts';

/** What a receiver's deliveries are signed with: the current secret, and each earlier one until its overlap ends. */
export interface SigningKeys {
  at(nowMs: number): readonly Uint8Array[];
}

/** Reads the earlier secrets of a receiver once. Rejects when they cannot be read. */
export async function signingKeys(
  tools: { readonly secrets: SecretStore; readonly clock: Clock },
  receiver: Receiver,
): Promise<SigningKeys> {
  const live = liveSecrets(receiver.earlierSecrets, tools.clock.now());
  // A receiver that does not rotate costs no read.
  const earlier = live.length === 0 ? [] : await tools.secrets.read(receiver.receiver, live);
  return {
    at(nowMs) {
      const still = liveSecrets(earlier, nowMs).map(({ id }) => earlier.find((each) => each.id === id));
      const secrets = new Set([receiver.secret, ...still.flatMap((each) => each?.secret ?? [])]);
      return [...secrets].map(secretKey);
    },
  };
}
