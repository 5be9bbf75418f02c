import { parseArgs } from 'node:util';
import { calls } from '../../lib/core/openapi/calls.ts';
import { assembly } from '../../lib/local/assembly.ts';
import { synthesize } from '../../lib/local/synth.ts';
import { fuzz } from './run.ts';
import { startWorld } from './world.ts';

/** `npm run fuzz -- --requests N --seed S`: more than `npm test` has time for, and any failure again. */

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '20000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});
const requests = Number(values.requests);
const seed = Number(values.seed);
if (!Number.isInteger(requests) || requests < 1 || !Number.isInteger(seed)) {
  throw new Error('--requests is a whole number from 1 on, --seed a whole number.');
}
const say = (line: string) => void process.stdout.write(`${line}\n`);
await synthesize({ ...assembly, progress: say });
say(`Fuzzing: ${requests} requests, seed ${seed}`);
const world = await startWorld(seed);
const report = await fuzz(world, { requests, seed });
await world.close();
const kinds = new Map<string, number>();
for (const failure of report.failures) {
  const kind = `${failure.request.split(':')[0]} ${failure.problem.slice(0, 90)}`;
  const count = (kinds.get(kind) ?? 0) + 1;
  kinds.set(kind, count);
  if (count === 1)
    say(`\n#${failure.index} ${failure.problem}\n  > ${failure.request}\n  < ${failure.answer}`);
}
const done = [...report.done.values()].reduce((sum, count) => sum + count, 0);
say(
  `\n${done} of ${requests} were done, by ${report.done.size} calls; ${report.codes.size} codes refused others.`,
);
const never = Object.keys(calls).filter((call) => !report.done.has(call));
if (never.length > 0) say(`Never done: ${never.join(', ')}.`);
say(`${report.failures.length} failures of ${kinds.size} kinds (seed ${seed}).`);
process.exitCode = report.failures.length === 0 ? 0 : 1;
