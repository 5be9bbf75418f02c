import type { Acting } from '../../core/access/acting.ts';
import { type AttemptRecord, attemptRecord, withAttempt } from '../../core/deliver/attempts.ts';
import type { Delivery, DeliveryRecord, Verdict } from '../../core/deliver/delivery.ts';
import type { Outcome } from '../../core/deliver/outcome.ts';
import { publisherOf } from '../../core/event/publisher.ts';
import type { Target } from '../../core/event/target.ts';
import type { TraceMode } from '../../core/event/trace-mode.ts';
import { mismatchesOf } from '../../core/filter/match.ts';
import type { Receiver } from '../../core/registry/receiver.ts';
import { messageOf, type RoutableEvent } from '../../core/routing/routing.ts';
import { type AttemptedEvent, type AttemptState, packAttempted } from '../../core/why/attempted.ts';
import type { Sighting } from '../../core/why/occurrence.ts';
import { type PublishedEvent, packPublished } from '../../core/why/trace.ts';
import type { RegistryStore } from '../../runtime/stores/registry.ts';
import type { Tools } from '../../runtime/tools.ts';

/** How long a function waits for a trace to be written before it goes on without it. */
const traceWriteSeconds = 1;

export type TraceTools = Tools<'traces' | 'sightings'>;

/** Writes traces as a best effort: nothing may fail or wait because of them, so a slow write is left to itself. */
export async function bestEffort(
  tools: Tools,
  write: () => Promise<unknown>,
  what = 'A trace',
): Promise<void> {
  let cancel = () => {};
  const slow = new Promise<string>((resolve) => {
    cancel = tools.clock.setTimer(traceWriteSeconds * 1000, () =>
      resolve(`It took more than ${traceWriteSeconds} s`),
    );
  });
  const written = (async () => {
    try {
      await write();
      return undefined;
    } catch (error) {
      return String(error);
    }
  })();
  const problem = await Promise.race([written, slow]);
  cancel();
  if (problem !== undefined) tools.log('warn', `${what} could not be written`, { reason: problem });
}

/** An accepted event, and when it is due if not at once. */
export interface Taken {
  readonly event: RoutableEvent & { readonly id: string };
  readonly dueAtMs: number | undefined;
}

/**
 * Traces the accepted events of one request in one row, if the topic traces everything. A delayed event has its own row
 * in any case.
 */
export async function tracePublished(
  tools: TraceTools & { readonly registry: RegistryStore },
  mode: TraceMode,
  target: Target,
  acting: Acting,
  taken: readonly Taken[],
): Promise<void> {
  const nowMs = tools.clock.now();
  if (mode !== 'all' || taken.length === 0) return;
  await bestEffort(tools, async () => {
    const subscriptions = 'topic' in target ? await tools.registry.cachedSubscriptions(target.topic) : [];
    const receivers = 'topic' in target ? subscriptions.map(({ receiver }) => receiver) : [target.receiver];
    const events = taken.map(({ event, dueAtMs }): PublishedEvent => {
      const { id, source, type } = event;
      const message = messageOf(event, target);
      const refusals = Object.fromEntries(
        subscriptions.flatMap(({ receiver, filter }) => {
          const found = filter === undefined ? [] : mismatchesOf(filter, message);
          return found.length === 0 ? [] : [[receiver, found]];
        }),
      );
      return { id, source, type, refusals, ...(dueAtMs !== undefined && { dueAtMs }) };
    });
    await tools.traces.put(
      packPublished(nowMs, target, receivers, events, { ...lifeOf(acting), by: acting.actor.application }),
    );
  });
}

/** What is traced of an attempt. */
export interface Traced {
  /** Left out when it succeeded at once and only failures are traced. */
  readonly attempted?: AttemptedEvent;
  /** Set at the first failure. */
  readonly sighting?: Extract<Sighting, { kind: 'failing' }>;
  /** All attempts so far, to be stored with the record; absent when single attempts are not traced. */
  readonly history?: readonly AttemptRecord[];
}

