import { ListEventSourceMappingsCommand } from '@aws-sdk/client-lambda';
import { describe, expect, it } from 'vitest';
import { publish } from '../../../lib/app/publish/publish.ts';
import { pauseReceiver } from '../../../lib/app/registry/flow.ts';
import { queueArn } from '../../../lib/core/kernel/place.ts';
import { AwsError } from '../../../lib/stand-in/engines/engine.ts';
import { admin, shorthand, type TestBus, testBus } from '../bus.ts';

const second = 1000;
const url = 'https://shop.example.com/events';

async function state(bus: TestBus): Promise<string | undefined> {
  const { EventSourceMappings = [] } = await bus.lambda.send(
    new ListEventSourceMappingsCommand({ EventSourceArn: queueArn(bus.config, 'shop', 'online') }),
  );
  return EventSourceMappings[0]?.State;
}

/** A receiver whose polling cannot be stopped for now; the test takes the batches of one instance that lives on. */
async function busThatCannotStop() {
  const bus = await testBus();
  await bus.receiver('shop');
  await bus.clock.advance(60 * second);
  expect(await state(bus)).toBe('Enabled');
  let refusals = 0;
  bus.intercept('lambda.UpdateEventSourceMapping', () => {
    refusals++;
    throw new AwsError('TooManyRequestsException', 'Rate exceeded', { status: 429 });
  });
  const invoke = () => publish(bus.tools, admin, { receiver: 'shop' }, shorthand({ type: 'a', data: {} }));
  /** Takes a batch a minute, as a mapping would: that is when parked messages come back. */
  const poll = async (minutes: number) => {
    for (let minute = 0; minute < minutes; minute++) {
      await bus.runLane('shop');
      await bus.clock.advance(61 * second);
    }
  };
  return { bus, invoke, poll, refusals: () => refusals };
}

describe('polling that could not be stopped', () => {
  it('when a 410 disabled the receiver is stopped later, and no event is lost or attempted again', async () => {
    const { bus, invoke, poll } = await busThatCannotStop();
    bus.endpoint(url, () => 410);
    await invoke();
    await poll(1);
    expect(await bus.tools.registry.receiver('shop')).toMatchObject({ state: 'disabled' });
    expect(await state(bus)).toBe('Enabled');
    bus.restore('lambda.UpdateEventSourceMapping');
    await poll(5);
    expect(await state(bus)).toBe('Disabled');
    expect(bus.requests).toHaveLength(1);
    const { ready, inFlight } = await bus.count(bus.urlOf('shop', 'online'));
    expect(ready + inFlight).toBe(1);
  });

  it('when somebody paused the receiver, who was told so, is stopped later', async () => {
    const { bus, invoke, poll } = await busThatCannotStop();
    await expect(pauseReceiver(bus.tools, admin, 'shop')).rejects.toThrow('Rate exceeded');
    bus.restore('lambda.UpdateEventSourceMapping');
    await invoke();
    await poll(2);
    // AWS takes a minute for a stop that went well: so soon it is nobody's fault.
    expect(await state(bus)).toBe('Enabled');
    await poll(4);
    expect(await state(bus)).toBe('Disabled');
    expect(bus.requests).toEqual([]);
  });

  it('is not tried with every batch, and takes no batch along when it fails', async () => {
    const { bus, invoke, poll, refusals } = await busThatCannotStop();
    await expect(pauseReceiver(bus.tools, admin, 'shop')).rejects.toThrow('Rate exceeded');
    const before = refusals();
    for (let minute = 0; minute < 10; minute++) {
      await invoke();
      await poll(1);
    }
    expect(refusals() - before).toBe(3);
    expect(bus.lines.filter((line) => line.includes('Polling could not be stopped'))).toHaveLength(3);
    expect(bus.requests).toEqual([]);
  });
});
