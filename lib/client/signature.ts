import { createHmac, timingSafeEqual } from 'node:crypto';

const prefix = 'whsec_';

/**
 * The bytes of a `whsec_` secret (Standard Webhooks: base64 after the prefix).
 * @throws TypeError for anything else, because the receiver is misconfigured.
 */
export function readSecret(secret: string): Buffer {
  const text = secret.startsWith(prefix) ? secret.slice(prefix.length) : secret;
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) {
    throw new TypeError(
      'The secret must be whsec_ followed by base64, as the bus showed it when the receiver was created.',
    );
  }
  return Buffer.from(text, 'base64');
}

/** Whether one of the `v1` signatures in the header matches one of the keys. Compares in constant time. */
export function matchesSignature(
  header: string,
  signed: { readonly id: string; readonly timestamp: string; readonly body: Uint8Array },
  keys: readonly Uint8Array[],
): boolean {
  const expected = keys.map((key) =>
    createHmac('sha256', key).update(`${signed.id}.${signed.timestamp}.`).update(signed.body).digest(),
  );
  let matches = false;
  for (const part of header.split(' ')) {
    const [version, signature] = part.split(',', 2);
    if (version !== 'v1' || signature === undefined) continue;
    const given = Buffer.from(signature, 'base64');
    for (const digest of expected) {
      if (given.length === digest.length && timingSafeEqual(given, digest)) matches = true;
    }
  }
  return matches;
}
