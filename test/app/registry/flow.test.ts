import { ListEventSourceMappingsCommand } from '@aws-sdk/client-lambda';
import { ListSchedulesCommand } from '@aws-sdk/client-scheduler';
import { describe, expect, it } from 'vitest';
import { declare } from '../../../lib/app/declaration/declare.ts';
import { publish } from '../../../lib/app/publish/publish.ts';
import { getReceiver, pauseReceiver, resumeReceiver } from '../../../lib/app/registry/flow.ts';
import { queueArn } from '../../../lib/core/kernel/place.ts';
import { AwsError } from '../../../lib/stand-in/engines/engine.ts';
import { admin, member, shorthand, type TestBus, testBus } from '../bus.ts';
import { putReceiver, skipEvents } from '../calls.ts';

const url = 'https://shop.example.com/events';
const second = 1000;

async function busWithReceiver(): Promise<TestBus> {
  const bus = await testBus();
  await bus.receiver('shop', { retry: { delaysSeconds: [300] } });
  return bus;
}

const invoke = (bus: TestBus, ...ids: string[]) =>
  publish(
    bus.tools,
    admin,
    { receiver: 'shop' },
    shorthand(ids.map((id) => ({ type: 'a', id, data: { id } }))),
  );
const ids = (bus: TestBus) => bus.requests.map(({ body }) => JSON.parse(String(body)).id);
const attempts = (bus: TestBus) => bus.requests.map(({ headers }) => Number(headers['busbar-attempt']));

async function mappingState(bus: TestBus): Promise<string | undefined> {
  const { EventSourceMappings = [] } = await bus.lambda.send(
    new ListEventSourceMappingsCommand({ EventSourceArn: queueArn(bus.config, 'shop', 'online') }),
  );
  return EventSourceMappings[0]?.State;
}

