import { createHash } from 'node:crypto';

/** How long a publisher that died may block the same event before the next try takes over its claim. */
export const dedupClaimSeconds = 30;

/**
 * Deduplication at publish, by topic, source and id. A claim is written before the event is sent and turned
 * into an acceptance after it:
 *
 *   claim ──── send ──── accept          a second event between claim and accept: `claimed`, try again
 *     │                         └─ free      the event was cancelled, dropped or refused before it was sent
 *     └─ the publisher dies here: the claim runs out and the next try takes it over, so that an event is never
 *        called a duplicate of one that was not sent
 *
 * Each claim has a token, which the row of an event that waits keeps: whoever ends the event frees this claim, and never
 * that of a later publish of the same event.
 */
export interface Claim {
  readonly state: 'claimed' | 'accepted';
  /** Epoch seconds until which this record counts. */
  readonly expiresAtSeconds: number;
}

/** Which claim an event was accepted by. */
export interface ClaimRef {
  readonly key: string;
  readonly token: string;
}

/**
 * Source and id identify an event (CloudEvents 1.0.2); the same id from another source is another event. What was
 * published to an earlier topic of the same name says nothing about this one.
 */
export function duplicateKey(
  { topic, incarnation }: { readonly topic: string; readonly incarnation?: string },
  event: { readonly source: string; readonly id: string },
): string {
  const identity = [topic, event.source, event.id];
  return createHash('sha256')
    .update(JSON.stringify(incarnation === undefined ? identity : [...identity, incarnation]))
    .digest('base64url');
}

export function newClaim(nowMs: number): Claim {
  return { state: 'claimed', expiresAtSeconds: Math.ceil(nowMs / 1000) + dedupClaimSeconds };
}

export function acceptance(nowMs: number, dedupSeconds: number): Claim {
  return { state: 'accepted', expiresAtSeconds: Math.ceil(nowMs / 1000) + dedupSeconds };
}
