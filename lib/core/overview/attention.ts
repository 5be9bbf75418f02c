import type { Breaker } from '../breaker/breaker.ts';
import { isFinished, type Redrive } from '../redrive/redrive.ts';
import type { Receiver } from '../registry/receiver.ts';
import type { TopicEntry } from '../registry/topic.ts';

/** What is noted of the receivers and topics that are not as they should be. Times are epoch milliseconds. */
export interface Attention {
  readonly breaker: { readonly kind: Breaker['kind']; readonly sinceMs: number; readonly reason: string };
  /** Nothing is delivered: it is paused by hand, or disabled because its endpoint is gone. */
  readonly stopped: { readonly state: 'paused' | 'disabled'; readonly reason: string };
  readonly redrive: { readonly id: string; readonly state: 'running' | 'halted' };
  /** The id of the hold. */
  readonly hold: { readonly id: string };
}
export type AttentionKind = keyof Attention;

const hour = 3600;
/**
 * For how long a row stays that nobody writes again, seconds: what may be left behind by a receiver that is gone ends by
 * itself, and a redrive that halted is of interest for a day.
 */
export const attentionSeconds: Readonly<Record<AttentionKind, number | undefined>> = {
  breaker: 30 * 24 * hour,
  stopped: undefined,
  redrive: 24 * hour,
  hold: undefined,
};

const reasonCharactersMax = 200;
const short = (text: string) => text.slice(0, reasonCharactersMax);

/** A breaker that somebody keeps closed is as it should be. */
export function attentionOfBreaker(breaker: Breaker | undefined): Attention['breaker'] | undefined {
  if (breaker === undefined || breaker.kind === 'closed' || breaker.kind === 'forced-closed')
    return undefined;
  const { kind, sinceMs, reason } = breaker;
  return { kind, sinceMs, reason: short(reason) };
}

export const attentionOfReceiver = ({
  state,
  stateReason = '',
}: Pick<Receiver, 'state' | 'stateReason'>): Attention['stopped'] | undefined =>
  state === 'active' ? undefined : { state, reason: short(stateReason) };

export function attentionOfRedrive(run: Redrive | undefined): Attention['redrive'] | undefined {
  if (run === undefined) return undefined;
  if (isFinished(run) && run.state !== 'halted') return undefined;
  return { id: run.id, state: run.state === 'halted' ? 'halted' : 'running' };
}

/** Until it is forgotten, a hold that has ended is told from one that goes on by its row. */
export const attentionOfTopic = ({ hold }: Pick<TopicEntry, 'hold'>): Attention['hold'] | undefined =>
  hold === undefined ? undefined : { id: hold };
