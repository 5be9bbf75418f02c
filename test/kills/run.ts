import { parseArgs } from 'node:util';
import { assembly } from '../../lib/local/assembly.ts';
import { synthesize } from '../../lib/local/synth.ts';
import { runKills } from './campaign.ts';

/** `npm run test:kills -- --seed 7 --rounds 200`: the campaign of kills.proof.ts with any seed and number of kills. */
const { values } = parseArgs({
  options: { seed: { type: 'string' }, rounds: { type: 'string', default: '20' } },
});
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
const rounds = Number(values.rounds);
if (!Number.isInteger(seed) || !Number.isInteger(rounds) || rounds < 1) {
  throw new Error('--seed must be an integer, and --rounds a positive integer.');
}
const startedMs = Date.now();
const say = (text: string) =>
  console.log(`${((Date.now() - startedMs) / 1000).toFixed(0).padStart(4)} s  ${text}`);

await synthesize({ ...assembly, progress: say });
say(`seed ${seed}`);
const { judgement, promised, report } = await runKills({ seed, rounds, progress: say });
const { deliveries, deadLetters, duplicates, attempts } = judgement;
say(
  `${promised} events: ${deliveries} deliveries and ${deadLetters} dead letters in ${attempts} attempts, ${duplicates} duplicates`,
);
if (report !== '') {
  console.error(report);
  process.exitCode = 1;
}
