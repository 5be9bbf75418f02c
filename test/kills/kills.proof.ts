import { expect, it } from 'vitest';
import { runKills } from './campaign.ts';

/** A new seed each time. `BUSBAR_KILLS_SEED` repeats a run. */
const seed = Number(process.env.BUSBAR_KILLS_SEED ?? Math.floor(Math.random() * 2 ** 31));

it('twenty kill -9 under load lose no accepted event, and deliver no cancelled one', async () => {
  const lines: string[] = [`seed ${seed}`];
  const { judgement, promised, lives, report } = await runKills({
    seed,
    rounds: 20,
    progress: (line) => lines.push(line),
  });
  expect(report, lines.join('\n')).toBe('');
  expect(lives.filter(({ killedAtMs }) => killedAtMs !== undefined)).toHaveLength(20);
  // A campaign with few events or deliveries would prove nothing.
  expect(promised).toBeGreaterThan(200);
  expect(judgement.deliveries).toBeGreaterThan(200);
  const { deliveries, deadLetters, duplicates, attempts } = judgement;
  console.log(
    `Kills, seed ${seed}: ${promised} events, ${deliveries} deliveries and ${deadLetters} dead letters in ${attempts} attempts; ${duplicates} duplicates.`,
  );
}, 400_000);
