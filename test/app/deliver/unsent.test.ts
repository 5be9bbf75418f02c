import { GetQueueAttributesCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { lookAfterHold } from '../../../lib/app/hold/look-after-hold.ts';
import { publish } from '../../../lib/app/publish/publish.ts';
import { poisonReceivesMax } from '../../../lib/core/deliver/receives.ts';
import { AwsError } from '../../../lib/stand-in/engines/engine.ts';
import { admin, shorthand, type TestBus, testBus } from '../bus.ts';

/** What waits for 14 days without an attempt is delivered then, and is no dead letter. */

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
const almost14Days = 13 * dayMs;
const url = 'https://shop.example.com/events';

const invoke = (bus: TestBus, ...ids: string[]) =>
  publish(bus.tools, admin, { receiver: 'shop' }, shorthand(ids.map((id) => ({ type: 'a', id, data: {} }))));

/** Takes a step every minute until there were more of them than a queue allows receives, and then twice a day. */
async function throughTheDays(
  bus: TestBus,
  steps: number,
  step: (at: number) => Promise<unknown>,
): Promise<void> {
  const endMs = bus.clock.now() + almost14Days;
  for (let at = 0; bus.clock.now() < endMs; at++) {
    await step(at);
    await bus.clock.advance(at < steps ? minuteMs : dayMs / 2);
  }
}

async function deadLetters(bus: TestBus): Promise<number> {
  const { ready, inFlight } = await bus.count(bus.urlOf('shop', 'dead-letters'));
  return ready + inFlight;
}

async function deliversAll(bus: TestBus, count: number): Promise<void> {
  expect(await deadLetters(bus)).toBe(0);
  bus.endpoint(url, () => 204);
  for (let tries = 0; tries < 20 && bus.requests.length < count; tries++) {
    await bus.runLane('shop');
    await bus.clock.advance(10 * minuteMs);
  }
  expect(bus.requests.map(({ headers }) => headers['busbar-attempt'])).toEqual(Array(count).fill('1'));
  expect(await deadLetters(bus)).toBe(0);
}

describe('14 days without an attempt', () => {
  it('end in a delivery though the lanes of a paused receiver are polled, and then its breaker cannot be read', async () => {
    const bus = await testBus();
    await bus.receiver('shop', { state: 'paused' });
    await invoke(bus, '1', '2', '3');

    await throughTheDays(bus, poisonReceivesMax + 50, async (at) => {
      if (at === poisonReceivesMax / 2) {
        await bus.tools.registry.changeReceiver(
          'shop',
          (receiver) => ({ ...receiver, state: 'active' }) as never,
        );
        bus.intercept('dynamodb.GetItem', (input, next) => {
          if (!JSON.stringify(input).includes('breaker#')) return next();
          throw new AwsError('InternalServerError', 'The fault of this test', { status: 500 });
        });
      }
      await bus.runLane('shop');
    });

    expect(bus.requests).toEqual([]);
    bus.restore('dynamodb.GetItem');
    await deliversAll(bus, 3);
  }, 120_000);

  it('end in a delivery where rules of two topics look at what waits for a paused receiver', async () => {
    const bus = await testBus();
    await bus.receiver('shop');
    for (const topic of ['orders', 'bills']) {
      await bus.topic(topic, { holdWhen: { backlogSeconds: 3600 } });
      await bus.subscription(topic, 'shop');
    }
    await invoke(bus, '1', '2', '3');

    await throughTheDays(bus, poisonReceivesMax / 2 + 50, () =>
      Promise.all(['orders', 'bills'].map((topic) => lookAfterHold(bus.tools, topic))),
    );

    expect(await bus.tools.holds.find('orders')).toMatchObject({ state: 'holding', by: 'rule' });
    // Only sampled here, at the end.
    const { Messages = [] } = await bus.sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: bus.urlOf('shop', 'online'),
        MaxNumberOfMessages: 10,
        VisibilityTimeout: 0,
        MessageSystemAttributeNames: ['ApproximateReceiveCount'],
      }),
    );
    expect(Messages).toHaveLength(3);
    for (const { Attributes } of Messages) {
      expect(Number(Attributes?.ApproximateReceiveCount)).toBeLessThan(210);
    }
    await deliversAll(bus, 3);
  }, 120_000);
});

describe('a rule by age', () => {
  it('holds within a tenth of the age, and releases within a minute once the lane is empty', async () => {
    const bus = await testBus();
    await bus.receiver('shop');
    await bus.topic('orders', { holdWhen: { backlogSeconds: 3600 } });
    await bus.subscription('orders', 'shop');
    await invoke(bus, '1');
    const startMs = bus.clock.now();
    const state = async () => (await bus.tools.holds.find('orders'))?.state;

    while ((await state()) !== 'holding' && bus.clock.now() - startMs < dayMs) {
      await lookAfterHold(bus.tools, 'orders');
      await bus.clock.advance(minuteMs);
    }

    expect(bus.clock.now() - startMs).toBeGreaterThanOrEqual(3600_000);
    expect(bus.clock.now() - startMs).toBeLessThan(3600_000 * 1.1 + 2 * minuteMs);
    bus.endpoint(url, () => 204);
    await bus.runLane('shop');
    const { Attributes } = await bus.sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: bus.urlOf('shop', 'online'), AttributeNames: ['All'] }),
    );
    expect(Attributes).toMatchObject({
      ApproximateNumberOfMessages: '0',
      ApproximateNumberOfMessagesNotVisible: '0',
    });
    const looking = lookAfterHold(bus.tools, 'orders');
    await bus.clock.advance(10 * minuteMs);
    await looking;
    expect(await state()).toBe('released');
  });

  it('does not take the age of what is gone for that of what came after it', async () => {
    const bus = await testBus();
    await bus.receiver('shop');
    await bus.topic('orders', { holdWhen: { backlogSeconds: 3600 } });
    await bus.subscription('orders', 'shop');
    bus.endpoint(url, () => 204);
    await invoke(bus, '1');
    await bus.clock.advance(3000_000);
    await lookAfterHold(bus.tools, 'orders');
    await bus.runLane('shop');
    await lookAfterHold(bus.tools, 'orders');
    await invoke(bus, '2');
    await bus.clock.advance(minuteMs);
    await lookAfterHold(bus.tools, 'orders');
    expect(await bus.tools.looks.find('shop')).toMatchObject({ waitedSeconds: expect.closeTo(60, 0) });
  });
});
