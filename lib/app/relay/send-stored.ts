import type { Principal } from '../../core/access/access.ts';
import { type Acting, actingOn, actorOf } from '../../core/access/acting.ts';
import type { Entry } from '../../core/event/forms.ts';
import type { Target } from '../../core/event/target.ts';
import { BusbarError, mayPassLater } from '../../core/kernel/errors.ts';
import type { Refusal } from '../../core/refused/refused.ts';
import type { Topic } from '../../core/registry/topic.ts';
import { refusalsOf, standingTarget, type Waiting } from '../access/act.ts';
import { type Opened, openTarget, type PublishTools, takeEntries } from '../publish/publish.ts';
import { countsOf, type EntryResult } from '../publish/results.ts';
import { countPublished } from '../statistics/count.ts';

/** A stored event that is to be sent now. */
export interface Outgoing {
  readonly target: Target;
  /** Its index is its place in the list. */
  readonly entry: Entry;
  /** Events with the same key go one after the other, in the order of the list. */
  readonly orderKey?: string;
  /** The principal that publishes it. */
  readonly principal: Principal;
  /** When its producer wrote it, by the producer's clock: it is not for a target that was created long after that. */
  readonly writtenAtMs?: number | undefined;
  /** Set where the operator trusts the sources that its publisher names. */
  readonly trustsSource?: boolean;
  /**
   * Set for what was checked when it was stored: a schema that its owner changed since does not apply. Whether it may
   * still go to its target is decided anew. `acting` is undefined for what was stored before it was recorded.
   */
  readonly checked?: { readonly acting: Acting | undefined; readonly atMs: number };
}

/** The result for one event: it is out, it is to be tried again, or it can never go as it is. */
export type Sent =
  | { readonly kind: 'out' }
  /** `isOverQuota`: its application has used up what it may store. */
  | { readonly kind: 'again'; readonly reason: string; readonly isOverQuota?: boolean }
  | ({ readonly kind: 'refused' } & Refusal);

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
    const key = JSON.stringify([one.target, one.principal, one.checked ?? null, one.trustsSource ?? false]);
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
  const [{ target, principal, checked }] = group;
  try {
    if (checked !== undefined) return await sendChecked(tools, group, checked);
    const opened = await openTarget(tools, principal, target);
    return await refusing(group, await refusalsOf(tools, target, group.map(writtenOf)), (going) =>
      take(tools, opened, going),
    );
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

/** Sends what was checked when it was stored, unless it may not go to its target as that is now. */
async function sendChecked<One extends Outgoing>(
  tools: PublishTools,
  group: readonly [One, ...One[]],
  { acting, atMs }: NonNullable<Outgoing['checked']>,
): Promise<(readonly [One, Sent])[]> {
  const [{ target, principal }] = group;
  const waiting = group.map(({ entry }) => ({ acting, atMs, body: bodyOf(entry) }));
  return await refusing(group, await refusalsOf(tools, target, waiting), async (going) => {
    const standing = await standingTarget(tools, target);
    if (standing === undefined) return going.map((one) => [one, noResult] as const);
    const topic = 'topic' in standing ? withoutSchema(standing) : undefined;
    const actor = acting?.actor ?? actorOf(principal);
    // What its transaction has accepted is stored in any case, should it be due later or its topic on hold.
    return await take(tools, { topic, acting: actingOn(actor, standing), counting: 'count' }, going);
  });
}

/** Sends what is not refused; returns the result for each. */
async function refusing<One extends Outgoing>(
  group: readonly One[],
  refusals: readonly (Refusal | undefined)[],
  send: (going: readonly One[]) => Promise<(readonly [One, Sent])[]>,
): Promise<(readonly [One, Sent])[]> {
  const going = group.filter((_, at) => refusals[at] === undefined);
  const sent = new Map<One, Sent>(going.length === 0 ? [] : await send(going));
  return group.map((one, at) => {
    const refusal = refusals[at];
    return [one, refusal === undefined ? (sent.get(one) ?? noResult) : { kind: 'refused', ...refusal }];
  });
}

const bodyOf = (entry: Entry) => ('event' in entry ? entry.event.body : 'null');

/** A producer's clock may be wrong by this much. */
const producerSkewMs = 60_000;

const writtenOf = ({ entry, writtenAtMs, principal }: Outgoing): Waiting => ({
  by: principal.application,
  atMs: writtenAtMs === undefined ? undefined : writtenAtMs + producerSkewMs,
  body: bodyOf(entry),
});

async function take<One extends Outgoing>(
  tools: PublishTools,
  opened: Opened,
  group: readonly One[],
): Promise<(readonly [One, Sent])[]> {
  const [first] = group;
  if (first === undefined) return [];
  const { target, principal, trustsSource } = first;
  const entries = group.map(({ entry }) => entry);
  const application = trustsSource === true ? undefined : principal.application;
  const results = await takeEntries(tools, application, target, opened, entries);
  const sent = group.map((one, at) => [one, sentOf(results[at])] as const);
  // What is tried again is counted when it goes.
  const ended = results.flatMap((result, at) => (sent[at]?.[1].kind === 'again' ? [] : [{ result, at }]));
  const counts = countsOf(
    ended.flatMap(({ at }) => entries[at] ?? []),
    ended.map(({ result }) => result),
  );
  await countPublished(tools, principal.application, opened.topic, counts);
  return sent;
}

const noResult: Sent = { kind: 'again', reason: 'There was no result.' };

function withoutSchema({ schema: _, ...topic }: Topic): Topic {
  return topic;
}

function sentOf(result: EntryResult | undefined): Sent {
  if (result === undefined) return noResult;
  if (result.status !== 'rejected') return { kind: 'out' };
  const { code = 'internal', detail = '', errors = [] } = result;
  if (code === 'quota_exceeded') return { kind: 'again', reason: detail, isOverQuota: true };
  return mayPassLater(code) ? { kind: 'again', reason: detail } : { kind: 'refused', code, detail, errors };
}

function failed(error: unknown): Sent {
  if (!(error instanceof BusbarError) || error.retryable) return { kind: 'again', reason: String(error) };
  return { kind: 'refused', code: error.code, detail: error.message, errors: error.fields };
}
