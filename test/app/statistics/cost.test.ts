import { expect, it } from 'vitest';
import { prices } from '../../../lib/core/bill/bill.ts';
import { keysBetween } from '../../../lib/core/statistics/steps.ts';
import { testBus } from '../bus.ts';
import { countAtHundredASecond } from './hundred-a-second.ts';

/** A million deliveries at 100 a second, of as many published events: what is written for statistics. */
it('a million deliveries at 100 a second cost two cents at most, and are all counted', async () => {
  const bus = await testBus(Date.parse('2026-03-01T10:00:00Z'));
  const receiver = await bus.receiver('billing');
  await bus.topic('orders');
  const instances = await countAtHundredASecond(bus, receiver, 'orders', 100_000);

  const units = bus.meter.counts()['dynamodb.write-units'] ?? 0;
  const { dollars, per } = prices['dynamodb.write-units'];
  expect((units / per) * dollars).toBeLessThanOrEqual(0.02);

  await bus.clock.advance(30_000);
  for (const tools of instances) await tools.statistics.flush();
  const nowMs = bus.clock.now();
  const days = keysBetween(86_400, nowMs - 86_400_000, nowMs);
  const counted = async (thing: Parameters<typeof bus.tools.statistics.read>[0]) => {
    const rows = await bus.tools.statistics.read(thing, ...days);
    return rows.map(({ counts }) => counts);
  };
  const lifetime = receiver.createdAt;
  expect(await counted({ kind: 'receiver', name: 'billing', lifetime })).toMatchObject([{ delivered: 1e6 }]);
  expect(await counted({ kind: 'topic', name: 'orders', lifetime })).toMatchObject([
    { accepted: 1e6, bytes: 5e8 },
  ]);
}, 120_000);
