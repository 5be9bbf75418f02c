import { expect, it } from 'vitest';
import { startWorld, type World } from './world.ts';

const event = (id: string, type = 'test') => ({ id, type, data: {} });
const send = (world: World, name: string, ...ids: string[]) =>
  world.done(
    'POST',
    `/receivers/${name}/events`,
    ids.map((id) => event(id)),
  );
const schedules = async (world: World) =>
  (
    await world.aws<{ Schedules: { Name: string }[] }>('scheduler', 'ListSchedules', { GroupName: 'busbar' })
  ).Schedules.map(({ Name }) => Name);

it('the alarm of a declared receiver hears of its pause until it is over', async () => {
  const world = await startWorld();
  await world.done('POST', '/receivers/example-warehouse/pause');
  expect(await schedules(world)).toContain('pause-example-warehouse');
  await world.minutes(6);
  const told = () => world.lines.filter((line) => line.includes('"receiver":"example-warehouse"')).length;
  expect(told()).toBeGreaterThan(0);
  await world.done('POST', '/receivers/example-warehouse/resume');
  await world.minutes(6);
  expect(await schedules(world)).not.toContain('pause-example-warehouse');
});

it('dead letters of every queue are taken in by a redrive, and go back to the lane they came from', async () => {
  const world = await startWorld();
  let status = 422;
  world.endpoint('shop.test', () => status);
  await world.receiver('shop', { retry: { delaysSeconds: [1], businessFailures: 'dead-letter' } });
  await world.topic('ledger', { ordered: true }, 'shop');
  await send(world, 'shop', 'invoked');
  const published = { ...event('ordered'), subject: 'k' };
  await world.done('POST', '/topics/ledger/events', published);
  await world.minutes(1);
  // SQS puts there what crashed the function a thousand times.
  await world.aws('sqs', 'SendMessage', {
    QueueUrl: world.queue('shop-dead.fifo'),
    MessageBody: JSON.stringify({ specversion: '1.0', id: 'poison', source: '/s', type: 't', data: {} }),
    MessageGroupId: 'k',
    MessageDeduplicationId: 'd',
  });
  status = 204;
  await world.done('POST', '/receivers/shop/redrive', {});
  await world.minutes(5);
  expect((await world.done('GET', '/receivers/shop/redrive')).state).toBe('done');
  expect(new Set(world.idsAt('shop.test'))).toEqual(new Set(['invoked', 'ordered', 'poison']));
});

it('a poisoned message of the ordered lane is listed by whoever looks', async () => {
  const world = await startWorld();
  await world.receiver('shop');
  await world.topic('ledger', { ordered: true }, 'shop');
  await world.aws('sqs', 'SendMessage', {
    QueueUrl: world.queue('shop-dead.fifo'),
    MessageBody: JSON.stringify({ specversion: '1.0', id: 'poison', source: '/s', type: 't', data: {} }),
    MessageGroupId: 'k',
    MessageDeduplicationId: 'd',
  });
  const { deadLetters } = await world.done('GET', '/receivers/shop/dead-letters');
  expect(deadLetters).toMatchObject([{ eventId: 'poison', cause: 'poison' }]);
});

it('a receiver whose queue was changed behind the back of the bus is put right by the next put', async () => {
  const world = await startWorld();
  await world.receiver('shop');
  const QueueUrl = world.queue('shop-online');
  const visibility = async () =>
    (
      await world.aws<{ Attributes: { VisibilityTimeout: string } }>('sqs', 'GetQueueAttributes', {
        QueueUrl,
        AttributeNames: ['VisibilityTimeout'],
      })
    ).Attributes.VisibilityTimeout;
  const before = await visibility();
  await world.aws('sqs', 'SetQueueAttributes', { QueueUrl, Attributes: { VisibilityTimeout: '7' } });
  await world.receiver('shop', { timeoutSeconds: 20 });
  expect(await visibility()).toBe(before);
});

it('an endpoint that agrees later is asked by its schedule, and its lane is polled then', async () => {
  const world = await startWorld();
  let agrees = false;
  world.endpoint('shop.test', (request) =>
    request.method === 'OPTIONS' && agrees
      ? { kind: 'answer', status: 200, headers: { 'webhook-allowed-origin': '*' }, body: '' }
      : request.method === 'OPTIONS'
        ? 404
        : 204,
  );
  await world.receiver('shop', { validate: 'handshake' });
  await send(world, 'shop', 'early');
  await world.minutes(10);
  expect(world.idsAt('shop.test')).toEqual([]);
  agrees = true;
  await world.minutes(40);
  expect(world.idsAt('shop.test')).toEqual(['early']);
  expect(await schedules(world)).not.toContain('validate-shop');
});

