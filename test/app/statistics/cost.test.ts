import { expect, it } from 'vitest';
import { countBatch, countPublished } from '../../../lib/app/statistics/count.ts';
import { prices } from '../../../lib/core/bill/bill.ts';
import { keysBetween } from '../../../lib/core/statistics/steps.ts';
import { testBus } from '../bus.ts';

/**
 * A million deliveries at 100 a second, of as many published events: what is written for statistics, by five instances on
 * either side. Only the counting is run; what it writes does not depend on the rest.
 */
it('a million deliveries at 100 a second cost two cents at most, and are all counted', async () => {
  const bus = await testBus(Date.parse('2026-03-01T10:00:00Z'));
  const receiver = await bus.receiver('billing');
  await bus.topic('orders');
  const topic = await bus.tools.registry.topic('orders');
  const newInstances = () => Array.from({ length: 5 }, () => bus.newTools());
  const [delivering, publishing] = [newInstances(), newInstances()];
  bus.meterStatistics();
  bus.meter.reset();

  for (let batch = 0; batch < 100_000; batch++) {
    const deliver = delivering[batch % 5];
    const publish = publishing[batch % 5];
    if (deliver === undefined || publish === undefined) throw new Error('There are five');
    const latenciesMs = Array.from({ length: 10 }, (_, at) => 20 + ((batch * 7 + at * 13) % 300));
    await countBatch(deliver, receiver, {
      delivered: 10,
      failed: 0,
      deadLettered: 0,
      dropped: 0,
      latenciesMs,
      waitsSeconds: [],
      firstWaitsSeconds: [],
      busyMs: 320,
    });
    const published = { accepted: 10, rejected: 0, duplicate: 0, bytes: 5000 };
    await countPublished(publish, 'shop', topic, published, 20);
    await bus.clock.advance(100);
  }

  const units = bus.meter.counts()['dynamodb.write-units'] ?? 0;
  const { dollars, per } = prices['dynamodb.write-units'];
  expect((units / per) * dollars).toBeLessThanOrEqual(0.02);

  await bus.clock.advance(30_000);
  for (const tools of [...delivering, ...publishing]) await tools.statistics.flush();
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
