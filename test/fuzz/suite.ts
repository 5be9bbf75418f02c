import { expect, it } from 'vitest';
import { nameOf } from '../../lib/api/call.ts';
import { apiCalls } from '../../lib/api/calls.ts';
import { fuzz } from './run.ts';
import { startWorld } from './world.ts';

/** Two files with this many requests each are the 20,000 of `npm run test:proof`. */
const requestsOfOneFile = 10_000;

/** Fuzzes a new bus under a seed. Two files run in parallel, on one core each; `npm test` has a short form. */
export function fuzzSuite(seed: number, requests = requestsOfOneFile): void {
  it(`answers ${requests} hostile requests as its OpenAPI document says, and still works (seed ${seed})`, async () => {
    const world = await startWorld(seed);
    try {
      const report = await fuzz(world, { requests, seed });
      const again = `npm run fuzz -- --requests ${requests} --seed ${seed}`;
      expect(
        report.failures.slice(0, 5),
        `${report.failures.length} failures; repeat with: ${again}`,
      ).toEqual([]);

      // Not only refusals: with many requests, almost every call succeeds and almost every code occurs.
      const never = apiCalls.map(nameOf).filter((call) => !report.done.has(call));
      const neverMax = requests < requestsOfOneFile ? apiCalls.length / 2 : 4;
      expect(never.length, `never succeeded: ${never.join(', ')}`).toBeLessThanOrEqual(neverMax);
      const done = [...report.done.values()].reduce((sum, count) => sum + count, 0);
      expect(done / report.requests).toBeGreaterThan(0.2);
      expect(report.codes.size).toBeGreaterThan(requests < requestsOfOneFile ? 15 : 25);

      // Whatever its state is now, the bus still accepts and delivers events.
      expect((await world.call('stranger', 'GET', '/v1/health')).json).toEqual({ status: 'ok' });
      for (const [path, body] of [
        // The requests may have given it hardly any quotas.
        ['/v1/applications/admin', {}],
        ['/v1/topics/afterwards', {}],
        ['/v1/receivers/afterwards', { endpoint: 'http://sink.test/ok/afterwards' }],
        ['/v1/topics/afterwards/subscriptions/afterwards', {}],
      ] as const) {
        const { status, json } = await world.call('admin', 'PUT', path, body);
        expect(status, `${path}: ${JSON.stringify(json)}`).toBeLessThan(300);
      }
      const published = await world.call('admin', 'POST', '/v1/topics/afterwards/events', { type: 'after' });
      expect(published).toMatchObject({ status: 202, json: { events: [{ status: 'accepted' }] } });
      await world.clock.until(
        () => world.delivered.some(({ url }) => url.endsWith('/ok/afterwards')),
        120_000,
      );
    } finally {
      await world.close();
    }
  }, 900_000);
}
