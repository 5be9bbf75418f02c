import { clockToleranceSeconds, tokenBytesMax } from './limits.ts';
import type { SignIn } from './setting.ts';

/** The signatures that only the provider can make; with a secret that both have, whoever checks could sign. */
export const signatureAlgorithms = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
] as const;

/** What a token says of itself, before anyone has checked its signature. */
export interface Claimed {
  readonly keyId: string | undefined;
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** Reads a token without checking it; undefined when it is none. */
export function readToken(token: string): Claimed | undefined {
  if (token.length > tokenBytesMax) return undefined;
  const [header, claims, , more] = token.split('.');
  const read = { header: objectOf(header), claims: objectOf(claims) };
  if (read.header === undefined || read.claims === undefined || more !== undefined) return undefined;
  const { kid } = read.header;
  return { keyId: typeof kid === 'string' ? kid : undefined, header: read.header, claims: read.claims };
}

function objectOf(part = ''): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    return value as Record<string, unknown>;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/**
 * Why a token cannot be an ID token for this bus at this time, by what it says of itself (OpenID Connect Core 1.0, section
 * 3.1.3.7); undefined when only its signature is in question. Made before the keys of the provider are asked for, so that a
 * token which is wrong in any case causes no request. It quotes nothing of the token.
 */
export function refusalOfClaims(
  { header, claims }: Claimed,
  { issuer, audience, clientId }: Pick<SignIn, 'issuer' | 'audience' | 'clientId'>,
  nowMs: number,
): { readonly detail: string; readonly isOver?: true } | undefined {
  const { iss, aud, azp, exp, nbf, iat, sub } = claims;
  if (!signatureAlgorithms.some((algorithm) => algorithm === header.alg)) {
    return {
      detail: `is not signed by a key pair: this bus takes ${signatureAlgorithms.join(', ')}. Have the provider sign with one of these`,
    };
  }
  // Tokens for logging out, and access tokens, have the same issuer and may have the same audience.
  if (header.typ !== undefined && !(typeof header.typ === 'string' && /^jwt$/i.test(header.typ))) {
    return { detail: 'is of another type than an ID token. Send the ID token of the sign-in' };
  }
  if (claims.events !== undefined) return { detail: 'is an event of the provider. Send the ID token' };
  if (iss !== issuer) {
    return { detail: `is of another issuer than this bus takes tokens of, ${issuer}. Sign in there` };
  }
  const audiences: unknown[] = Array.isArray(aud) ? aud : [aud];
  const known = (one: unknown) => typeof one === 'string' && audience.includes(one);
  if (!audiences.some(known)) {
    return {
      detail: `is for another audience than this bus (${audience.join(', ')}). Sign in with a client of the bus`,
    };
  }
  if (audiences.length > 1 && !(known(azp) || (azp !== undefined && azp === clientId))) {
    return {
      detail: 'is for several audiences, and its azp is none of this bus. Sign in with a client of the bus',
    };
  }
  if (typeof sub !== 'string' || sub === '') return { detail: 'names no person (sub). Send an ID token' };
  if (typeof exp !== 'number' || typeof iat !== 'number') {
    return { detail: 'does not say when it was issued and expires (iat, exp). Send an ID token' };
  }
  const nowSeconds = nowMs / 1000;
  if (nowSeconds >= exp + clockToleranceSeconds) {
    return { detail: `expired at ${timeOf(exp)}. Sign in again`, isOver: true };
  }
  if (nbf !== undefined && !(typeof nbf === 'number' && nowSeconds >= nbf - clockToleranceSeconds)) {
    return { detail: 'is not valid yet (nbf). Check the clock of the provider' };
  }
  if (nowSeconds < iat - clockToleranceSeconds) {
    return { detail: 'was issued in the future (iat). Check the clock of the provider' };
  }
  return undefined;
}

/** RFC 3339; the last time that there is, for one beyond it. */
export const timeOf = (seconds: number): string =>
  new Date(Math.max(0, Math.min(seconds * 1000, 253_402_300_799_999))).toISOString();
