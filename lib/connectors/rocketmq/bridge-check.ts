/**
 * Whether both sides of a bridge have the same events: what was seen of a topic of the bus and of a topic of RocketMQ in
 * the same window, compared by event ids.
 */

export type Side = 'bus' | 'rocketmq';
/** Which side must have all that the other has: `in` the bus, `out` RocketMQ, or each of them. */
export const directions = ['in', 'out', 'both'] as const;
export type Direction = (typeof directions)[number];

/** An event that was seen on a side. Times are epoch milliseconds. */
export interface Seen {
  readonly id: string;
  readonly atMs: number;
  /** When it came to be, where that is known. */
  readonly bornAtMs?: number | undefined;
}

interface Known {
  bornAtMs: number | undefined;
  bus: number | undefined;
  rocketmq: number | undefined;
}

export interface Lag {
  /** How many events came to this side second. */
  readonly events: number;
  readonly medianSeconds: number;
  readonly p99Seconds: number;
  readonly maxSeconds: number;
}

export interface CheckReport {
  readonly window: { readonly from: string; readonly to: string };
  readonly direction: Direction;
  /** What each side showed in the window; `duplicates` came again under an id that was seen. */
  readonly seen: Readonly<Record<Side, { readonly events: number; readonly duplicates: number }>>;
  readonly onBoth: number;
  readonly missing: Readonly<Record<Side, { readonly events: number; readonly ids: readonly string[] }>>;
  /** Seen on one side alone and older than the window: the other side may have had them before. */
  readonly notCompared: number;
  /** By the side to which events came second. */
  readonly lag: Readonly<Record<Side, Lag | undefined>>;
  /** `same`: the old path may be switched off. `unknown`: nothing was proven. */
  readonly verdict: 'same' | 'different' | 'unknown';
  readonly reasons: readonly string[];
}

export interface CheckRules {
  readonly fromMs: number;
  readonly toMs: number;
  readonly direction: Direction;
  readonly maxLagSeconds: number;
  /** How many ids are named at most. */
  readonly idsMax: number;
  /** What keeps the reading from being complete, such as a side that could not be read to its end. */
  readonly troubles: readonly string[];
}

const names: Readonly<Record<Side, string>> = { bus: 'the bus', rocketmq: 'RocketMQ' };

/** Collects what both sides show. */
export class Comparison {
  readonly #known = new Map<string, Known>();
  readonly #duplicates: Record<Side, number> = { bus: 0, rocketmq: 0 };

  add(side: Side, { id, atMs, bornAtMs }: Seen): void {
    const known = this.#known.get(id) ?? { bornAtMs: undefined, bus: undefined, rocketmq: undefined };
    this.#known.set(id, known);
    known.bornAtMs ??= bornAtMs;
    if (known[side] === undefined) known[side] = atMs;
    else this.#duplicates[side] += 1;
  }

  /** How far it is, for whoever waits. */
  counts(): Readonly<Record<Side | 'onOne', number>> {
    const counts = { bus: 0, rocketmq: 0, onOne: 0 };
    for (const { bus, rocketmq } of this.#known.values()) {
      if (bus !== undefined) counts.bus += 1;
      if (rocketmq !== undefined) counts.rocketmq += 1;
      if (bus === undefined || rocketmq === undefined) counts.onOne += 1;
    }
    return counts;
  }

  report(rules: CheckRules): CheckReport {
    const { fromMs, toMs, direction, idsMax } = rules;
    const events: Record<Side, number> = { bus: 0, rocketmq: 0 };
    const missing: Record<Side, string[]> = { bus: [], rocketmq: [] };
    const lags: Record<Side, number[]> = { bus: [], rocketmq: [] };
    let onBoth = 0;
    let notCompared = 0;
    for (const [id, { bus, rocketmq, bornAtMs }] of this.#known) {
      const firstMs = Math.min(bus ?? Number.POSITIVE_INFINITY, rocketmq ?? Number.POSITIVE_INFINITY);
      if (firstMs < fromMs || firstMs > toMs) continue;
      if (bus !== undefined) events.bus += 1;
      if (rocketmq !== undefined) events.rocketmq += 1;
      if (bus !== undefined && rocketmq !== undefined) {
        onBoth += 1;
        lags[bus >= rocketmq ? 'bus' : 'rocketmq'].push(Math.abs(bus - rocketmq) / 1000);
      } else if (bornAtMs !== undefined && bornAtMs < fromMs) notCompared += 1;
      else missing[bus === undefined ? 'bus' : 'rocketmq'].push(id);
    }
    const shown = (side: Side) => ({ events: missing[side].length, ids: missing[side].slice(0, idsMax) });
    const lag = { bus: lagOf(lags.bus), rocketmq: lagOf(lags.rocketmq) };
    return {
      window: { from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() },
      direction,
      seen: {
        bus: { events: events.bus, duplicates: this.#duplicates.bus },
        rocketmq: { events: events.rocketmq, duplicates: this.#duplicates.rocketmq },
      },
      onBoth,
      missing: { bus: shown('bus'), rocketmq: shown('rocketmq') },
      notCompared,
      lag,
      ...judge({ onBoth, missing, lag }, rules),
    };
  }
}

/** The sides that must have all that the other has. */
const watched: Readonly<Record<Direction, readonly Side[]>> = {
  in: ['bus'],
  out: ['rocketmq'],
  both: ['bus', 'rocketmq'],
};

/**
 * What the comparison says about the old path. Nothing is proven by a window in which nothing happened, or that was not
 * read whole: what seems to be missing then may be what was not read.
 */
function judge(
  found: {
    readonly onBoth: number;
    readonly missing: Readonly<Record<Side, readonly string[]>>;
    readonly lag: CheckReport['lag'];
  },
  { direction, maxLagSeconds, troubles }: CheckRules,
): Pick<CheckReport, 'verdict' | 'reasons'> {
  const sides = watched[direction];
  if (troubles.length > 0) return { verdict: 'unknown', reasons: troubles };
  const reasons = sides.flatMap((side) => {
    const late = found.lag[side];
    const lacks = found.missing[side].length;
    return [
      ...(lacks > 0 ? [`${lacks} events are missing on ${names[side]}`] : []),
      ...(late !== undefined && late.p99Seconds > maxLagSeconds
        ? [
            `events come to ${names[side]} late: one of a hundred by more than ${Math.round(late.p99Seconds)} s`,
          ]
        : []),
    ];
  });
  if (reasons.length > 0) return { verdict: 'different', reasons };
  if (found.onBoth === 0) return { verdict: 'unknown', reasons: ['no event was seen on both sides'] };
  return { verdict: 'same', reasons: [] };
}

function lagOf(seconds: number[]): Lag | undefined {
  if (seconds.length === 0) return undefined;
  const sorted = seconds.sort((one, other) => one - other);
  const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.ceil(part * sorted.length) - 1)] ?? 0;
  return { events: sorted.length, medianSeconds: at(0.5), p99Seconds: at(0.99), maxSeconds: at(1) };
}
