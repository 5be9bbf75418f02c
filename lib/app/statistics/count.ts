import type { Receiver } from '../../core/registry/receiver.ts';
import type { Topic } from '../../core/registry/topic.ts';
import {
  type Counts,
  latencyCounts,
  reachedCounts,
  receiverThing,
  topicThing,
  waitedCounts,
  wholeBus,
} from '../../core/statistics/counts.ts';
import type { Tools } from '../../runtime/tools.ts';
import { bestEffort } from '../why/trace.ts';

export type CountTools = Tools<'statistics'>;

/** What one batch of deliveries came to. */
export interface BatchCounts {
  /** Deliveries whose attempt succeeded. */
  readonly delivered: number;
  /** Attempts that failed. */
  readonly failed: number;
  readonly deadLettered: number;
  /** Deliveries that were never made: skipped, or of a subscription that was revoked. */
  readonly dropped: number;
  /** Of every attempt that reached the endpoint, or waited for it in vain. */
  readonly latenciesMs: readonly number[];
  /** For how long the events of failed attempts have waited in their lane. */
  readonly waitsSeconds: readonly number[];
  /** For how long the events of first attempts had waited, whatever came of these. */
  readonly firstWaitsSeconds: readonly number[];
  /** How long the function was busy with the batch. */
  readonly busyMs: number;
}

/** Counts a batch for its receiver and its owner, and writes what is due. */
export async function countBatch(
  tools: CountTools,
  receiver: Receiver,
  { latenciesMs, waitsSeconds, firstWaitsSeconds, busyMs, ...counts }: BatchCounts,
): Promise<void> {
  tools.statistics.count(receiverThing(receiver), {
    ...counts,
    ...latencyCounts(latenciesMs),
    ...waitedCounts(waitsSeconds),
    ...reachedCounts(firstWaitsSeconds),
  });
  const { owner, receiver: name } = receiver;
  const work = { batches: 1, deliverMs: Math.round(busyMs) };
  tools.statistics.count({ kind: 'application', name: owner }, { ...counts, ...work });
  const { delivered, failed, deadLettered } = counts;
  countForOverview(tools, owner, { delivered, failed, deadLettered, ...latencyCounts(latenciesMs) });
  // Nothing when nothing failed.
  tools.statistics.count({ kind: 'failing', owner, name }, { failed, deadLettered });
  await flush(tools);
}

/** What became of the events of one request. */
export interface PublishCounts {
  readonly accepted: number;
  readonly rejected: number;
  readonly duplicate: number;
  /** Of the accepted events, as they are sent: JSON in UTF-8. */
  readonly bytes: number;
}

/**
 * Counts what was published for its topic and its publisher, and writes what is due.
 * @param topic undefined when it was sent to a receiver alone.
 * @param busyMs of a request; undefined for what was stored and is published now.
 */
export async function countPublished(
  tools: CountTools,
  application: string,
  topic: Topic | undefined,
  counts: PublishCounts,
  busyMs?: number,
): Promise<void> {
  if (topic !== undefined) tools.statistics.count(topicThing(topic), { ...counts });
  const work = busyMs === undefined ? {} : { requests: 1, publishMs: Math.round(busyMs) };
  tools.statistics.count({ kind: 'application', name: application }, { ...counts, ...work });
  const { accepted, rejected } = counts;
  countForOverview(tools, application, { accepted, rejected });
  await flush(tools);
}

function countForOverview({ statistics }: CountTools, application: string, counts: Counts): void {
  for (const whose of [application, wholeBus]) statistics.count({ kind: 'overview', of: whose }, counts);
}

/** Nothing fails or waits long because of statistics: what could not be written now is written the next time. */
const flush = (tools: CountTools): Promise<void> =>
  bestEffort(tools, () => tools.statistics.flush(), 'Statistics');
