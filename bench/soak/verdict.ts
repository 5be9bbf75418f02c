import { median, trendOf } from '../statistics.ts';
import { number } from '../table.ts';

/** A measurement of the bus at the end of an interval. */
export interface Sample {
  /** Seconds since the load began. */
  readonly atSeconds: number;
  /** The heap of the bus, after a full garbage collection. */
  readonly heapMb: number;
  readonly rssMb: number;
  /** Rows of its tables, which only a local bus keeps in memory. */
  readonly rows: number;
  /** Accepted events that are not delivered yet. */
  readonly backlog: number;
  /** Deliveries per second, and refused events, within the interval. */
  readonly deliveredPerSecond: number;
  readonly shed: number;
  /** Latencies of first attempts at working endpoints, within the interval. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface Judgement {
  readonly rule: string;
  readonly measured: string;
  /** `unknown`: there are too few samples to tell. */
  readonly result: 'met' | 'not met' | 'unknown';
}

const rules = {
  /** The first samples are not judged: code is compiled, queues fill, breakers open. */
  warmUpPart: 0.2,
  /** With fewer samples, a trend cannot be distinguished from noise. */
  samplesMin: 10,
  /** The memory that a table row takes in a local bus. */
  rowKb: 2,
  /** How much the heap may grow per minute, and by which fraction of itself over the run; both must hold. */
  heapMbPerMinute: 1,
  heapPart: 0.1,
  /** How much the backlog may grow over the run, in seconds of delivery. */
  backlogSeconds: 5,
  /** A percentile may double over the run and grow by this many milliseconds more. */
  latencyMs: 50,
  /** The fraction of the load that may be refused with 429. */
  shedPart: 0.01,
} as const;

/**
 * Judges whether a bus endures its load. A trend counts if it is certain (its lower bound is above 0) and large: noise is
 * not a leak, and finding a very slow leak takes a longer run.
 * @param perSecond the load in deliveries per second.
 */
export function judgeEndurance(samples: readonly Sample[], perSecond: number): Judgement[] {
  const judged = samples.slice(Math.floor(samples.length * rules.warmUpPart));
  const enough = judged.length >= rules.samplesMin;
  return [heap, backlog, latency, refused].map((judge): Judgement => {
    const { rule, ...found } = judge(enough ? judged : undefined, perSecond);
    if ('met' in found) return { rule, measured: found.measured, result: found.met ? 'met' : 'not met' };
    return { rule, measured: `${judged.length} samples of at least ${rules.samplesMin}`, result: 'unknown' };
  });
}

type Found = { rule: string } | { rule: string; measured: string; met: boolean };
type Judge = (samples: readonly Sample[] | undefined, perSecond: number) => Found;

const minutes = (samples: readonly Sample[]) =>
  ((samples.at(-1)?.atSeconds ?? 0) - (samples[0]?.atSeconds ?? 0)) / 60;

const heap: Judge = (samples) => {
  const rule = `flat memory: the heap after a collection, less ${rules.rowKb} KB per stored row, grows by at most ${rules.heapMbPerMinute} MB per minute and ${rules.heapPart * 100} % over the run`;
  if (samples === undefined) return { rule };
  const net = samples.map((sample) => sample.heapMb - (sample.rows * rules.rowKb) / 1024);
  const { slope, atLeast, atMost } = trendOf(
    samples.map(({ atSeconds }, n) => [atSeconds / 60, net[n] ?? 0]),
  );
  const grown = slope * minutes(samples);
  const limit = rules.heapPart * median(net);
  return {
    rule,
    measured: `${number(slope, 2)} MB per minute (${number(atLeast, 2)} to ${number(atMost, 2)}), ${number(grown, 1)} MB of ${number(median(net), 0)} MB over the run; including rows ${number(samples[0]?.heapMb ?? 0, 0)} MB, then ${number(samples.at(-1)?.heapMb ?? 0, 0)} MB`,
    met: atLeast <= 0 || (slope <= rules.heapMbPerMinute && grown <= limit),
  };
};

const backlog: Judge = (samples, perSecond) => {
  const rule = `no growing backlog: it grows over the run by at most ${rules.backlogSeconds} s of deliveries`;
  if (samples === undefined) return { rule };
  const { slope, atLeast } = trendOf(samples.map((sample) => [sample.atSeconds / 60, sample.backlog]));
  const grown = slope * minutes(samples);
  return {
    rule,
    measured: `median ${number(median(samples.map((sample) => sample.backlog)))} deliveries, ${grown < 0 ? '' : '+'}${number(grown)} over the run`,
    met: atLeast <= 0 || grown <= rules.backlogSeconds * perSecond,
  };
};

const latency: Judge = (samples) => {
  const rule = `stable latency: p50 and p99 at most double over the run, plus ${rules.latencyMs} ms`;
  if (samples === undefined) return { rule };
  const trends = (['p50Ms', 'p99Ms'] as const).map((member) => {
    const { slope, atLeast } = trendOf(samples.map((sample) => [sample.atSeconds / 60, sample[member]]));
    const first = median(samples.slice(0, Math.floor(samples.length / 3)).map((sample) => sample[member]));
    const grown = slope * minutes(samples);
    const name = member.slice(0, 3);
    return {
      text: `${name} ${number(first, 1)} ms at first, ${grown < 0 ? '' : '+'}${number(grown, 1)} ms over the run`,
      met: atLeast <= 0 || grown <= first + rules.latencyMs,
    };
  });
  return { rule, measured: trends.map(({ text }) => text).join('; '), met: trends.every(({ met }) => met) };
};

const refused: Judge = (samples, perSecond) => {
  const rule = `at most ${rules.shedPart * 100} % of the load refused with 429`;
  if (samples === undefined) return { rule };
  const shed = samples.reduce((sum, sample) => sum + sample.shed, 0);
  const offered = perSecond * minutes(samples) * 60;
  return { rule, measured: `${number(shed)} of ${number(offered)}`, met: shed <= offered * rules.shedPart };
};
