import type { Bundle } from './bundles.ts';
import { type Isolation, isolationText } from './isolation.ts';
import type { Machine, NamedLimit } from './machine.ts';
import type { Measurement } from './measure.ts';
import type { Measured, Memory } from './scenarios.ts';
import { medians } from './statistics.ts';
import { number, tableOf } from './table.ts';
import { type Judgement, judge } from './verdict.ts';

/** Everything that a run found out; this is what is saved, with every round. */
export interface Results {
  readonly at: string;
  readonly machine: Machine;
  readonly rounds: number;
  readonly seconds: number;
  /** Fresh processes behind each start time of a bundle. */
  readonly processes: number;
  readonly capacity: Readonly<Record<string, readonly Measurement[]>>;
  readonly latency: Readonly<Record<string, readonly Measurement[]>>;
  readonly nullRuns: Measured['nullRuns'];
  readonly memory: readonly Memory[];
  readonly overload: Measurement;
  readonly isolation: Isolation;
  readonly limits: readonly NamedLimit[];
  readonly bundles: readonly Bundle[];
  readonly formats: readonly Bundle[];
  readonly verdict: readonly Judgement[];
}

export type Findings = Omit<Results, 'verdict'>;

/** The name under which the scenario that the targets speak of is kept. */
export const headline = '1 topic x 1 receiver, batches of 10';

export function withVerdict(findings: Findings): Results {
  const full = medians(findings.capacity[headline] ?? []);
  return {
    ...findings,
    verdict: judge(full, findings.overload, medians(findings.memory), findings.isolation),
  };
}

/** The results as text, medians over the rounds. */
export function reportOf(results: Results): string {
  const { machine, rounds, seconds, processes } = results;
  const start = `medians of ${processes} fresh processes: import, and make the handler`;
  return [
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB, Node ${machine.node}, ${machine.platform}`,
    `Medians of ${rounds} ${rounds === 1 ? 'round' : 'rounds'} of ${seconds} s; events of 1 KB; SQLite synchronous NORMAL.`,
    section('Capacity (closed loop)', loads(results.capacity)),
    section('Latency (open loop, from the moment an event was meant to leave)', loads(results.latency)),
    section(
      'Overload (batches of 100, as fast as the bus answers, waiting for no Retry-After)',
      loads({ '1 topic x 10 receivers': [results.overload] }),
    ),
    section('Isolation (one receiver, two types)', isolationText(results.isolation)),
    section('Without a bus: generator straight to the sink', nullRuns(results.nullRuns)),
    section('The limits of this machine', limits(results.limits)),
    section(`Bundles (${start})`, bundles(results.bundles)),
    results.formats.length > 0 ? section(`Bundle formats (${start})`, bundles(results.formats)) : '',
    section('Verdict', verdict(results.verdict)),
    '',
  ]
    .filter((part, index, parts) => part !== '' || index === parts.length - 1)
    .join('\n');
}

function section(title: string, text: string): string {
  return `\n${title}\n${text}`;
}

function loads(scenarios: Readonly<Record<string, readonly Measurement[]>>): string {
  const headings = [
    '',
    'accepted/s',
    'delivered/s',
    'p50 ms',
    'p99 ms',
    'CPU-s/1000',
    'bus alone',
    '$/million',
    '429s',
    'peak MB',
  ];
  return tableOf(
    headings,
    Object.entries(scenarios).map(([name, rounds]) => {
      const row = medians(rounds);
      return [
        name,
        number(row.acceptedPerSecond),
        number(row.deliveredPerSecond),
        number(row.p50Ms, 1),
        number(row.p99Ms, 1),
        number(row.cpuSeconds, 3),
        number(row.busCpuSeconds, 3),
        number(row.dollars, 3),
        number(row.shed),
        number(row.peakRssMb),
      ];
    }),
  );
}

function nullRuns(rounds: Measured['nullRuns']): string {
  const names = rounds[0]?.map((run) => run.name) ?? [];
  return tableOf(
    ['', 'requests/s', 'p50 ms', 'p99 ms'],
    names.map((name, index) => {
      const runs = rounds.flatMap((round) => round.slice(index, index + 1));
      const row = medians(runs.map(({ perSecond, p50Ms, p99Ms }) => ({ perSecond, p50Ms, p99Ms })));
      return [name, number(row.perSecond), number(row.p50Ms, 1), number(row.p99Ms, 1)];
    }),
  );
}

function limits(found: readonly NamedLimit[]): string {
  return tableOf(
    ['', 'per second', 'CPU-s/1000'],
    found.map(({ name, perSecond, cpuSecondsPerThousand }) => [
      name,
      number(perSecond),
      number(cpuSecondsPerThousand, 3),
    ]),
  );
}

function bundles(found: readonly Bundle[]): string {
  return tableOf(
    ['', 'KB', 'gzip KB', 'start ms', 'with compile cache'],
    found.map(({ name, bytes, gzipBytes, startMs, cachedStartMs }) => [
      name,
      number(bytes / 1000),
      number(gzipBytes / 1000),
      number(startMs, 1),
      number(cachedStartMs, 1),
    ]),
  );
}

function verdict(judgements: readonly Judgement[]): string {
  return judgements
    .map(({ target, measured, met }) => `${met ? 'met    ' : 'NOT MET'}  ${target}\n         ${measured}`)
    .join('\n');
}
