import { describe, expect, it } from 'vitest';
import { AwsError } from '../../../lib/stand-in/engines/engine.ts';
import { type TestBus, testBus } from '../../app/bus.ts';

const messages = ['1', '2', '3'].map((body) => ({ body, attributes: { type: 'a' } }));

async function bothSenders() {
  const bus = await testBus();
  await bus.topic('orders');
  await bus.receiver('shop');
  return {
    bus,
    senders: [
      ['sns.PublishBatch', () => bus.tools.topics.send('orders', messages)],
      ['sqs.SendMessageBatch', () => bus.tools.queues.send({ receiver: 'shop', role: 'online' }, messages)],
    ] as const,
  };
}

const refuseWith = (bus: TestBus, operation: 'sns.PublishBatch' | 'sqs.SendMessageBatch', error: AwsError) =>
  bus.intercept(operation, () => {
    throw error;
  });

describe('what AWS did not take of a batch', () => {
  it('is nothing, when all went well', async () => {
    const { senders } = await bothSenders();
    for (const [, send] of senders) expect(await send()).toEqual([undefined, undefined, undefined]);
  });

  it('is told in the order of the messages, out of an answer with 200', async () => {
    const { bus, senders } = await bothSenders();
    for (const [operation, send] of senders) {
      bus.intercept(operation, () => ({
        Successful: [],
        Failed: [
          { Id: '2', Code: 'InternalError', Message: 'later', SenderFault: false },
          { Id: '0', Code: 'InvalidParameter', Message: 'never', SenderFault: true },
        ],
      }));
      expect(await send()).toEqual([
        { retryable: false, reason: 'InvalidParameter: never' },
        undefined,
        { retryable: true, reason: 'InternalError: later' },
      ]);
    }
  });

  it.each<[string, AwsError, retryable: boolean]>([
    ['a throttle', new AwsError('ThrottlingException', 'slow down', { status: 400 }), true],
    ['too many requests', new AwsError('TooManyRequestsException', 'slow down', { status: 429 }), true],
    ['a failure of AWS', new AwsError('InternalFailure', 'down', { status: 500 }), true],
    ['a refusal', new AwsError('InvalidParameterValue', 'no', { status: 400 }), false],
  ])('is every message, after %s', async (_, error, retryable) => {
    const { bus, senders } = await bothSenders();
    for (const [operation, send] of senders) {
      refuseWith(bus, operation, error);
      const failures = await send();
      expect(failures).toHaveLength(3);
      for (const failure of failures)
        expect(failure).toMatchObject({ retryable, reason: expect.stringContaining(error.message) });
    }
  });

  it('is every message, when the queue or topic is gone', async () => {
    const bus = await testBus();
    expect(await bus.tools.topics.send('nothing', messages)).toHaveLength(3);
    const failures = await bus.tools.queues.send({ receiver: 'nobody', role: 'online' }, messages);
    expect(failures.map((failure) => failure?.retryable)).toEqual([false, false, false]);
  });
});

describe('hiding messages', () => {
  it('rounds up, so that nothing comes back early', async () => {
    const bus = await testBus();
    await bus.receiver('shop');
    await bus.tools.queues.send({ receiver: 'shop', role: 'online' }, messages.slice(0, 1));
    const [message] = await bus.receive(bus.urlOf('shop', 'online'));
    const hide = { receiptHandle: message?.receiptHandle ?? '', seconds: 4.2 };
    expect(await bus.tools.queues.hide({ receiver: 'shop', role: 'online' }, [hide])).toEqual([undefined]);
    await bus.clock.advance(4999);
    expect(await bus.receive(bus.urlOf('shop', 'online'))).toEqual([]);
    await bus.clock.advance(1);
    expect(await bus.receive(bus.urlOf('shop', 'online'))).toHaveLength(1);
  });

  it('makes no call for none', async () => {
    const bus = await testBus();
    bus.calls.length = 0;
    expect(await bus.tools.queues.hide('delay', [])).toEqual([]);
    expect(bus.calls).toEqual([]);
  });
});
