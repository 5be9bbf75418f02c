import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from 'vitest';
import { cancelEvent } from '../../../lib/app/delay/recall.ts';
import { dropHeld, listHeld } from '../../../lib/app/hold/held.ts';
import { deleteTopicAndHeld } from '../../../lib/app/hold/topic-and-hold.ts';
import { publish } from '../../../lib/app/publish/publish.ts';
import { duplicateKey } from '../../../lib/core/publish/duplicate.ts';
import type { Input } from '../../../lib/stand-in/engines/engine.ts';
import { AwsError } from '../../../lib/stand-in/engines/engine.ts';
import { admin, environment, member, shorthand, type TestBus, testBus } from '../bus.ts';
import { putHold, releaseHold } from '../calls.ts';
import { waited } from '../hold/hold-bus.ts';

/** An id is taken as long as its event was sent or may still be, and no longer. */

const shop = member('shop');
const orders = { topic: 'orders' };
const day = 24 * 3600;
const event = { type: 'a', id: '1', source: '/s' };

async function dedupBus(): Promise<TestBus> {
  const bus = await testBus();
  await bus.topic('orders', { dedupSeconds: 3 * day });
  await bus.receiver('shop');
  await bus.subscription('orders', 'shop');
  bus.endpoint('https://shop.example.com/events', () => 204);
  return bus;
}

/** Publishes the event by an instance of its own; answers its status, or the code of the rejection. */
const once = (bus: TestBus, more: object = {}): Promise<string> =>
  publish(bus.newTools(), admin, orders, shorthand({ ...event, ...more })).then(
    ({ events }) => String(events[0]?.status),
    (error: { code: string }) => error.code,
  );
const cancel = (bus: TestBus) => cancelEvent(bus.newTools(), shop, { id: '1' });
const later = { delaySeconds: day };

describe('the id of a delayed event', () => {
  it('is free once it is cancelled, and not before', async () => {
    const bus = await dedupBus();
    expect(await once(bus, later)).toBe('scheduled');
    expect(await once(bus, later)).toBe('duplicate');
    await cancel(bus);
    expect(await once(bus)).toBe('accepted');
    expect(await once(bus)).toBe('duplicate');
    bus.run();
    await bus.clock.advance(2 * day * 1000);
    expect(bus.requests).toHaveLength(1);
  });

  it('stays taken when a repeated cancel comes after it was published again', async () => {
    const bus = await dedupBus();
    await once(bus, later);
    await cancel(bus);
    expect(await once(bus)).toBe('accepted');
    await cancel(bus);
    expect(await once(bus)).toBe('duplicate');
  });

  it('is taken until the very moment of the cancel, and free from it on', async () => {
    const bus = await dedupBus();
    await once(bus, later);
    const seen: string[] = [];
    bus.intercept('dynamodb.TransactWriteItems', async (_, next) => {
      seen.push(await once(bus));
      const answer = await next();
      seen.push(await once(bus));
      return answer;
    });
    await cancel(bus);
    expect(seen).toEqual(['duplicate', 'accepted']);
  });

  it('stays taken together with its event when the cancel breaks off', async () => {
    const bus = await dedupBus();
    await once(bus, later);
    bus.intercept('dynamodb.TransactWriteItems', () => {
      throw new AwsError('InternalServerError', 'The fault of this test', { status: 500 });
    });
    await expect(cancel(bus)).rejects.toThrow();
    expect(await once(bus)).toBe('duplicate');
    bus.restore('dynamodb.TransactWriteItems');
    await cancel(bus);
    expect(await once(bus)).toBe('accepted');
  });

  it('is free although the answer to the cancel was lost', async () => {
    const bus = await dedupBus();
    await once(bus, later);
    bus.intercept('dynamodb.TransactWriteItems', async (_, next) => {
      await next();
      throw new AwsError('InternalServerError', 'The fault of this test', { status: 500 });
    });
    await expect(cancel(bus)).rejects.toThrow();
    bus.restore('dynamodb.TransactWriteItems');
    await cancel(bus);
    expect(await once(bus)).toBe('accepted');
  });

  it('is free when the event was cancelled before its publisher could write the acceptance', async () => {
    const bus = await dedupBus();
    bus.intercept('dynamodb.PutItem', async (input: Input, next) => {
      if (!JSON.stringify(input).includes('accepted')) return await next();
      bus.restore('dynamodb.PutItem');
      await cancel(bus);
      return await next();
    });
    expect(await once(bus, later)).toBe('scheduled');
    expect(await once(bus)).toBe('accepted');
  });

  it('is free when the event was refused because its publisher may not publish any more', async () => {
    const bus = await dedupBus();
    const { events } = await publish(bus.newTools(), shop, orders, shorthand({ ...event, ...later }));
    expect(events).toMatchObject([{ status: 'scheduled' }]);
    await bus.tools.registry.changeTopic('orders', (topic) => ({ ...topic, owner: 'other' }) as never);
    bus.run();
    await bus.clock.advance((day + 60) * 1000);
    expect(bus.requests).toEqual([]);
    expect(await bus.rows('refused#')).toHaveLength(1);
    expect(await once(bus)).toBe('accepted');
  });
});

