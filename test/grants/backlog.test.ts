import { expect, it } from 'vitest';
import { startWorld } from './world.ts';

it('a high backlog is told, stays high while its receiver is paused, and is normal in the end', async () => {
  const world = await startWorld();
  await world.receiver('alerts');
  await world.done('PUT', '/topics/busbar/subscriptions/alerts', {
    filter: { type: [{ prefix: 'busbar.backlog.' }] },
  });
  await world.receiver('shop', { retry: { delaysSeconds: Array.from({ length: 20 }, () => 120) } });
  world.endpoint('shop.test', () => 500);
  await world.done('POST', '/receivers/shop/events', { type: 'test', id: 'late', data: {} });
  await world.minutes(20);
  await world.done('POST', '/receivers/shop/pause');
  await world.minutes(5);
  world.endpoint('shop.test', () => 204);
  await world.done('POST', '/receivers/shop/resume');
  await world.minutes(10);
  const told = world.requests.filter(({ url }) => url === 'http://alerts.test/');
  expect(told.map(({ body }) => JSON.parse(String(body)).type)).toEqual([
    'busbar.backlog.high',
    'busbar.backlog.normal',
  ]);
});
