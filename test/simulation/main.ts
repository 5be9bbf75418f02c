import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { assembly } from '../../lib/local/assembly.ts';
import { synthesize } from '../../lib/local/synth.ts';
import { type Job, type Outcome, outcomeOf } from './outcome.ts';
import { runAll } from './pool.ts';
import { shrink } from './shrink.ts';
import { calm, type FaultKind } from './world/profile.ts';

const usage = `npm run simulate -- [options]

  --seed <n>        one run, again and again the same (any text)
  --minutes <m>     how long things fail in a run, in virtual time (default 1)
  --seeds <n>       so many runs, with the seeds from 1 on (default 20)
  --from <n>        the first of them
  --twice <n>       runs so many of them a second time: each has to do the very same (default a tenth)
  --forever         goes on until it is stopped, or until a run fails
  --jobs <n>        how many run side by side (default: one for each processor)
  --without <list>  leaves faults out: ${Object.keys(calm).join(', ')}
  --no-shrink       does not look for the faults that a failure needs`;

const { values } = parseArgs({
  allowNegative: true,
  options: {
    seed: { type: 'string' },
    minutes: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '20' },
    from: { type: 'string', default: '1' },
    twice: { type: 'string' },
    forever: { type: 'boolean', default: false },
    jobs: { type: 'string' },
    without: { type: 'string' },
    shrink: { type: 'boolean', default: true },
    help: { type: 'boolean', default: false },
  },
});

/** When a log was told of the progress last. */
let saidMs = performance.now();

function refuse(message: string): never {
  console.error(`${message}\n\n${usage}`);
  process.exit(2);
}

function number(name: keyof typeof values, least: number): number {
  const value = Number(values[name]);
  if (Number.isFinite(value) && value >= least) return value;
  return refuse(`--${name} is ${JSON.stringify(values[name])}; it must be a number from ${least}.`);
}

function readWithout(): FaultKind[] {
  const kinds = (values.without ?? '').split(',').filter((kind) => kind !== '');
  const unknown = kinds.find((kind) => !Object.hasOwn(calm, kind));
  if (unknown !== undefined) refuse(`--without names ${unknown}, which is no fault.`);
  return kinds as FaultKind[];
}

if (values.help) console.log(usage);
else process.exit(await run());

async function run(): Promise<number> {
  const minutes = number('minutes', 0.05);
  const without = readWithout();
  const jobOf = (seed: string): Job => ({ seed, minutes, ...(without.length > 0 && { without }) });
  await synthesize({ ...assembly, progress: say });
  return values.seed === undefined ? await runMany(jobOf) : await runOne(jobOf(values.seed));
}

async function runOne(job: Job): Promise<number> {
  const outcome = await outcomeOf(job);
  console.log(describe(outcome));
  if (outcome.problems.length === 0) return 0;
  await explain(outcome, job);
  return 1;
}

async function runMany(jobOf: (seed: string) => Job): Promise<number> {
  const first = number('from', 0);
  const count = values.forever ? Number.POSITIVE_INFINITY : number('seeds', 1);
  const twice = values.twice === undefined ? Math.ceil(Math.min(count, 1000) / 10) : number('twice', 0);
  const processes = values.jobs === undefined ? availableParallelism() : number('jobs', 1);
  const failed: [Outcome, Job][] = [];
  const hashes = new Map<string, string>();
  const sums = { runs: 0, events: 0, attempts: 0, deadLetters: 0, virtualMs: 0 };
  const startedMs = performance.now();

  function* jobs(): Generator<Job, undefined> {
    for (let at = 0; at < count && !(values.forever && failed.length > 0); at++) {
      yield jobOf(String(first + at));
      if (at < twice) yield jobOf(String(first + at));
    }
  }
  await runAll(jobs(), processes, (outcome, job) => {
    sums.runs += 1;
    for (const name of ['events', 'attempts', 'deadLetters', 'virtualMs'] as const)
      sums[name] += outcome[name];
    if (outcome.problems.length > 0) failed.push([outcome, job]);
    const before = hashes.get(outcome.seed);
    if (before !== undefined && before !== outcome.hash) {
      const message = `A second run of the same seed did something else: ${before} and ${outcome.hash}.`;
      failed.push([{ ...outcome, problems: [{ checker: 'determinism', message, timeline: [] }] }, job]);
    }
    // Of a run that goes on for ever only the seeds that come twice are remembered.
    if (Number(outcome.seed) < first + twice) hashes.set(outcome.seed, outcome.hash);
    say(
      `${sums.runs}${values.forever ? '' : ` of ${count + Math.min(twice, count)}`} runs, ${failed.length} failed`,
    );
  });
  for (const [outcome, job] of failed.slice(0, 3)) {
    console.log(describe(outcome));
    await explain(outcome, job);
  }
  for (const [outcome] of failed.slice(3)) console.log(describe(outcome));
  const seconds = (performance.now() - startedMs) / 1000;
  console.log(
    `${sums.runs} runs in ${seconds.toFixed(0)} s: ${sums.events} events, ${sums.attempts} attempts, ` +
      `${sums.deadLetters} dead letters, ${(sums.virtualMs / 86_400_000).toFixed(1)} days of virtual time.`,
  );
  console.log(`${sums.runs - failed.length} passed, ${failed.length} failed`);
  return failed.length === 0 ? 0 : 1;
}

async function explain(outcome: Outcome, job: Job): Promise<void> {
  for (const { checker, message, timeline } of outcome.problems) {
    console.log(`  ${checker}: ${message}`);
    for (const line of timeline) console.log(`  ${line}`);
  }
  const [problem] = outcome.problems;
  const again = `npm run simulate -- --seed ${job.seed} --minutes ${job.minutes}`;
  console.log(`  again: ${again}${job.without === undefined ? '' : ` --without ${job.without.join(',')}`}`);
  if (problem === undefined || !values.shrink || ['simulation', 'determinism'].includes(problem.checker))
    return;
  const out = await shrink(job, problem.checker, (message) => say(`shrinking: ${message}`));
  const needed = outcome.faults.filter((fault) => !out.includes(fault as FaultKind));
  console.log(`  with fewer faults: ${again} --without ${out.join(',')}`);
  console.log(`  what is left: ${needed.join(', ') || 'nothing'}`);
}

function describe({
  seed,
  hash,
  events,
  attempts,
  deadLetters,
  virtualMs,
  faults,
  problems,
}: Outcome): string {
  const hours = (virtualMs / 3600_000).toFixed(1);
  const verdict = problems.length === 0 ? 'passed' : 'FAILED';
  return `seed ${seed} ${verdict}, hash ${hash}: ${events} events, ${attempts} attempts, ${deadLetters} dead letters in ${hours} h; ${faults.join(', ') || 'no faults'}`;
}

/** Progress, on a terminal one line that is written over. */
function say(message: string): void {
  // A log takes a line now and then.
  if (!process.stderr.isTTY && performance.now() - saidMs > 30_000) {
    saidMs = performance.now();
    console.error(message);
  }
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${message}`);
}
