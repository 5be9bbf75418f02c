import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { measureBundles, measureFormats } from './bundles.ts';
import { costsText, measureCosts } from './costs.ts';
import { delaysText, measureDelays } from './delays.ts';
import { isolationText, measureIsolation } from './isolation.ts';
import { describeMachine, measureLimits } from './machine.ts';
import { type Part, type PartsRun, runParts } from './parts.ts';
import { measurePlatformCosts, platformText } from './platform-costs.ts';
import {
  bundlesText,
  limitsText,
  loadsText,
  nullRunsText,
  oneToOneText,
  rivalsText,
  section,
  verdictText,
} from './report.ts';
import { measureRivals, missingRedis } from './rivals.ts';
import {
  measureManyTopics,
  measureNullRuns,
  measureOneToOne,
  measureOneToTen,
  measureOverload,
} from './scenarios.ts';
import { type Scope, scopeOf } from './scope.ts';
import { type Ends, withEnds } from './stand.ts';
import { medians } from './statistics.ts';
import { judge } from './verdict.ts';

const usage = `npm run bench -- [options]

  --rounds <n>   how often the loads are measured (default 3)
  --seconds <n>  how long each load runs (default 3)
  --quick        one round of 2 s
  --check        run every part for about a second, to see that it works; the numbers mean nothing
  --isolation    only the flood of one type beside another (docs/decisions/040-limits-and-hot-types.md)
  --delays       only delayed events: 100,000 that wait at the same time (2,000 with --quick)
  --costs        only what a million events cost: one by one and in batches, for one receiver and for five
  --rivals       only the bus beside BullMQ on Redis, with the same generator and sink; needs redis-server
  --events <n>   how many delayed events
  --formats      compare bundle formats, too (docs/decisions/003-bundle-format.md)
  --json         print the results as JSON

Prints each part as it ends. A part that fails does not stop the others; the exit code is then 1.`;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    quick: { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
    isolation: { type: 'boolean', default: false },
    delays: { type: 'boolean', default: false },
    costs: { type: 'boolean', default: false },
    rivals: { type: 'boolean', default: false },
    events: { type: 'string' },
    formats: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) console.log(usage);
else await run();

async function run(): Promise<void> {
  const at = new Date().toISOString();
  const scope = scopeOf({
    size: values.check ? 'check' : values.quick ? 'quick' : 'full',
    rounds: amount('rounds', values.rounds),
    seconds: amount('seconds', values.seconds),
    events: amount('events', values.events),
    progress,
  });
  const parts = partsOf(scope);
  const machine = describeMachine();
  const print = (text: string) => {
    if (!values.json) console.log(text);
  };
  const { cpu, cores, memoryGb, node, platform } = machine;
  print(`${cpu}, ${cores} cores, ${memoryGb} GB, Node ${node}, ${platform}`);
  const { rounds, seconds } = scope;
  print(
    `Medians of ${rounds} ${rounds === 1 ? 'round' : 'rounds'} of ${seconds} s; events of 1 KB; SQLite synchronous NORMAL.`,
  );

  const outcome = await runParts(Object.values(parts), rounds, {
    started: (name, round) => progress(rounds === 1 ? name : `${name}, round ${round} of ${rounds}`),
    ended: (_, text) => print(text),
    failed: (name, error) => print(`\n${name} FAILED: ${error instanceof Error ? error.message : error}`),
  });

  const verdict = values.check ? [] : verdictOf(outcome, parts);
  if (verdict.length > 0) print(section('Verdict', verdictText(verdict)));
  const failures = [...outcome.failures].map(([part, error]) => ({
    part,
    error: error instanceof Error ? (error.stack ?? error.message) : String(error),
  }));
  const found = Object.fromEntries(outcome.found);
  const json = JSON.stringify({ at, machine, rounds, seconds, found, failures, verdict }, undefined, 2);
  if (values.json) console.log(json);
  if (!values.check) {
    const directory = join(import.meta.dirname, 'results');
    const file = join(directory, `${at.replaceAll(':', '-')}.json`);
    mkdirSync(directory, { recursive: true });
    writeFileSync(file, `${json}\n`);
    progress(`Every round is in ${relative(process.cwd(), file)}.`);
  }
  if (failures.length === 0) return progress('Done.');
  process.exitCode = 1;
  const names = failures.map(({ part }) => part).join(', ');
  progress(`FAILED: ${names}. ${failures.map(({ part, error }) => `\n${part}: ${error}`).join('')}`);
}

