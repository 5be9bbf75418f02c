import type { Bundle } from './bundles.ts';
import type { NamedLimit } from './machine.ts';
import type { Measurement } from './measure.ts';
import type { Rivals } from './rivals.ts';
import type { Loads, NullRun, OneToOne } from './scenarios.ts';
import { median, medians } from './statistics.ts';
import { number, tableOf } from './table.ts';
import type { Judgement } from './verdict.ts';

/** The results of the parts as text. Numbers are medians over the rounds. */

export function section(title: string, text: string): string {
  return `\n${title}\n${text}`;
}

export function oneToOneText(rounds: readonly OneToOne[]): string {
  return [
    'Capacity (closed loop)',
    loadsText(rounds.map(({ capacity }) => capacity)),
    '\nLatency (open loop, from the time at which an event was due to be sent)',
    loadsText(rounds.map(({ latency }) => latency)),
  ].join('\n');
}

/** Each load of the bus above that of the rival, and what the rival needs of the rate and CPU time of the bus. */
export function rivalsText(rounds: readonly Rivals[]): string {
  const names = Object.keys(rounds[0]?.bus ?? {});
  const beside = rounds.map(({ bus, bullmq }) =>
    Object.fromEntries(
      names.flatMap((name) => [
        [`bus, ${name}`, bus[name]],
        [`BullMQ, ${name}`, bullmq[name]],
      ]),
    ),
  ) as readonly Loads[];
  const ratio = (name: string, of: (measurement: Measurement) => number) =>
    median(
      rounds.map(({ bus, bullmq }) => {
        const [ours, theirs] = [bus[name], bullmq[name]];
        return ours === undefined || theirs === undefined ? Number.NaN : of(ours) / of(theirs);
      }),
    ).toFixed(2);
  const ratios = names.map(
    (name) =>
      `${name}: the bus delivers ${ratio(name, (each) => each.deliveredPerSecond)} times as many a second, with ${ratio(name, (each) => each.busCpuSeconds)} times the CPU time`,
  );
  return [loadsText(beside), '', ...ratios].join('\n');
}

/** Loads with the same names in every round. */
export function loadsText(rounds: readonly Loads[]): string {
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
    byName(rounds, (name, measurements: Measurement[]) => {
      const row = medians(measurements);
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

export function nullRunsText(rounds: readonly Readonly<Record<string, NullRun>>[]): string {
  return tableOf(
    ['', 'requests/s', 'p50 ms', 'p99 ms'],
    byName(rounds, (name, runs: NullRun[]) => {
      const row = medians(runs.map(({ perSecond, p50Ms, p99Ms }) => ({ perSecond, p50Ms, p99Ms })));
      return [name, number(row.perSecond), number(row.p50Ms, 1), number(row.p99Ms, 1)];
    }),
  );
}

function byName<Item>(
  rounds: readonly Readonly<Record<string, Item>>[],
  rowOf: (name: string, items: Item[]) => string[],
): string[][] {
  return Object.keys(rounds[0] ?? {}).map((name) =>
    rowOf(
      name,
      rounds.flatMap((round) => round[name] ?? []),
    ),
  );
}

export function limitsText(found: readonly NamedLimit[]): string {
  return tableOf(
    ['', 'per second', 'CPU-s/1000'],
    found.map(({ name, perSecond, cpuSecondsPerThousand }) => [
      name,
      number(perSecond),
      number(cpuSecondsPerThousand, 3),
    ]),
  );
}

export function bundlesText(found: readonly Bundle[]): string {
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

export function verdictText(judgements: readonly Judgement[]): string {
  return judgements
    .map(({ target, measured, met }) => `${met ? 'met    ' : 'NOT MET'}  ${target}\n         ${measured}`)
    .join('\n');
}