describe('the id of an event that waits whole in the queue', () => {
  const soon = { delaySeconds: 60 };
  it('is free when the event was refused, and not before', async () => {
    const bus = await dedupBus();
    await bus.tools.registry.changeTopic('orders', (topic) => ({ ...topic, cancellable: false }) as never);
    const { events } = await publish(bus.newTools(), shop, orders, shorthand({ ...event, ...soon }));
    expect(events).toMatchObject([{ status: 'scheduled' }]);
    expect(await bus.rows('event#')).toEqual([]);
    expect(await once(bus)).toBe('duplicate');
    await bus.tools.registry.changeTopic('orders', (topic) => ({ ...topic, owner: 'other' }) as never);
    bus.run();
    await bus.clock.advance(90_000);
    expect(bus.requests).toEqual([]);
    expect(await bus.rows('refused#')).toHaveLength(1);
    expect(await once(bus)).toBe('accepted');
    expect(await once(bus)).toBe('duplicate');
  });

  it('stays taken when the event was sent', async () => {
    const bus = await dedupBus();
    await bus.tools.registry.changeTopic('orders', (topic) => ({ ...topic, cancellable: false }) as never);
    expect(await once(bus, soon)).toBe('scheduled');
    bus.run();
    await bus.clock.advance(90_000);
    expect(bus.requests).toHaveLength(1);
    expect(await once(bus)).toBe('duplicate');
  });
});

describe('the id of a held event', () => {
  it('is free when its publisher may not publish any more as the topic is released', async () => {
    const bus = await dedupBus();
    await waited(bus, putHold(bus.tools, shop, 'orders', {}));
    await bus.clock.advance(2000);
    const { events } = await publish(bus.newTools(), shop, orders, shorthand(event));
    expect(events).toMatchObject([{ status: 'held' }]);
    await bus.tools.registry.changeTopic('orders', (topic) => ({ ...topic, owner: 'other' }) as never);
    bus.run();
    await waited(bus, releaseHold(bus.tools, member('other'), 'orders', {}));
    await bus.clock.advance(10_000);
    expect(bus.requests).toEqual([]);
    expect(await bus.rows('refused#')).toHaveLength(1);
    expect(await once(bus)).toBe('accepted');
  });

  it('is free when a deletion by force dropped it and broke off', async () => {
    const bus = await dedupBus();
    await waited(bus, putHold(bus.tools, shop, 'orders', {}));
    await bus.clock.advance(2000);
    expect(await once(bus)).toBe('held');
    bus.intercept('sns.DeleteTopic', () => {
      throw new AwsError('InternalError', 'The fault of this test', { status: 500 });
    });
    await expect(deleteTopicAndHeld(bus.tools, shop, 'orders', true)).rejects.toThrow();
    bus.restore('sns.DeleteTopic');
    expect(await once(bus)).toBe('held');
  });

  it('is free once it is dropped, and not before', async () => {
    const bus = await dedupBus();
    await waited(bus, putHold(bus.tools, shop, 'orders', {}));
    await bus.clock.advance(2000);
    expect(await once(bus)).toBe('held');
    expect(await once(bus)).toBe('duplicate');
    const { events } = await listHeld(bus.tools, shop, 'orders', { limit: 10 });
    await dropHeld(bus.tools, shop, 'orders', String(events[0]?.id));
    expect(await once(bus)).toBe('held');
    expect(await once(bus)).toBe('duplicate');
  });
});

describe('a claim', () => {
  it('that another publisher took over stays with it when the first one fails late', async () => {
    const bus = await dedupBus();
    const { promise, reject } = Promise.withResolvers<never>();
    bus.intercept('sqs.SendMessageBatch', () => promise);
    const first = once(bus);
    await bus.clock.until(() => bus.calls.some((call) => call.startsWith('sqs.SendMessageBatch')), 1000);
    bus.restore('sqs.SendMessageBatch');
    await bus.clock.advance(31_000);
    expect(await once(bus)).toBe('accepted');
    reject(new AwsError('InternalError', 'The fault of this test', { status: 500 }));
    expect(await first).toBe('unavailable');
    expect(await once(bus)).toBe('duplicate');
  });

  it('from before claims had tokens counts as before', async () => {
    const bus = await dedupBus();
    const topic = await bus.tools.registry.topic('orders');
    if (topic === undefined) throw new Error('The topic is there.');
    await bus.dynamodb.send(
      new PutItemCommand({
        TableName: environment.BUSBAR_TABLE,
        Item: {
          pk: { S: `claim#${duplicateKey(topic, event)}` },
          sk: { S: 'claim' },
          document: { S: '"accepted"' },
          expiresAt: { N: String(Math.ceil(bus.clock.now() / 1000) + 60) },
        },
      }),
    );
    expect(await once(bus)).toBe('duplicate');
    await bus.clock.advance(61_000);
    expect(await once(bus)).toBe('accepted');
  });
});