/** The parts that the options select. Each has its own sink and generator, so that it cannot affect the others. */
function partsOf(scope: Scope) {
  const withOwnEnds = <Found>(measure: (ends: Ends, scope: Scope) => Promise<Found>) => ({
    measure: () => withEnds((ends) => measure(ends, scope)),
  });
  const startTimes =
    scope.processes === 1
      ? 'one fresh process: import, and create the handler'
      : `medians of ${scope.processes} fresh processes: import, and create the handler`;
  const isolation = part({
    name: 'isolation',
    everyRound: false,
    measure: () => measureIsolation(scope),
    report: ([found]) => section('Isolation (one receiver, two types)', isolationText(found)),
  });
  const delays = part({
    name: 'delays',
    everyRound: false,
    ...withOwnEnds(measureDelays),
    report: ([found]) => section('Delayed events', delaysText(found)),
  });
  const costs = part({
    name: 'costs',
    everyRound: false,
    ...withOwnEnds(measureCosts),
    report: ([found]) =>
      section('What a million events cost (1 KB each, endpoints that answer after 100 ms)', costsText(found)),
  });
  const rivals = part({
    name: 'rivals',
    everyRound: true,
    ...withOwnEnds(measureRivals),
    report: (found) =>
      section('Beside BullMQ on Redis (closed loop, signed posts, one receiver)', rivalsText(found)),
  });
  const redis = values.rivals || values.check ? missingRedis() : undefined;
  if (redis !== undefined) {
    progress(`SKIPPED: the part with BullMQ did not run, because this machine lacks ${redis}.`);
  }
  if (values.rivals) return redis === undefined ? { rivals } : {};
  const platform = part({
    name: 'platform costs',
    everyRound: false,
    measure: () => measurePlatformCosts(scope),
    report: ([found]) => section('What statistics and audit cost', platformText(found)),
  });
  if (values.costs) return { costs, platform };
  if (values.isolation) return { isolation };
  if (values.delays) return { delays };
  return {
    oneToOne: part({
      name: 'one topic, one receiver',
      everyRound: true,
      ...withOwnEnds(measureOneToOne),
      report: (found) => section('One topic, one receiver', oneToOneText(found)),
    }),
    oneToTen: part({
      name: 'ten receivers',
      everyRound: true,
      ...withOwnEnds(measureOneToTen),
      report: (found) => section('Ten receivers (closed loop)', loadsText(found)),
    }),
    manyTopics: part({
      name: 'many topics',
      everyRound: true,
      ...withOwnEnds(measureManyTopics),
      report: (found) => section('Many topics (closed loop)', loadsText(found)),
    }),
    nullRuns: part({
      name: 'without a bus',
      everyRound: true,
      ...withOwnEnds(measureNullRuns),
      report: (found) => section('Without a bus: generator straight to the sink', nullRunsText(found)),
    }),
    overload: part({
      name: 'overload',
      everyRound: false,
      ...withOwnEnds(measureOverload),
      report: ([found]) =>
        section(
          'Overload (batches of 100, as fast as possible, ignoring Retry-After)',
          loadsText([{ '1 topic x 10 receivers': found }]),
        ),
    }),
    limits: part({
      name: 'limits',
      everyRound: false,
      ...withOwnEnds(measureLimits),
      report: ([found]) => section('The limits of this machine', limitsText(found)),
    }),
    isolation,
    ...(values.check && { delays, costs, platform, ...(redis === undefined && { rivals }) }),
    bundles: part({
      name: 'bundles',
      everyRound: false,
      measure: () => measureBundles(scope),
      report: ([found]) => section(`Bundles (${startTimes})`, bundlesText(found)),
    }),
    ...((values.check || values.formats) && {
      formats: part({
        name: 'bundle formats',
        everyRound: false,
        measure: () => measureFormats(scope),
        report: ([found]) => section(`Bundle formats (${startTimes})`, bundlesText(found)),
      }),
    }),
  };
}

/** Infers the type of what a part finds. */
function part<Found>(one: Part<Found>): Part<Found> {
  return one;
}

function verdictOf({ found }: PartsRun, parts: ReturnType<typeof partsOf>) {
  if (!('oneToOne' in parts)) return [];
  const roundsOf = <Found>({ name }: Part<Found>) => (found.get(name) ?? []) as readonly Found[];
  const oneToOne = roundsOf(parts.oneToOne);
  const some = oneToOne.length > 0;
  return judge({
    full: some ? medians(oneToOne.map(({ full }) => full)) : undefined,
    memory: some ? medians(oneToOne.map(({ memory }) => memory)) : undefined,
    overload: roundsOf(parts.overload)[0],
    isolation: roundsOf(parts.isolation)[0],
  });
}

function progress(message: string): void {
  const seconds = (performance.now() / 1000).toFixed(0).padStart(4);
  process.stderr.write(`${seconds} s  ${message}\n`);
}

function amount(name: 'rounds' | 'seconds' | 'events', text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (name === 'seconds' ? value > 0 : Number.isInteger(value) && value >= 1) return value;
  throw new Error(`--${name} is ${JSON.stringify(text)}; it must be a number above 0.\n\n${usage}`);
}
