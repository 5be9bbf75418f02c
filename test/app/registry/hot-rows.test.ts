import { beforeEach, describe, expect, it } from 'vitest';
import { putApplication } from '../../../lib/app/access/applications.ts';
import { authenticate } from '../../../lib/app/access/authenticate.ts';
import { createKeyOf, revokeKeyOf } from '../../../lib/app/access/keys.ts';
import { hashKey } from '../../../lib/core/access/key.ts';
import { settlesSeconds } from '../../../lib/core/routing/choose-route.ts';
import { admin, type TestBus, testBus } from '../bus.ts';

const instanceCount = 60;
const stepMs = 100;
/** What DynamoDB serves of one row, in consistent reads a second, for rows of up to 4 KB. */
const readsPerSecondMax = 3000;

/** A topic that has stood for an hour, and instances of a publisher that begin at the same moment and never rest. */
async function busyBus() {
  const bus = await testBus();
  await putApplication(bus.tools, admin, 'shop', {});
  await bus.topic('orders');
  await bus.receiver('billing');
  await bus.subscription('orders', 'billing');
  const { key, keyId } = await createKeyOf(bus.tools, admin, 'shop', { name: 'publisher', role: 'member' });
  await bus.clock.advance(3_600_000);
  const instances = Array.from({ length: instanceCount }, () => bus.newTools());
  const reads: { readonly atMs: number; readonly row: string }[] = [];
  const note = (row: string) => void reads.push({ atMs: bus.clock.now(), row });
  bus.intercept('dynamodb.GetItem', (input, next) => {
    const { pk, sk } = input.Key as { pk: { S: string }; sk: { S: string } };
    note(`${pk.S}/${sk.S}`);
    return next();
  });
  bus.intercept('dynamodb.Query', (input, next) => {
    note(String((input.ExpressionAttributeValues as { ':sk'?: { S: string } })[':sk']?.S));
    return next();
  });
  const ask = ({ registry, ...tools }: TestBus['tools']) =>
    Promise.all([
      registry.cachedTopic('orders'),
      registry.cachedSubscriptions('orders'),
      authenticate({ registry, ...tools } as TestBus['tools'], {
        authorization: `Bearer ${key}`,
        address: '',
      }),
    ]);
  /** Every instance publishes ten times a second. */
  async function publish(seconds: number): Promise<void> {
    for (let passedMs = 0; passedMs < seconds * 1000; passedMs += stepMs) {
      await Promise.all(instances.map(ask));
      await bus.clock.advance(stepMs);
    }
  }
  return { bus, instances, reads, publish, key, keyId };
}

describe('the rows that every instance of a publisher reads', () => {
  let busy: Awaited<ReturnType<typeof busyBus>>;
  beforeEach(async () => {
    busy = await busyBus();
  });

  it('serve five thousand instances each, however often they publish, and not all of them at once', async () => {
    const { bus, reads, publish, key } = busy;
    await publish(30);
    const startMs = bus.clock.now();
    reads.length = 0;
    await publish(20);
    for (const row of ['registry#topic/orders', 'orders#', `key#${hashKey(key)}/key`]) {
      const times = reads.filter((read) => read.row === row).map(({ atMs }) => atMs - startMs);
      const perSecondAndInstance = times.length / 20 / instanceCount;
      expect(perSecondAndInstance, row).toBeGreaterThan(0);
      expect(perSecondAndInstance * 5000, row).toBeLessThan(readsPerSecondMax * 1.2);
      // They all began at the same moment: without a time of its own each would read in the same step as the others.
      const steps = new Map<number, number>();
      for (const ms of times) steps.set(ms, (steps.get(ms) ?? 0) + 1);
      expect(Math.max(...steps.values()), row).toBeLessThan(instanceCount / 3);
    }
  });

  it('are read again by all in time after a change', async () => {
    const { bus, instances, publish, key, keyId } = busy;
    await publish(10);
    const { registry } = bus.tools;
    const at = new Date(bus.clock.now()).toISOString();
    await registry.changeSubscription('orders', 'billing', (was) => {
      if (was === undefined) throw new Error('There is no subscription.');
      return { ...was, filter: { type: ['order.paid'] }, updatedAt: at };
    });
    await registry.changeTopic('orders', (was) => {
      if (was === undefined) throw new Error('There is no topic.');
      return { ...was, trace: 'none', updatedAt: at };
    });
    await revokeKeyOf(bus.tools, admin, 'shop', keyId);
    await publish(0.1).catch(() => undefined);
    await bus.clock.advance(settlesSeconds({ isOrdered: false }, 1) * 1000);
    expect(settlesSeconds({ isOrdered: false }, 1)).toBeLessThan(5);
    for (const tools of instances) {
      expect((await tools.registry.cachedTopic('orders'))?.trace).toBe('none');
      expect((await tools.registry.cachedSubscriptions('orders'))[0]?.filter).toEqual({
        type: ['order.paid'],
      });
      await expect(
        authenticate(tools, { authorization: `Bearer ${key}`, address: '' }),
      ).rejects.toMatchObject({ code: 'unauthorized' });
    }
  });
});
