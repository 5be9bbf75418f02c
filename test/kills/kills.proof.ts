import { expect, it } from 'vitest';
import { runKills } from './campaign.ts';

/** Another one each time; `BUSBAR_KILLS_SEED` repeats what a run tells. */
const seed = Number(process.env.BUSBAR_KILLS_SEED ?? Math.floor(Math.random() * 2 ** 31));

it('twenty kill -9 under load lose nothing that was accepted, and bring nothing that was taken back', async () => {
  const lines: string[] = [`seed ${seed}`];
  const { judgement, promised, lives, report } = await runKills({
    seed,
    rounds: 20,
    progress: (line) => lines.push(line),
  });
  expect(report, lines.join('\n')).toBe('');
  expect(lives.filter(({ killedAtMs }) => killedAtMs !== undefined)).toHaveLength(20);
  // A campaign in which next to nothing was handed over or delivered would prove nothing.
  expect(promised).toBeGreaterThan(200);
  expect(judgement.deliveries).toBeGreaterThan(200);
  const { deliveries, deadLetters, duplicates, attempts } = judgement;
  console.log(
    `Kills, seed ${seed}: ${promised} events, ${deliveries} deliveries and ${deadLetters} dead letters by ${attempts} attempts; ${duplicates} duplicates.`,
  );
}, 400_000);
