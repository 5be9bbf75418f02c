import type { Principal } from '../../core/access/access.ts';
import type { Entry } from '../../core/event/forms.ts';
import type { Target } from '../../core/event/target.ts';
import { BusbarError, type ErrorCode, type FieldError, mayPassLater } from '../../core/kernel/errors.ts';
import type { Topic } from '../../core/registry/topic.ts';
import { type EntryResult, openTarget, type PublishTools, takeEntries } from '../publish/publish.ts';

/** A stored event that is to be sent now. */
export interface Outgoing {
  readonly target: Target;
  /** Its index is its place in the list. */
  readonly entry: Entry;
  /** Events with the same key go one after the other, in the order of the list. */
  readonly orderKey?: string;
  /**
   * The principal that publishes it, which must own the target; an admin for what was authorised when it was stored.
   */
  readonly principal: Principal;
  /** Set when it was checked when it was stored: a schema that changed since does not apply. */
  readonly wasChecked?: boolean;
}

/** The result for one event: it is out, it is to be tried again, or it can never go as it is. */
export type Sent =
  | { readonly kind: 'out' }
  | { readonly kind: 'again'; readonly reason: string }
  | {
      readonly kind: 'refused';
      readonly code: ErrorCode;
      readonly detail: string;
      readonly errors: readonly FieldError[];
    };

/**
 * Sends stored events the way that requests go, in full batches: the one place that releases what a table stores (the
 * outbox, transactions). An error of one event never blocks the others.
 *
 * The events of an order key go one at a time, and when one must be tried again, those behind it wait with it. A
 * refused event does not stop its key: it would stop it for ever.
 */
export async function sendStored(tools: PublishTools, list: readonly Outgoing[]): Promise<Sent[]> {
  const results: Sent[] = Array.from({ length: list.length });
  const stopped = new Map<string, string>();
  let waiting = list.map((outgoing, place) => ({ ...outgoing, place }));
  while (waiting.length > 0) {
    const keys = new Set<string>();
    const later: typeof waiting = [];
    const round: typeof waiting = [];
    for (const one of waiting) {
      const { orderKey } = one;
      const reason = orderKey === undefined ? undefined : stopped.get(orderKey);
      if (reason !== undefined) {
        results[one.place] = { kind: 'again', reason };
      } else if (orderKey !== undefined && keys.has(orderKey)) {
        later.push(one);
      } else {
        if (orderKey !== undefined) keys.add(orderKey);
        round.push(one);
      }
    }
    for (const [one, sent] of await sendRound(tools, round)) {
      results[one.place] = sent;
      if (sent.kind === 'again' && one.orderKey !== undefined) {
        stopped.set(one.orderKey, `An earlier event of the same key waits: ${sent.reason}`);
      }
    }
    waiting = later;
  }
  return results;
}

/** Sends what may go at the same time, grouped by target. */
async function sendRound<One extends Outgoing>(
  tools: PublishTools,
  round: readonly One[],
): Promise<(readonly [One, Sent])[]> {
  const groups = new Map<string, [One, ...One[]]>();
  for (const one of round) {
    const key = JSON.stringify([one.target, one.principal, one.wasChecked ?? false]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [one]);
    else group.push(one);
  }
  const sent = await Promise.all([...groups.values()].map((group) => sendGroup(tools, group)));
  return sent.flat();
}

async function sendGroup<One extends Outgoing>(
  tools: PublishTools,
  group: readonly [One, ...One[]],
): Promise<(readonly [One, Sent])[]> {
  const [{ target, principal, wasChecked }] = group;
  try {
    const known = await openTarget(tools, principal, target);
    const topic = known !== undefined && wasChecked === true ? withoutSchema(known) : known;
    const entries = group.map(({ entry }) => entry);
    const results = await takeEntries(tools, target, topic, entries);
    return group.map((one, at) => [one, sentOf(results[at])] as const);
  } catch (error) {
    // Whatever it is, it applies to each of these events, and the other targets go on.
    const sent = failed(error);
    tools.log(sent.kind === 'again' ? 'error' : 'warn', 'Stored events could not be sent', {
      ...target,
      count: group.length,
      reason: String(error),
    });
    return group.map((one) => [one, sent] as const);
  }
}

function withoutSchema({ schema: _, ...topic }: Topic): Topic {
  return topic;
}

function sentOf(result: EntryResult | undefined): Sent {
  if (result === undefined) return { kind: 'again', reason: 'There was no result.' };
  if (result.status !== 'rejected') return { kind: 'out' };
  const { code = 'internal', detail = '', errors = [] } = result;
  return mayPassLater(code) ? { kind: 'again', reason: detail } : { kind: 'refused', code, detail, errors };
}

function failed(error: unknown): Sent {
  if (!(error instanceof BusbarError) || error.retryable) return { kind: 'again', reason: String(error) };
  return { kind: 'refused', code: error.code, detail: error.message, errors: error.fields };
}