describe('pausing', () => {
  it('parks what is received without an attempt, stops the mapping, and a resume goes on', async () => {
    const bus = await busWithReceiver();
    bus.endpoint(url, () => 204);
    await invoke(bus, '1');
    const paused = await pauseReceiver(bus.tools, admin, 'shop');
    expect(paused).toMatchObject({
      state: 'paused',
      stateReason: expect.stringMatching(/^Paused by ops at/),
    });
    await bus.clock.advance(60 * second);
    expect(await mappingState(bus)).toBe('Disabled');
    expect(await bus.runLane('shop')).toEqual({ received: 1, kept: 1 });
    expect(await bus.runLane('shop')).toEqual({ received: 0, kept: 0 });
    expect(bus.requests).toEqual([]);
    expect(await resumeReceiver(bus.tools, admin, 'shop')).toMatchObject({ state: 'active' });
    expect(await getReceiver(bus.tools, admin, 'shop')).not.toHaveProperty('stateReason');
    await bus.clock.advance(60 * second);
    expect(await mappingState(bus)).toBe('Enabled');
    expect(await bus.runLane('shop')).toEqual({ received: 1, kept: 0 });
    expect(attempts(bus)).toEqual([1]);
  });

  it('reaches the backlog alarm of a declared receiver until it ends or is forgotten', async () => {
    const bus = await testBus();
    await bus.receiver('shop', { declared: true });
    await bus.receiver('other');
    await pauseReceiver(bus.tools, admin, 'shop');
    await pauseReceiver(bus.tools, admin, 'other');
    bus.run();
    const told = (line: string) => bus.lines.filter((each) => each.includes(line)).length;
    await bus.clock.advance(3600 * second);
    expect(told('info: A receiver is paused {"receiver":"shop"')).toBeGreaterThanOrEqual(29);
    expect(told('"receiver":"other"')).toBe(0);
    await resumeReceiver(bus.tools, admin, 'shop');
    const before = bus.lines.length;
    await bus.clock.advance(3600 * second);
    expect(bus.lines.slice(before).join()).not.toContain('paused');
    expect((await bus.scheduler.send(new ListSchedulesCommand({ GroupName: 'busbar' }))).Schedules).toEqual(
      [],
    );
  });

  it('keeps when a retry is due, and which attempt it is', async () => {
    const bus = await busWithReceiver();
    bus.endpoint(url, () => 500);
    await invoke(bus, '1');
    await bus.runLane('shop');
    await pauseReceiver(bus.tools, admin, 'shop');
    await resumeReceiver(bus.tools, admin, 'shop');
    await bus.clock.advance(299 * second);
    expect(await bus.runLane('shop')).toEqual({ received: 0, kept: 0 });
    await bus.clock.advance(32 * second);
    await bus.runLane('shop');
    expect(attempts(bus)).toEqual([1, 2]);
  });

  it('outlasts a change of the settings, whose mapping stays off', async () => {
    const bus = await busWithReceiver();
    await pauseReceiver(bus.tools, admin, 'shop');
    await bus.clock.advance(60 * second);
    const put = await putReceiver(
      bus.tools,
      admin,
      'shop',
      { endpoint: url, limits: { concurrency: 50 } },
      [],
    );
    expect(put.document).toMatchObject({ state: 'paused', stateReason: expect.any(String) });
    await bus.clock.advance(60 * second);
    expect(await mappingState(bus)).toBe('Disabled');
  });

  it('outlasts a deployment of a declared receiver', async () => {
    const bus = await busWithReceiver();
    await pauseReceiver(bus.tools, admin, 'shop');
    await bus.clock.advance(60 * second);
    await declare(bus.tools, {
      applications: {},
      topics: {},
      receivers: { shop: { endpoint: url } },
      subscriptions: {},
    });
    expect(await bus.tools.registry.receiver('shop')).toMatchObject({ state: 'paused', declared: true });
  });

  it('is not ended by an endpoint that answers 410 to what was under way', async () => {
    const bus = await busWithReceiver();
    bus.endpoint(url, async () => {
      await pauseReceiver(bus.newTools(), admin, 'shop');
      return 410;
    });
    await invoke(bus, '1');
    expect(await bus.runLane('shop')).toEqual({ received: 1, kept: 1 });
    expect(await bus.tools.registry.receiver('shop')).toMatchObject({ state: 'paused' });
  });

  it('is for the owner of the receiver', async () => {
    const bus = await busWithReceiver();
    await expect(pauseReceiver(bus.tools, member('crm'), 'shop')).rejects.toMatchObject({
      code: 'forbidden',
    });
    await expect(resumeReceiver(bus.tools, member('crm'), 'shop')).rejects.toMatchObject({
      code: 'forbidden',
    });
    expect(await pauseReceiver(bus.tools, member('shop'), 'shop')).toMatchObject({ state: 'paused' });
  });
});

describe('resuming', () => {
  it('is answered while AWS carries out an earlier change, and followed within minutes', async () => {
    const bus = await busWithReceiver();
    bus.endpoint(url, () => 204);
    await pauseReceiver(bus.tools, admin, 'shop');
    bus.run();
    await bus.clock.advance(60 * second);
    await invoke(bus, '1');
    bus.intercept('lambda.UpdateEventSourceMapping', () => {
      throw new AwsError('ResourceInUseException', 'Not now.');
    });
    const resuming = resumeReceiver(bus.tools, admin, 'shop');
    await bus.clock.advance(30 * second);
    expect(await resuming).toMatchObject({ state: 'active' });
    expect(await mappingState(bus)).toBe('Disabled');
    bus.restore('lambda.UpdateEventSourceMapping');
    await bus.clock.advance(360 * second);
    expect(await mappingState(bus)).toBe('Enabled');
    expect(ids(bus)).toEqual(['1']);
    const { Schedules = [] } = await bus.scheduler.send(new ListSchedulesCommand({ GroupName: 'busbar' }));
    expect(Schedules).toEqual([]);
  });

  it('goes on with a receiver that a 410 disabled', async () => {
    const bus = await busWithReceiver();
    bus.endpoint(url, () => 410);
    await invoke(bus, '1');
    await bus.runLane('shop');
    expect(await bus.tools.registry.receiver('shop')).toMatchObject({ state: 'disabled' });
    await bus.clock.advance(60 * second);
    bus.endpoint(url, () => 204);
    await resumeReceiver(bus.tools, admin, 'shop');
    expect(await bus.runLane('shop')).toEqual({ received: 1, kept: 0 });
  });
});

