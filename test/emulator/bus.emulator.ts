import { afterAll, beforeAll, expect, it } from 'vitest';
import { runCli } from '../cli/run-cli.ts';
import { excluded } from './deploy.ts';
import { type EmulatedBus, startEmulatedBus } from './world.ts';

/** What a team would try first on its own account, on an emulator that nobody of this project wrote. */

let bus: EmulatedBus;

beforeAll(async () => {
  bus = await startEmulatedBus();
}, 300_000);

afterAll(() => bus?.stop());

it('has every resource of the template but those that are excluded by name', () => {
  const { made, asked } = bus.deployed;
  expect(made).toEqual(asked);
  expect(asked.length).toBeGreaterThan(100);
  expect(Object.keys(excluded).length).toBeLessThan(5);
});

it('passes the smoke test of the CLI: keys, filters, order, retries, delays, pauses, redrives, transactions, holds, re-creation and why', async () => {
  const { code, stdout, stderr } = await runCli(
    ['smoke', '--full', '--url', bus.apiUrl, '--publish-url', bus.publishUrl],
    { env: { BUSBAR_KEY: bus.adminKey } },
  );
  expect(code, stdout + stderr).toBe(0);
  expect(stdout).toContain('19 passed, 0 failed');
}, 600_000);

it('answers the same to bad input as anywhere', async () => {
  expect((await bus.call('GET', '/v1/topics', undefined, 'bbk_wrong')).status).toBe(401);
  expect((await bus.call('PUT', '/v1/topics/No Capitals', {})).status).toBe(400);
  expect((await bus.call('POST', '/v1/topics/nowhere/events', { type: 't' })).status).toBe(404);
  expect((await bus.call('GET', '/v1/nothing')).status).toBe(404);
});

it('lists what it has, page by page', async () => {
  for (const name of ['page-a', 'page-b', 'page-c']) await bus.done('PUT', `/v1/topics/${name}`, {});
  const { topics, cursor } = await bus.done('GET', '/v1/topics?limit=2');
  expect(topics).toHaveLength(2);
  const { topics: rest } = await bus.done('GET', `/v1/topics?cursor=${cursor}`);
  const names = [...topics, ...rest].map(({ topic }: { topic: string }) => topic);
  expect(names).toEqual(expect.arrayContaining(['example-orders', 'page-a', 'page-b', 'page-c']));
});
