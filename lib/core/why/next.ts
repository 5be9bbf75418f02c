import type { ShownBreaker } from '../breaker/breaker.ts';
import type { Receiver } from '../registry/receiver.ts';
import { mayDeliver } from '../registry/validation.ts';

/**
 * What the next attempt waits for: its time; that the receiver is resumed; another endpoint, where that of a disabled one is
 * gone; that the endpoint agrees to receive events; that the breaker closes; that the endpoint has rested, as it asked for;
 * that the topic is released.
 */
export const waits = ['time', 'resume', 'endpoint', 'agreement', 'breaker', 'rest', 'release'] as const;
export type Wait = (typeof waits)[number];

const iso = (ms: number) => new Date(ms).toISOString();

/** When the next attempt is made at the earliest, and what it waits for, in a state. */
export function nextOf(
  state: string,
  nextAttemptAtMs: number | undefined,
  receiver: Receiver | undefined,
  breaker: ShownBreaker | undefined,
): { readonly nextAttemptAt?: string; readonly waitsFor?: Wait } {
  if (state !== 'parked') {
    if (nextAttemptAtMs === undefined) return {};
    const restsUntilMs = breaker?.restsUntil === undefined ? 0 : Date.parse(breaker.restsUntil);
    if (restsUntilMs > nextAttemptAtMs) return { nextAttemptAt: iso(restsUntilMs), waitsFor: 'rest' };
    return { nextAttemptAt: iso(nextAttemptAtMs), ...(state === 'retrying' && { waitsFor: 'time' }) };
  }
  if (receiver?.state === 'paused') return { waitsFor: 'resume' };
  if (receiver?.state === 'disabled') return { waitsFor: 'endpoint' };
  if (receiver !== undefined && !mayDeliver(receiver)) return { waitsFor: 'agreement' };
  // The next probe may be of another event, so this one is attempted then at the earliest.
  const { nextProbeAt } = breaker ?? {};
  if (nextProbeAt === undefined) return { waitsFor: 'breaker' };
  return { nextAttemptAt: iso(Math.max(nextAttemptAtMs ?? 0, Date.parse(nextProbeAt))), waitsFor: 'breaker' };
}
