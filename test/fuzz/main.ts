import { parseArgs } from 'node:util';
import { nameOf } from '../../lib/api/call.ts';
import { apiCalls } from '../../lib/api/calls.ts';
import { assembly } from '../../lib/local/assembly.ts';
import { synthesize } from '../../lib/local/synth.ts';
import { fuzz } from './run.ts';
import { startWorld } from './world.ts';

/** `npm run fuzz -- --requests N --seed S`: runs more requests than `npm test`, or repeats a failure. */

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '20000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});
const requests = Number(values.requests);
const seed = Number(values.seed);
if (!Number.isInteger(requests) || requests < 1 || !Number.isInteger(seed)) {
  throw new Error('--requests must be a positive integer, and --seed an integer.');
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
  `\n${done} of ${requests} requests succeeded, over ${report.done.size} calls; the others were refused with ${report.codes.size} codes.`,
);
const never = apiCalls.map(nameOf).filter((call) => !report.done.has(call));
if (never.length > 0) say(`Calls that never succeeded: ${never.join(', ')}.`);
say(`${report.failures.length} failures of ${kinds.size} kinds (seed ${seed}).`);
process.exitCode = report.failures.length === 0 ? 0 : 1;
