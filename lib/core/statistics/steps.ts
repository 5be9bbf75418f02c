import { type Counts, isOfNow, plusCounts, type Thing } from './counts.ts';

/** The lengths of points, seconds. */
export const steps = [60, 3600, 86_400] as const;
export type Step = (typeof steps)[number];

const daySeconds = 24 * 3600;
/** For how long rows are kept after they were last written: longer steps for longer. */
const keptSeconds = {
  60: 2 * daySeconds,
  3600: 60 * daySeconds,
  86400: 400 * daySeconds,
  month: 800 * daySeconds,
} as const;

/** How far back a step is kept, seconds. */
export const keptFor = (step: Step): number => keptSeconds[step];

/** A row of counters: what is added to it, and when it may go. */
export interface Addition {
  readonly pk: string;
  readonly sk: string;
  readonly add: Counts;
  readonly expiresAtSeconds: number;
}

/** The partition of a thing's rows; of a receiver that fails the name of what is counted, whose rows are in several. */
export function partitionOf(thing: Thing): string {
  if (thing.kind === 'overview') return `overview#${thing.of}`;
  if (thing.kind === 'failing') return `failing#${thing.owner}#${thing.name}`;
  return thing.kind === 'application'
    ? `statistics#application#${thing.name}`
    : `statistics#${thing.kind}#${thing.name}#${thing.lifetime}`;
}

/** Receivers that fail are found by the span of time in which they did, seconds. */
export const failingSpanSeconds = 5 * 60;
const failingKeptSeconds = 3600;
/** The partition of those that failed in the span that contains a time. */
export const failingPartition = (ms: number): string =>
  `failing#${new Date(ms - (ms % (failingSpanSeconds * 1000))).toISOString()}`;
/** No name has a `#`. */
const failingKey = ({ owner, name }: { readonly owner: string; readonly name: string }): string =>
  `${owner}#${name}`;

export const startOf = (ms: number, step: Step): number => ms - (ms % (step * 1000));

const pointKey = (ms: number, step: Step): string => `${step}#${new Date(startOf(ms, step)).toISOString()}`;
/** `2026-01`. */
export const monthOf = (ms: number): string => new Date(ms).toISOString().slice(0, 7);
const monthKey = (ms: number): string => `month#${monthOf(ms)}`;

/** The sort keys between which the points of a period are: from the first, and before the second. */
export const keysBetween = (step: Step, sinceMs: number, untilMs: number): readonly [string, string] => [
  pointKey(sinceMs, step),
  // The point that contains the last moment is part of it; a `~` is above every time.
  `${pointKey(untilMs - 1, step)}~`,
];
export const monthsBetween = (sinceMs: number, untilMs: number): readonly [string, string] => [
  monthKey(sinceMs),
  `${monthKey(untilMs - 1)}~`,
];

/**
 * The rows that counts belong to: minutes, hours and days of a receiver or topic, months of an application.
 * @param minutes counts by the start of their minute, epoch milliseconds.
 */
export function additionsOf(thing: Thing, minutes: ReadonlyMap<number, Counts>): Addition[] {
  const rows = new Map<string, Addition>();
  const put = (sk: string, counts: Counts, endMs: number, kept: number, pk = partitionOf(thing)) => {
    const place = `${pk} ${sk}`;
    const add = plusCounts(rows.get(place)?.add ?? {}, counts);
    rows.set(place, { pk, sk, add, expiresAtSeconds: Math.ceil(endMs / 1000) + kept });
  };
  for (const [ms, counts] of minutes) {
    if (thing.kind === 'application') put(monthKey(ms), counts, ms, keptSeconds.month);
    else if (thing.kind === 'overview') put(pointKey(ms, 60), counts, ms + 60_000, keptSeconds[60]);
    else if (thing.kind === 'failing') {
      put(failingKey(thing), counts, ms, failingKeptSeconds, failingPartition(ms));
    } else {
      const lasting = Object.fromEntries(Object.entries(counts).filter(([name]) => !isOfNow(name)));
      for (const step of steps) {
        const own = step === 60 ? counts : lasting;
        put(pointKey(ms, step), own, startOf(ms, step) + step * 1000, keptSeconds[step]);
      }
    }
  }
  return [...rows.values()];
}
