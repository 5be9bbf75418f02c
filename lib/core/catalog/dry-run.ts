import type { Filter } from '../filter/filter.ts';
import { mismatchesOf } from '../filter/match.ts';
import { messageOf } from '../routing/routing.ts';
import type { KeptEvent } from './keep.ts';
import { samplesMax } from './limits.ts';

/** How a filter would have decided about events that were published. */
export interface DryRun {
  /** How many events were looked at. */
  readonly events: number;
  readonly matched: number;
  /** The latest of those that matched, whole. */
  readonly samples: readonly Readonly<Record<string, unknown>>[];
}

/** Runs a filter over events, the newest first. */
export function dryRun(topic: string, filter: Filter | undefined, events: readonly KeptEvent[]): DryRun {
  const matching = events.filter(
    (event) =>
      filter === undefined ||
      mismatchesOf(filter, messageOf({ ...event, subject: event.subject }, { topic })).length === 0,
  );
  return {
    events: events.length,
    matched: matching.length,
    samples: matching.slice(0, samplesMax).map(({ body }) => JSON.parse(body)),
  };
}

/**
 * What somebody may see who is not yet allowed to read the topic: how many, and which kind of events, but not what they
 * say.
 */
export const withoutData = (run: DryRun): DryRun => ({
  ...run,
  samples: run.samples.map(({ data: _1, data_base64: _2, ...attributes }) => attributes),
});
