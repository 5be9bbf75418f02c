import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rocketMqHop } from '../../../lib/connectors/rocketmq/hop.ts';
import { busHop, busId, hopsMax, passOn, readHops, writeHops } from '../../../lib/core/event/hops.ts';

const place = { partition: 'aws', account: '123456789012', region: 'eu-west-1', prefix: 'busbar' };
const bus = busId(place);
const orders = busHop(bus, { topic: 'orders' });
const legacy = rocketMqHop('mq.example.com:8081', 'Orders');
const billed = rocketMqHop('mq.example.com:8081', 'Billed');

describe('the id of a bus differs from that of any other bus', () => {
  it.each([
    ['account', '210987654321'],
    ['region', 'eu-central-1'],
    ['prefix', 'staging'],
    ['partition', 'aws-cn'],
  ])('by its %s', (field, value) => {
    expect(busId({ ...place, [field]: value })).not.toBe(bus);
  });

  it('without the number of its account in the id', () => {
    expect(bus).toMatch(/^busbar-[0-9a-f]{10}$/);
    expect(bus).not.toContain(place.account);
  });
});

describe('the names of places', () => {
  it.each([
    [orders, `bus:${bus}/topics/orders`],
    [busHop(bus, { receiver: 'orders' }), `bus:${bus}/receivers/orders`],
    [legacy, 'rocketmq:mq.example.com:8081/Orders'],
    [rocketMqHop('MQ.example.com:8081', 'Orders'), 'rocketmq:mq.example.com:8081/Orders'],
    [rocketMqHop('mq:1', 'RETRY%a b'), 'rocketmq:mq:1/RETRY%25a%20b'],
  ])('%s', (hop, expected) => {
    expect(hop).toBe(expected);
  });
});

describe('whether an event goes on', () => {
  it.each([
    ['a new event of the bus goes to RocketMQ', [], orders, legacy, [orders]],
    ['a new message goes to the bus', [], legacy, orders, [legacy]],
    [
      'what the bus gave goes on to a third place',
      [orders],
      legacy,
      busHop(bus, { topic: 'b' }),
      [orders, legacy],
    ],
    ['what RocketMQ gave goes to another topic of the cluster', [legacy], orders, billed, [legacy, orders]],
    [
      'the place where it is stands once, though it was written there before',
      [legacy, orders],
      orders,
      billed,
      [legacy, orders],
    ],
    [
      'a topic is no receiver of the same name',
      [busHop(bus, { receiver: 'orders' })],
      legacy,
      orders,
      [busHop(bus, { receiver: 'orders' }), legacy],
    ],
  ])('%s', (_, hops, from, to, taken) => {
    expect(passOn(hops, from, to)).toEqual({ kind: 'goes', hops: taken });
  });

  it.each([
    ['bus to RocketMQ to bus', [orders], legacy, orders],
    ['RocketMQ to bus to RocketMQ', [legacy], orders, legacy],
    ['over a third place', [orders, legacy, busHop(bus, { topic: 'b' }), billed], billed, orders],
    ['to where it is', [], orders, orders],
  ])('a circle is stopped: %s', (_, hops, from, to) => {
    expect(passOn(hops, from, to)).toMatchObject({ kind: 'stopped', cause: 'loop' });
    const passage = passOn(hops, from, to);
    expect(passage.kind === 'stopped' && passage.detail).toContain(`The event has already been in ${to}`);
  });

  it('one that has been in too many places is stopped, and its cause says so', () => {
    const hops = Array.from({ length: hopsMax }, (_, place) => busHop(`bus-${place}`, { topic: 'orders' }));
    expect(passOn(hops.slice(1), legacy, orders).kind).toBe('goes');
    expect(passOn(hops, legacy, orders)).toMatchObject({ kind: 'stopped', cause: 'too-many-hops' });
  });
});

describe('the chain on its way', () => {
  it.each([undefined, null, 7, true, '', '   '])('is empty for %j', (value) => {
    expect(readHops(value)).toEqual([]);
  });

  it('comes back as it was written', () => {
    const hop = fc.oneof(
      fc.tuple(fc.string(), fc.string()).map(([endpoint, topic]) => rocketMqHop(endpoint, topic)),
      fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,47}$/).map((topic) => busHop(bus, { topic })),
    );
    fc.assert(
      fc.property(fc.array(hop), (hops) => {
        expect(readHops(writeHops(hops))).toEqual(hops);
      }),
    );
  });

  it('ends any walk over a graph of bridges, whatever leads where', () => {
    const node = fc.integer({ min: 0, max: 30 });
    fc.assert(
      fc.property(node, fc.array(node, { minLength: 40, maxLength: 40 }), (start, walk) => {
        const nameOf = (number: number) => busHop(bus, { topic: `t${number}` });
        let [at, hops, steps]: [number, readonly string[], number] = [start, [], 0];
        for (const to of walk) {
          const passage = passOn(readHops(writeHops(hops)), nameOf(at), nameOf(to));
          if (passage.kind === 'stopped') break;
          steps += 1;
          at = to;
          hops = passage.hops;
        }
        expect(steps).toBeLessThanOrEqual(hopsMax);
      }),
    );
  });
});
