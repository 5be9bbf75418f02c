import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { type Bundle, measureBundles, measureFormats } from './bundles.ts';
import { delaysText, measureDelays } from './delays.ts';
import { isolationText, measureIsolation } from './isolation.ts';
import { describeMachine, measureLimits } from './machine.ts';
import { reportOf, withVerdict } from './report.ts';
import { measureOverload, measureRounds, type Scope } from './scenarios.ts';
import { withEnds } from './stand.ts';

const usage = `npm run bench -- [options]

  --rounds <n>   how often everything is measured (default 3)
  --seconds <n>  how long each load runs (default 3)
  --quick        one round of 2 s
  --isolation    only the flood of one type beside another (docs/decisions/040-limits-and-hot-types.md)
  --delays       only delayed events: 100,000 that wait at once (with --quick 2,000; --events <n> for so many)
  --formats      compare bundle formats as well (docs/decisions/003-bundle-format.md)
  --json         print the results as JSON`;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    quick: { type: 'boolean', default: false },
    isolation: { type: 'boolean', default: false },
    delays: { type: 'boolean', default: false },
    events: { type: 'string' },
    formats: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) console.log(usage);
else if (values.isolation) await runIsolation();
else if (values.delays) await runDelays();
else await run();

async function runIsolation(): Promise<void> {
  const { seconds, progress } = scopeOf();
  console.log(isolationText(await measureIsolation(seconds * 10, progress)));
}

async function runDelays(): Promise<void> {
  const events = Math.round(amount('events', values.events, values.quick ? 2000 : 100_000));
  const { progress } = scopeOf();
  const perSecond = values.quick ? 100 : 300;
  const found = await withEnds((ends) => measureDelays(ends, { events, perSecond, progress }));
  console.log(values.json ? JSON.stringify(found, undefined, 2) : delaysText(found));
}

function scopeOf(): Scope {
  const startedMs = performance.now();
  const progress = (message: string) => {
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(0).padStart(4);
    process.stderr.write(`${seconds} s  ${message}\n`);
  };
  return {
    rounds: amount('rounds', values.rounds, values.quick ? 1 : 3),
    seconds: amount('seconds', values.seconds, values.quick ? 2 : 3),
    progress,
  };
}

async function run(): Promise<void> {
  const scope = scopeOf();
  const { rounds, seconds, progress } = scope;
  const at = new Date().toISOString();
  const found = await withEnds(async (ends) => {
    const { capacity, latency, nullRuns, memory } = await measureRounds(ends, scope);
    const overload = await measureOverload(ends, scope);
    const limits = await measureLimits(ends, scope);
    const isolation = await measureIsolation(scope.seconds * 10, progress);
    return {
      capacity: Object.fromEntries(capacity),
      latency: Object.fromEntries(latency),
      nullRuns,
      memory,
      overload,
      isolation,
      limits,
    };
  });
  const processes = values.quick ? 3 : 7;
  // The bus has synthesized by now, so that the bundles are there.
  const bundles = await measureBundles(processes, progress);
  const formats: Bundle[] = values.formats ? await measureFormats(processes, progress) : [];
  const results = withVerdict({
    at,
    machine: describeMachine(),
    rounds,
    seconds,
    processes,
    ...found,
    bundles,
    formats,
  });

  const directory = join(import.meta.dirname, 'results');
  const file = join(directory, `${at.replaceAll(':', '-')}.json`);
  mkdirSync(directory, { recursive: true });
  const json = JSON.stringify(results, undefined, 2);
  writeFileSync(file, `${json}\n`);
  console.log(values.json ? json : reportOf(results));
  progress(`Done; every round is in ${relative(process.cwd(), file)}.`);
}

function amount(name: string, text: string | undefined, standard: number): number {
  if (text === undefined) return standard;
  const value = Number(text);
  if (name === 'rounds' ? Number.isInteger(value) && value >= 1 : value > 0) return value;
  throw new Error(`--${name} is ${JSON.stringify(text)}; it must be a number above 0.\n\n${usage}`);
}