describe('skipping', () => {
  it('drops what entered the lane before the point, counts it, and delivers the rest', async () => {
    const bus = await busWithReceiver();
    bus.endpoint(url, () => 204);
    await invoke(bus, 'old', 'older');
    await bus.clock.advance(10 * second);
    const before = new Date(bus.clock.now()).toISOString();
    await invoke(bus, 'new');
    expect(await skipEvents(bus.tools, admin, 'shop', { before })).toMatchObject({
      skip: { before, at: before, dropped: 0 },
    });
    expect(await bus.runLane('shop')).toEqual({ received: 3, kept: 0 });
    expect(ids(bus)).toEqual(['new']);
    expect(await getReceiver(bus.tools, admin, 'shop')).toMatchObject({ skip: { before, dropped: 2 } });
    expect(bus.lines.filter((line) => line.includes('Events were skipped'))).toHaveLength(1);
  });

  it('drops what waits for its retry, when it comes back', async () => {
    const bus = await busWithReceiver();
    bus.endpoint(url, () => 500);
    await invoke(bus, 'old');
    await bus.runLane('shop');
    await bus.clock.advance(10 * second);
    await skipEvents(bus.tools, admin, 'shop', { before: new Date(bus.clock.now()).toISOString() });
    await bus.clock.advance(330 * second);
    expect(await bus.runLane('shop')).toEqual({ received: 1, kept: 0 });
    expect(attempts(bus)).toEqual([1]);
  });

  it('drops nothing that it could not count', async () => {
    const bus = await busWithReceiver();
    bus.endpoint(url, () => 204);
    await invoke(bus, 'old');
    await bus.clock.advance(10 * second);
    await skipEvents(bus.tools, admin, 'shop', { before: new Date(bus.clock.now()).toISOString() });
    bus.intercept('dynamodb.UpdateItem', () => {
      throw new Error('the table is away');
    });
    expect(await bus.runLane('shop')).toEqual({ received: 1, kept: 1 });
    expect((await bus.count(bus.urlOf('shop', 'online'))).inFlight).toBe(1);
  });

  it('writes nothing for a batch that has nothing to skip, and outlasts a change of the settings', async () => {
    const bus = await busWithReceiver();
    bus.endpoint(url, () => 204);
    const before = new Date(bus.clock.now()).toISOString();
    await skipEvents(bus.tools, admin, 'shop', { before });
    await putReceiver(bus.tools, admin, 'shop', { endpoint: url }, []);
    expect(await getReceiver(bus.tools, admin, 'shop')).toMatchObject({ skip: { before, dropped: 0 } });
    await invoke(bus, 'new');
    await bus.runLane('shop');
    expect(ids(bus)).toEqual(['new']);
    expect(bus.calls.filter((call) => call.startsWith('dynamodb.UpdateItem'))).toEqual([]);
  });

  it.each([
    ['a time to come', { before: '2999-01-01T00:00:00Z' }, 'before'],
    ['no time', { before: 'yesterday' }, 'before'],
    ['a time without a zone', { before: '2026-01-01T00:00:00' }, 'before'],
    ['nothing', {}, 'before'],
    ['an unknown field', { before: '2026-01-01T00:00:00Z', after: 1 }, 'after'],
  ])('refuses %s', async (_, body, path) => {
    const bus = await busWithReceiver();
    await expect(skipEvents(bus.tools, admin, 'shop', body)).rejects.toMatchObject({
      code: 'invalid_request',
      fields: [{ path }],
    });
  });
});
