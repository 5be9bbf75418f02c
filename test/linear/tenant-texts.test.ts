import { afterAll, beforeAll, expect, it } from 'vitest';
import { countWork } from './work.ts';

/** What a tenant writes and the bus runs has a bounded cost, or one that grows only as fast as what it runs over. */

const isOurs = (url: string) => /\/lib\/core\//.test(url);
const load = async () => ({
  ...(await import('../../lib/core/schedule/cron.ts')),
  ...(await import('../../lib/core/schedule/recurrence.ts')),
  ...(await import('../../lib/core/schedule/time-zone.ts')),
  ...(await import('../../lib/core/filter/filter.ts')),
  ...(await import('../../lib/core/filter/match.ts')),
});

let work: Awaited<ReturnType<typeof countWork<Awaited<ReturnType<typeof load>>>>>;
beforeAll(async () => {
  work = await countWork(isOurs, load);
});
afterAll(() => work.stop());

const startMs = Date.parse('2026-01-01T00:00:00Z');
const schedule = (cron: string) => ({ topic: 'orders', cron, event: { type: 'a' } });

it.each(['0 0 30 2 *', '59 23 31 2,4,6,9,11 *', '0-59 0-23 30-31 2 *'])(
  '%s never fires, which a look at the days of its months tells',
  async (cron) => {
    const { parseCron, timeZone, recurrenceSchema } = work.code;
    const parsed = parseCron(cron);
    const zone = timeZone('Europe/Berlin');
    const count = await work.of(() => {
      expect(parsed.next(startMs, zone as never)).toBeUndefined();
    });
    // 492 months, of which five have 153 days a year.
    expect(count).toBeLessThan(41 * (12 + 153) * 6);
    expect(JSON.stringify(recurrenceSchema.safeParse(schedule(cron)).error?.issues)).toContain('never fires');
  },
);

it.each(['0 0 29 2 1-7/7', '* * 29 2 *', '59 23 * 12 *'])(
  'the next hundred times of %s cost no more than their days',
  async (cron) => {
    const { nextTimes } = work.code;
    const count = await work.of(() =>
      nextTimes({ cron, timezone: 'America/New_York', anchorMs: 0 }, startMs, 100),
    );
    expect(count).toBeLessThan(400_000);
  },
);

it('refuses a long expression and a long name of a time zone without reading them', async () => {
  const { recurrenceSchema } = work.code;
  const refuse = (size: number) => () => {
    const body = { ...schedule('1,'.repeat(size)), timezone: `Europe/${'x'.repeat(size)}` };
    const paths = recurrenceSchema.safeParse(body).error?.issues.map(({ path }) => path.join('.'));
    expect(paths).toEqual(expect.arrayContaining(['cron', 'timezone']));
  };
  await work.of(refuse(1000));
  expect(await work.of(refuse(500_000))).toBe(await work.of(refuse(1000)));
});

it('knows a time zone once, in however many spellings it is asked for', async () => {
  const { timeZone } = work.code;
  expect(timeZone('eUROPE/bERLIN')).toBe(timeZone('Europe/Berlin'));
});

/** Every occurrence of the piece nearly matches: searched naively, that costs the product of both lengths. */
it('passes over a text once for a wildcard', async () => {
  const { checkFilter, mismatchesOfBody } = work.code;
  const wildcard = `*${'a'.repeat(200)}b*${'a'.repeat(40)}c*`;
  const filter = checkFilter({ data: { a: [{ wildcard }] } });
  const run = (size: number) => () => {
    expect(mismatchesOfBody(filter, JSON.stringify({ data: { a: 'a'.repeat(size) } }))).toHaveLength(1);
  };
  await run(1000)();
  const counts = [await work.of(run(20_000)), await work.of(run(40_000)), await work.of(run(80_000))];
  expect(counts[0]).toBeLessThan(20_000 * 12);
  expect((counts[1] ?? 0) / (counts[0] ?? 0)).toBeLessThan(2.2);
  expect((counts[2] ?? 0) / (counts[1] ?? 0)).toBeLessThan(2.2);
});