export interface Attempted {
  readonly mode: TraceMode;
  readonly lane: string;
  readonly attempt: number;
  readonly outcome: Outcome;
  readonly verdict: Verdict;
  readonly earlier: DeliveryRecord | undefined;
  readonly startedAtMs: number;
  readonly latencyMs: number;
}

/** Decides what is traced of one attempt. */
export function traceAttempt(delivery: Delivery, made: Attempted): Traced {
  const { mode, lane, attempt, outcome, verdict, earlier, startedAtMs, latencyMs } = made;
  if (mode === 'none') return {};
  const { deliveryId, receiver, topic, eventId: id, eventSource: source, eventType: type, body } = delivery;
  const isRecorded = verdict.kind !== 'delivered' || earlier !== undefined;
  if (!isRecorded && mode !== 'all') return {};
  const attempted: AttemptedEvent = {
    ...{ id, source, type, topic, startedAtMs, latencyMs, attempt, isRecorded },
    state: stateAfter(verdict),
    ...(outcome.kind === 'answer' ? { status: outcome.status } : { error: outcome.failure }),
    ...(verdict.kind === 'retry' && {
      nextAttemptAtMs: startedAtMs + latencyMs + verdict.delaySeconds * 1000,
    }),
  };
  if (!isRecorded) return { attempted };
  const record = attemptRecord(attempt, lane, outcome, startedAtMs, latencyMs);
  return {
    attempted,
    history: withAttempt(earlier?.history ?? [], record),
    ...(earlier === undefined && {
      sighting: {
        kind: 'failing',
        id,
        source,
        type,
        topic,
        receiver,
        ...lifeOf(delivery),
        deliveryId,
        atMs: startedAtMs,
        ...publishedBy(body),
      },
    }),
  };
}

const stateAfter = ({ kind }: Verdict): AttemptState =>
  kind === 'delivered' ? 'delivered' : kind === 'dead-letter' ? 'dead-lettered' : 'failed';

/** What is traced of a delivery that is not sent: where to find its record, unless it failed before. */
export function traceStop(delivery: Delivery, earlier: DeliveryRecord | undefined, atMs: number): Traced {
  if (earlier !== undefined) return {};
  const { deliveryId, receiver, topic, eventId: id, eventSource: source, eventType: type, body } = delivery;
  const about = { id, source, type, topic, receiver, ...lifeOf(delivery), deliveryId, ...publishedBy(body) };
  return { sighting: { kind: 'failing', ...about, atMs } };
}

/** Only the first failure of a delivery reads its event for this. */
function publishedBy(body: string): { readonly by?: string } {
  const by = publisherOf(body);
  return by === undefined ? {} : { by };
}

const lifeOf = ({ incarnation }: { readonly incarnation?: string }) =>
  incarnation === undefined ? {} : { incarnation };

/** Traces a batch: its attempts in one row, and where to find failures. */
export async function traceBatch(
  tools: TraceTools,
  receiver: Pick<Receiver, 'receiver' | 'incarnation'>,
  lane: string,
  traced: readonly Traced[],
): Promise<void> {
  const attempted = traced.flatMap((one) => (one.attempted === undefined ? [] : [one.attempted]));
  // A queue may hand out a message twice in one batch.
  const sightings = new Map(
    traced.flatMap(({ sighting }) => (sighting === undefined ? [] : [[sighting.deliveryId, sighting]])),
  );
  if (attempted.length === 0 && sightings.size === 0) return;
  await bestEffort(tools, () =>
    Promise.all([
      ...(attempted.length > 0
        ? [tools.traces.put([packAttempted(tools.clock.now(), receiver, lane, attempted)])]
        : []),
      ...(sightings.size > 0 ? [tools.sightings.put([...sightings.values()])] : []),
    ]),
  );
}