it('an endpoint that becomes pending while its schedule is taken away gets it back', async () => {
  const world = await startWorld();
  world.endpoint('shop.test', (request) =>
    request.method === 'OPTIONS'
      ? { kind: 'answer', status: 200, headers: { 'webhook-allowed-origin': '*' }, body: '' }
      : 204,
  );
  await world.receiver('shop', { validate: 'handshake' });
  const mend = world.intercept('scheduler', 'DeleteSchedule', (_, next) => {
    world.edit<{ validation: object }>('registry#receiver', 'shop', (receiver) => ({
      ...receiver,
      validation: { ...receiver?.validation, state: 'pending' },
    }));
    return next();
  });
  await world.invoke('validate', { receiver: 'shop' }).catch(() => undefined);
  mend();
  expect(await schedules(world)).toContain('validate-shop');
});

it('a type that floods its receiver goes by the offline lane until it cooled', async () => {
  const world = await startWorld();
  await world.receiver('shop');
  const nowMs = world.clock.now();
  world.edit('offload#shop', 'state', () => ({ hot: { test: { sinceMs: nowMs } } }));
  await send(world, 'shop', ...Array.from({ length: 5 }, (_, n) => `h-${n}`));
  await world.seconds(10);
  // Its watch was lost with whoever made it; a look makes up for it.
  for (let look = 0; look < 30; look++) {
    await world.invoke('offload', { receiver: 'shop' });
    await world.minutes(1);
  }
  expect(world.idsAt('shop.test').sort()).toEqual(['h-0', 'h-1', 'h-2', 'h-3', 'h-4']);
  expect((await world.done('GET', '/receivers/shop')).offload).toBeUndefined();
});

it('an offline lane that is wanted again while it is closed stays open', async () => {
  const world = await startWorld();
  await world.receiver('shop');
  const hot = { test: { sinceMs: world.clock.now() } };
  world.edit('offload#shop', 'state', () => ({ hot: {}, closing: true, emptySinceMs: 0 }));
  const mend = world.intercept('scheduler', 'DeleteSchedule', (_, next) => {
    world.edit('offload#shop', 'state', () => ({ hot }));
    return next();
  });
  await world.invoke('offload', { receiver: 'shop' });
  mend();
  expect(await schedules(world)).toContain('offload-shop');
});

it('an entry of the outbox that the stream lost is brought by the sweep', async () => {
  const world = await startWorld();
  await world.receiver('shop');
  await world.topic('orders', {}, 'shop');
  const { outboxEntry } = await import('../../lib/client/index.ts');
  const { Put } = outboxEntry({
    application: 'admin',
    topic: 'orders',
    event: { type: 'test', id: 'written', data: {} },
    now: () => world.clock.now(),
  });
  // The relay is down for longer than the stream brings a record again.
  const mend = world.intercept('dynamodb', 'Query', (input, next) => {
    if (String(input.TableName).endsWith('-outbox')) throw new Error('Not now.');
    return next();
  });
  await world.aws('dynamodb', 'PutItem', Put);
  await world.minutes(20);
  mend();
  await world.minutes(10);
  expect(world.idsAt('shop.test')).toContain('written');
});

it('a receiver that is deleted leaves nothing behind', async () => {
  const world = await startWorld();
  await world.receiver('shop');
  await world.topic('ledger', { ordered: true }, 'shop');
  // A subscription that is put again with another filter is another at SNS.
  await world.done('PUT', '/topics/ledger/subscriptions/shop', { filter: { type: ['test'] } });
  await world.done('PUT', '/topics/ledger/subscriptions/shop', {});
  await world.done('DELETE', '/topics/ledger/subscriptions/shop');
  await world.done('DELETE', '/receivers/shop?force=true');
  const { EventSourceMappings } = await world.aws<{ EventSourceMappings: { EventSourceArn: string }[] }>(
    'lambda',
    'ListEventSourceMappings',
    {},
  );
  expect(EventSourceMappings.filter(({ EventSourceArn }) => EventSourceArn.includes('busbar-shop'))).toEqual(
    [],
  );
});

it('the overview is read while a receiver fails, one is paused and a topic is on hold', async () => {
  const world = await startWorld();
  world.endpoint('shop.test', () => 500);
  for (const name of ['shop', 'idle']) await world.receiver(name);
  await world.topic('orders', {}, 'shop');
  await send(world, 'shop', '1', '2');
  await world.minutes(1);
  await world.done('POST', '/receivers/idle/pause');
  await world.done('PUT', '/topics/orders/hold', {});
  expect(await world.done('GET', '/overview')).toMatchObject({
    receivers: [
      { receiver: 'shop', owner: 'admin' },
      { receiver: 'idle', state: 'paused' },
    ],
    holds: [{ topic: 'orders', state: 'holding' }],
  });
  expect(await world.done('GET', '/receivers?state=paused')).toMatchObject({
    receivers: [{ receiver: 'idle' }],
  });
});
