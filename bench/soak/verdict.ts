import { median, trendOf } from '../statistics.ts';
import { number } from '../table.ts';

/** What was seen of the bus at the end of an interval. */
export interface Sample {
  /** Since the load began. */
  readonly atSeconds: number;
  /** Of the bus, after a full collection. */
  readonly heapMb: number;
  readonly rssMb: number;
  /** Rows of its tables, which a bus on AWS does not keep in memory. */
  readonly rows: number;
  /** Deliveries that were accepted and not yet made. */
  readonly backlog: number;
  /** Deliveries made within the interval, and what publishing was refused in it. */
  readonly deliveredPerSecond: number;
  readonly shed: number;
  /** Of first attempts at the endpoints that work, made within the interval. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface Judgement {
  readonly rule: string;
  readonly measured: string;
  /** `unknown`: there are too few samples to tell. */
  readonly result: 'met' | 'not met' | 'unknown';
}

export const rules = {
  /** The first part of the samples is not judged: code is compiled, queues fill, breakers find their state. */
  warmUpPart: 0.2,
  /** With fewer samples behind it there is no telling a trend from noise. */
  samplesMin: 10,
  /** What a row of a table takes in the memory of the local target. */
  rowKb: 2,
  /** The heap may grow by that much a minute, or a part of itself over the run, whichever is reached first. */
  heapMbPerMinute: 1,
  heapPart: 0.1,
  /** The backlog may grow over the run by what is delivered in so many seconds. */
  backlogSeconds: 5,
  /** A percentile may double over the run, and grow by so many milliseconds beside that. */
  latencyMs: 50,
  /** Of the load, what may be refused with 429. */
  shedPart: 0.01,
} as const;

/**
 * Whether a bus endures its load. A trend counts when it is certain (its lower bound is above nothing) and large: noise
 * is no leak, and a leak that is too slow to matter within the run needs a longer run.
 * @param perSecond deliveries that the load asks for.
 */
export function judgeEndurance(samples: readonly Sample[], perSecond: number): Judgement[] {
  const judged = samples.slice(Math.floor(samples.length * rules.warmUpPart));
  const enough = judged.length >= rules.samplesMin;
  return [heap, backlog, latency, refused].map((judge): Judgement => {
    const { rule, ...found } = judge(enough ? judged : undefined, perSecond);
    if ('met' in found) return { rule, measured: found.measured, result: found.met ? 'met' : 'not met' };
    return { rule, measured: `${judged.length} samples, ${rules.samplesMin} are needed`, result: 'unknown' };
  });
}

type Found = { rule: string } | { rule: string; measured: string; met: boolean };
type Judge = (samples: readonly Sample[] | undefined, perSecond: number) => Found;

const minutes = (samples: readonly Sample[]) =>
  ((samples.at(-1)?.atSeconds ?? 0) - (samples[0]?.atSeconds ?? 0)) / 60;

const heap: Judge = (samples) => {
  const rule = `flat memory: the heap after a collection, without ${rules.rowKb} KB for each row stored, grows by at most ${rules.heapMbPerMinute} MB a minute and ${rules.heapPart * 100} % over the run`;
  if (samples === undefined) return { rule };
  const net = samples.map((sample) => sample.heapMb - (sample.rows * rules.rowKb) / 1024);
  const { slope, atLeast, atMost } = trendOf(
    samples.map(({ atSeconds }, n) => [atSeconds / 60, net[n] ?? 0]),
  );
  const grown = slope * minutes(samples);
  const limit = rules.heapPart * median(net);
  return {
    rule,
    measured: `${number(slope, 2)} MB a minute (${number(atLeast, 2)} to ${number(atMost, 2)}), ${number(grown, 1)} MB of ${number(median(net), 0)} MB over the run; with its rows ${number(samples[0]?.heapMb ?? 0, 0)} MB, then ${number(samples.at(-1)?.heapMb ?? 0, 0)} MB`,
    met: atLeast <= 0 || (slope <= rules.heapMbPerMinute && grown <= limit),
  };
};

const backlog: Judge = (samples, perSecond) => {
  const rule = `no growing backlog: over the run by at most what is delivered in ${rules.backlogSeconds} s`;
  if (samples === undefined) return { rule };
  const { slope, atLeast } = trendOf(samples.map((sample) => [sample.atSeconds / 60, sample.backlog]));
  const grown = slope * minutes(samples);
  return {
    rule,
    measured: `${number(median(samples.map((sample) => sample.backlog)))} deliveries wait in the median, ${grown < 0 ? '' : '+'}${number(grown)} over the run`,
    met: atLeast <= 0 || grown <= rules.backlogSeconds * perSecond,
  };
};

const latency: Judge = (samples) => {
  const rule = `stable latency: p50 and p99 grow over the run by at most what they were in its first third, and ${rules.latencyMs} ms`;
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
