import { ListSchedulesCommand } from '@aws-sdk/client-scheduler';
import { getHold } from '../../../lib/app/hold/hold.ts';
import { publish } from '../../../lib/app/publish/publish.ts';
import type { Input, Output } from '../../../lib/stand-in/engines/engine.ts';
import { member, shorthand, type TestBus, testBus } from '../bus.ts';
import { putHold, releaseHold } from '../calls.ts';

export const shop = member('shop');
export const orders = { topic: 'orders' };
export const second = 1000;
export const minute = 60 * second;

/** A topic with a subscribed receiver, whose lane is consumed; and what AWS took, in its order. */
export async function holdBus(build: () => Promise<TestBus> = testBus) {
  const bus = await build();
  await bus.topic('orders');
  await subscribed(bus, 'orders', 'billing');
  const routed: string[] = [];
  const record = async (input: Input, next: (changed?: Input) => Output | Promise<Output>) => {
    const answer = await next();
    // Timers go to other queues.
    if (String(input.QueueUrl).endsWith('-online')) {
      const entries = input.Entries as { MessageBody: string }[];
      routed.push(...entries.map(({ MessageBody }) => JSON.parse(MessageBody).id));
    }
    return answer;
  };
  bus.intercept('sqs.SendMessageBatch', record);
  return { ...bus, routed, record };
}

export type HoldBus = Awaited<ReturnType<typeof holdBus>>;

export async function subscribed(bus: TestBus, topic: string, receiver: string): Promise<void> {
  await bus.receiver(receiver);
  await bus.subscription(topic, receiver);
  bus.endpoint(`https://${receiver}.example.com/events`, () => 200);
}

/** Moves the clock until a call that waits for it has its answer; not for what needs no time. */
export async function waited<Answer>(bus: Pick<TestBus, 'clock'>, call: Promise<Answer>): Promise<Answer> {
  let done = false;
  const end = () => {
    done = true;
  };
  call.then(end, end);
  for (let waits = 0; waits < 10_000; waits++) {
    for (let turn = 0; turn < 400 && !done; turn++) await new Promise((resolve) => setImmediate(resolve));
    if (done) return await call;
    await bus.clock.advance(50);
  }
  throw new Error('The call has no answer.');
}

type Tools = ReturnType<TestBus['newTools']>;

export const send = (bus: TestBus, ids: readonly string[], fields: object = {}, tools: Tools = bus.tools) =>
  waited(
    bus,
    publish(
      tools,
      shop,
      orders,
      shorthand(ids.map((id) => ({ id, source: '/s', type: 'order.placed', data: {}, ...fields }))),
    ),
  );

export const statuses = async (sent: ReturnType<typeof send>) =>
  [...new Set((await sent).events.map(({ status }) => status))].join();

export const hold = (bus: TestBus, body: object = {}) =>
  waited(bus, putHold(bus.tools, shop, 'orders', body));
export const release = (bus: TestBus, query: { perSecond?: string } = {}) =>
  waited(bus, releaseHold(bus.tools, shop, 'orders', query));
export const state = (bus: TestBus) => getHold(bus.tools, shop, 'orders');

export const untilReleased = (bus: TestBus, withinMs = 10 * minute) =>
  bus.clock.until(async () => (await state(bus)).state === 'released', withinMs);

export const watches = async (bus: TestBus) =>
  ((await bus.scheduler.send(new ListSchedulesCommand({ GroupName: 'busbar' }))).Schedules ?? []).map(
    ({ Name }) => Name,
  );

export const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, at) => `e${from + at}`);
