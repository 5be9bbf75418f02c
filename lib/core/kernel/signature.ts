import { createHmac, createSecretKey } from 'node:crypto';

/** https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md */

const secretPrefix = 'whsec_';

/** The bytes of a `whsec_` secret. */
export function secretKey(secret: string): Uint8Array {
  return Buffer.from(secret.slice(secretPrefix.length), 'base64');
}

export function writeSecret(key: Uint8Array): string {
  return secretPrefix + Buffer.from(key).toString('base64');
}

export function createSecret(random: { bytes(length: number): Uint8Array }): string {
  return writeSecret(random.bytes(32));
}

/**
 * The `webhook-signature` header: one `v1,<base64>` for each secret, so both work while one is being replaced.
 * @param timestampSeconds of this attempt, as in `webhook-timestamp`.
 */
export function sign(
  keys: readonly Uint8Array[],
  deliveryId: string,
  timestampSeconds: number,
  body: string | Uint8Array,
): string {
  return keys
    .map((key) => {
      // Node 24 takes 15 us when it is given bytes, and 4 us when it is given a key object.
      const hmac = createHmac('sha256', createSecretKey(key));
      hmac.update(`${deliveryId}.${timestampSeconds}.`).update(body);
      return `v1,${hmac.digest('base64')}`;
    })
    .join(' ');
}
