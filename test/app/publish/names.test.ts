import { describe, expect, it } from 'vitest';
import { publish } from '../../../lib/app/publish/publish.ts';
import { putTopic } from '../../../lib/app/registry/topics.ts';
import { why } from '../../../lib/app/why/why.ts';
import { readDelivery } from '../../../lib/client/verify.ts';
import { hotTypeOf, placeOf } from '../../../lib/core/deliver/offload.ts';
import { admin, answer, shorthand, testBus } from '../bus.ts';
import { putReceiver } from '../calls.ts';

/** Names that every object has as members already. They are ordinary names to those who use the bus. */
const names = ['constructor', '__proto__', 'toString', 'hasOwnProperty', 'valueOf'] as const;

/** JSON text, because an object literal cannot have `__proto__`. */
const json = (text: string) => ({ contentType: 'application/json', headers: {}, body: Buffer.from(text) });

async function busWith(filter?: object, fields: object = {}) {
  const bus = await testBus();
  await bus.topic('constructor', { trace: 'all' });
  await bus.receiver('constructor', fields);
  await bus.subscription('constructor', 'constructor', filter);
  bus.endpoint('https://constructor.example.com/events', () => 204);
  const send = (text: string) => publish(bus.tools, admin, { topic: 'constructor' }, json(text));
  return { ...bus, send };
}

const eventOf = (
  request: { headers: Readonly<Record<string, string>>; body?: string | Uint8Array } | undefined,
) => readDelivery(request?.headers ?? {}, Buffer.from(String(request?.body))).event;

describe.each(names)('the name %s', (name) => {
  it('is an event type and a member of data that arrive unchanged', async () => {
    for (const format of ['structured', 'binary'] as const) {
      const bus = await busWith(undefined, { format });
      const data = `{"${name}":{"a":[1]},"b":2}`;
      const sent = await bus.send(`{"type":"${name}","id":"${name}","data":${data}}`);
      expect(sent.events).toMatchObject([{ id: name, status: 'accepted' }]);
      await bus.runLane('constructor');
      const event = eventOf(bus.requests.at(-1));
      expect([event.id, event.type, JSON.stringify(event.data)]).toEqual([name, name, data]);
      const { events } = await why(bus.tools, admin, { id: name });
      expect(events[0]?.receivers).toMatchObject([{ receiver: 'constructor', state: 'delivered' }]);
    }
  });

  it('has no retry policy, unless the receiver gives it one', async () => {
    const of = (types: string) => JSON.parse(`{"delaysSeconds":[60],"types":${types}}`);
    const own = await busWith(undefined, { retry: of(`{"${name}":{"delaysSeconds":[]}}`) });
    const other = await busWith(undefined, { retry: of('{"a":{"delaysSeconds":[]}}') });
    for (const [bus, kept] of [
      [own, 0],
      [other, 1],
    ] as const) {
      bus.endpoint('https://constructor.example.com/events', () => answer(500));
      await bus.send(`{"type":"${name}","data":{}}`);
      expect(await bus.runLane('constructor')).toEqual({ received: 1, kept });
    }
  });

  it('is not hot until it is', () => {
    expect(hotTypeOf({ hot: {} }, name)).toBeUndefined();
    expect(placeOf({ hot: {} }, 'online', name, 0)).toEqual({ kind: 'stays' });
    const hot = JSON.parse(`{"${name}":{"sinceMs":0}}`);
    expect(placeOf({ hot }, 'online', name, 0)).toEqual({ kind: 'moves', to: 'offline' });
  });

  it('is a key of a filter, which matches only events that have it', async () => {
    // SNS requires names of other characters for attributes, but takes any key of a body.
    const bus = await busWith(JSON.parse(`{"data":{"${name}":["x"]}}`));
    await bus.send(`[{"type":"a","id":"with","data":{"${name}":"x"}},{"type":"a","id":"without","data":{}}]`);
    await bus.runLane('constructor');
    expect(bus.requests.map((request) => eventOf(request).id)).toEqual(['with']);
    const { events } = await why(bus.tools, admin, { id: 'without' });
    expect(events[0]?.receivers).toMatchObject([
      { receiver: 'constructor', matched: false, refusedBy: [{ because: 'absent' }] },
    ]);
  });
});

describe('the name constructor', () => {
  it('is an extension attribute, published in any form and delivered in both formats', async () => {
    for (const format of ['structured', 'binary'] as const) {
      const bus = await busWith({ constructor: ['y'] }, { format });
      await publish(
        bus.tools,
        admin,
        { topic: 'constructor' },
        {
          contentType: 'application/cloudevents-batch+json',
          headers: {},
          body: Buffer.from(
            '[{"specversion":"1.0","id":"1","source":"/test","type":"a","constructor":"y","data":1},' +
              '{"specversion":"1.0","id":"2","source":"/test","type":"a","data":2}]',
          ),
        },
      );
      await publish(
        bus.tools,
        admin,
        { topic: 'constructor' },
        {
          contentType: 'application/json',
          headers: {
            'ce-specversion': '1.0',
            'ce-id': '3',
            'ce-source': '/test',
            'ce-type': 'a',
            'ce-constructor': 'y',
          },
          body: Buffer.from('3'),
        },
      );
      await bus.runLane('constructor');
      const events = bus.requests.map(eventOf);
      expect(events.map(({ constructor: value, data }) => [value, data])).toEqual([
        ['y', 1],
        ['y', 3],
      ]);
    }
  });

  it('is a header of a receiver and a property of a schema', async () => {
    const bus = await busWith();
    const url = 'https://constructor.example.com/events';
    await putReceiver(
      bus.tools,
      admin,
      'constructor',
      {
        endpoint: url,
        headers: { constructor: 'h' },
      },
      [],
    );
    const properties = { constructor: { type: 'string' }, valueOf: { type: 'number' } };
    await putTopic(bus.tools, admin, 'constructor', { schema: { required: ['constructor'], properties } });
    const { events } = await publish(
      bus.newTools(),
      admin,
      { topic: 'constructor' },
      shorthand([
        { type: 'a', data: { constructor: 'x' } },
        { type: 'a', data: { constructor: 1 } },
        { type: 'a', data: { constructor: 'x', valueOf: 'y' } },
        { type: 'a', data: {} },
      ]),
    );
    expect(events.map(({ status }) => status)).toEqual(['accepted', 'rejected', 'rejected', 'rejected']);
    await bus.runLane('constructor', bus.newTools());
    expect(bus.requests.at(-1)?.headers).toMatchObject({ constructor: 'h' });
  });
});
