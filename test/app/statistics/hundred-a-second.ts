import { countBatch, countPublished } from '../../../lib/app/statistics/count.ts';
import type { Receiver } from '../../../lib/core/registry/receiver.ts';
import type { TestBus } from '../bus.ts';

/**
 * Counts events that are published and delivered in tens at 100 a second, by five instances on either side. Only the
 * counting is run; what it writes does not depend on the rest.
 * @returns the tools of the instances, which may keep counts that they have not written.
 */
export async function countAtHundredASecond(
  bus: TestBus,
  receiver: Receiver,
  topicName: string,
  batches: number,
) {
  const topic = await bus.tools.registry.topic(topicName);
  const instances = Array.from({ length: 5 }, () => ({ deliver: bus.newTools(), publish: bus.newTools() }));
  bus.meterStatistics();
  bus.meter.reset();
  for (let batch = 0; batch < batches; batch++) {
    const instance = instances[batch % instances.length];
    if (instance === undefined) throw new Error('There are five');
    await countBatch(instance.deliver, receiver, {
      delivered: 10,
      failed: 0,
      deadLettered: 0,
      dropped: 0,
      latenciesMs: Array.from({ length: 10 }, (_, at) => 20 + ((batch * 7 + at * 13) % 300)),
      waitsSeconds: [],
      firstWaitsSeconds: [],
      busyMs: 320,
    });
    const published = { accepted: 10, rejected: 0, duplicate: 0, bytes: 5000 };
    await countPublished(instance.publish, 'shop', topic, published, 20);
    await bus.clock.advance(100);
  }
  return instances.flatMap(({ deliver, publish }) => [deliver, publish]);
}
