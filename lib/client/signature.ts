import { createHmac, timingSafeEqual } from 'node:crypto';

const prefix = 'whsec_';

/** https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#signature-scheme */
const secretBytesMin = 24;

/**
 * The bytes of a `whsec_` secret (Standard Webhooks: at least 24 bytes, in base64 after the prefix).
 * @throws TypeError for anything else, because the receiver is misconfigured. The message does not contain the secret.
 */
export function readSecret(secret: string): Buffer {
  const text = typeof secret === 'string' && secret.startsWith(prefix) ? secret.slice(prefix.length) : secret;
  // Decoding ignores what is not base64, so only text that encodes back to itself is known to be read in full.
  const bytes = typeof text === 'string' ? Buffer.from(text, 'base64') : undefined;
  if (bytes === undefined || unpadded(bytes.toString('base64')) !== unpadded(text) || !isPadded(text)) {
    throw new TypeError(
      'The secret must be whsec_ followed by base64, as the bus showed it when the receiver was created.',
    );
  }
  if (bytes.length < secretBytesMin) {
    throw new TypeError(
      `The secret has ${bytes.length} bytes, and Standard Webhooks requires at least ${secretBytesMin}: a shorter one can be guessed.`,
    );
  }
  return bytes;
}

const unpadded = (text: string) => text.replace(/=+$/, '');

/** Padding may be left out, but not be wrong. */
const isPadded = (text: string) => !text.includes('=') || text.length % 4 === 0;

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
