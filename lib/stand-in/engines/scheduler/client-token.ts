import { createHash } from 'node:crypto';
import type { Input } from '../engine.ts';
import type { ClientToken } from './model.ts';

/** The token of a request with a digest of the rest of the request; the SDK adds a token by itself. */
export function clientToken(input: Input): ClientToken | undefined {
  const { ClientToken: token, ...request } = input;
  if (typeof token !== 'string') return undefined;
  const entries = Object.entries(request).sort(([left], [right]) => (left < right ? -1 : 1));
  return { token, digest: createHash('sha256').update(JSON.stringify(entries)).digest('base64') };
}
