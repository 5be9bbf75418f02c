import fc from 'fast-check';
import { expect, it } from 'vitest';
import { publish } from '../../lib/app/publish/publish.ts';
import type { EventRequest } from '../../lib/core/event/forms.ts';
import { BusbarError } from '../../lib/core/kernel/errors.ts';
import { Failed } from '../../lib/runtime/http/failure.ts';
import { writeRequest } from '../../lib/runtime/http/request-writer.ts';
import { admin, type TestBus, testBus } from '../app/bus.ts';
import { putReceiver } from '../app/calls.ts';

/**
 * Every event that publish accepts is delivered in every form, ordered or not, by HTTP and by RocketMQ; nothing is left in
 * a lane. Requests are written as the HTTP client writes them, so that what it could not write would be found.
 */

const second = 1000;
const receivers = [
  { name: 'structured', topic: 'plain', format: 'structured' },
  { name: 'binary', topic: 'plain', format: 'binary' },
  { name: 'ordered-structured', topic: 'ordered', format: 'structured' },
  { name: 'ordered-binary', topic: 'ordered', format: 'binary' },
] as const;
const legacy = [
  { name: 'legacy-binary', topic: 'plain', format: 'binary' },
  { name: 'legacy-structured', topic: 'plain', format: 'structured' },
] as const;

async function busWithAll(): Promise<
  TestBus & { readonly delivered: Set<string>; readonly unwritable: string[] }
> {
  const bus = await testBus();
  const delivered = new Set<string>();
  const unwritable: string[] = [];
  await bus.topic('plain');
  await bus.topic('ordered', { ordered: true });
  for (const { name, topic, format } of receivers) {
    await bus.receiver(name, { format, headers: { 'x-tenant': 'a' } });
    await bus.subscription(topic, name);
    bus.endpoint(`https://${name}.example.com/events`, (request) => {
      try {
        writeRequest(new URL(request.url), request);
      } catch (error) {
        if (!(error instanceof Failed)) throw error;
        unwritable.push(error.message);
        return { kind: 'failure', failure: 'unwritable', message: error.message };
      }
      delivered.add(request.headers['webhook-id'] ?? '');
      return 204;
    });
  }
  for (const { name, topic, format } of legacy) {
    bus.broker.createTopic(name);
    await putReceiver(
      bus.tools,
      admin,
      name,
      { rocketmq: { endpoint: 'mq.example.com:8081', topic: name }, format },
      [],
    );
    await bus.subscription(topic, name);
  }
  bus.run();
  return { ...bus, delivered, unwritable };
}

/** Characters that break headers, JSON, queues or terminals, and plain ones. */
const character = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...'aZ09-_.~:/?#[]@!$&\'()*+,;=%"\\ <>{}|^`') },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      '\u2028',
      '\u2029',
      '\u00a0',
      '\ufeff',
      '\u0085',
      '\u007f',
      '\0',
      '\r',
      '\n',
      '\t',
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      'é',
      'ß',
      '中',
      '😀',
      '\u202e',
      '\ufffd',
      '\ud800',
      '\udfff',
      '\ufffe',
      '\uffff',
    ),
  },
);
const hostileText = fc.oneof(
  fc.string({ unit: character, maxLength: 20 }),
  fc.constantFrom('', '\0', '\r\n', '\ud800', '\ufffe', 'x'.repeat(1025), '\u0085'),
);
/** What an attribute may be, and a header has to carry. */
const fineText = fc.oneof(
  fc.string({
    unit: fc.constantFrom(
      ...'aZ09-.~:/?#[]@!$&\'()*+,;=%"\\ <>{}|^`',
      '\u2028',
      '\u00a0',
      '\ufeff',
      'é',
      '中',
      '😀',
      '\u202e',
    ),
    minLength: 1,
    maxLength: 20,
  }),
  fc.constantFrom(
    ' ',
    '%',
    '%2',
    '%zz',
    '"',
    '\\',
    'x'.repeat(1024),
    '中'.repeat(1024),
    'constructor',
    '__proto__',
  ),
);
/** Mostly what publish accepts; an event has many parts, of which one that it refuses is enough. */
const mostly = <Fine, Hostile>(fine: fc.Arbitrary<Fine>, hostile: fc.Arbitrary<Hostile>) =>
  fc.oneof({ weight: 14, arbitrary: fine }, { weight: 1, arbitrary: hostile });
const text = mostly(fineText, hostileText);
const name = mostly(
  fc.stringMatching(/^x[a-z0-9]{1,63}$/),
  fc.constantFrom(
    ...[
      'data',
      'database64',
      'datacontenttype',
      'dataschema',
      'specversion',
      'subject',
      'time',
      'traceparent',
    ],
    ...['tracestate', 'busbarhops', 'constructor', '__proto__', 'id', 'contenttype', 'content', 'host', 'X'],
  ),
);
const scalar = mostly(
  fc.oneof(fineText, fc.integer(), fc.boolean(), fc.constantFrom(null, -0)),
  fc.oneof(hostileText, fc.constantFrom(1.5, 2 ** 31, {}, [])),
);
const contentType = mostly(
  fc.constantFrom(
    'application/json',
    'application/json; a="b c\\"d"',
    'x/y+json',
    'application/json ;\ta=b; c="\t"',
  ),
  fc.oneof(
    fc.constantFrom(
      'text/plain',
      'application/xml',
      'image/png',
      'text/plain;\u2028a=b',
      'text/plain; charset=latin1',
    ),
    fc.tuple(hostileText, hostileText).map(([one, other]) => `${one}/${other}`),
  ),
);
const nested = (depth: number, open: string, close: string) => `${open.repeat(depth)}1${close.repeat(depth)}`;
/** JSON texts, and some that are none. */
const json = mostly(
  fc.oneof(
    fc.json({ maxDepth: 3 }),
    fc.constantFrom(31, 32).map((depth) => nested(depth, '[', ']')),
    fc.constantFrom(30, 31).map((depth) => nested(depth, '{"a":', '}')),
    fc.constantFrom(
      '123456789012345678901234567890',
      '1e400',
      '-0',
      '"\\ud800"',
      '"\\u0000"',
      'null',
      ' 1 ',
      '"\uffff"',
    ),
    fc.constantFrom(JSON.stringify('x'.repeat(200_000)), JSON.stringify('中'.repeat(80_000))),
  ),
  fc.constantFrom(
    '[',
    '{"a":1,"a":2}',
    '',
    nested(33, '[', ']'),
    JSON.stringify('\n'.repeat(140_000)),
    '1 2',
  ),
);

const members = fc.dictionary(name, scalar, { maxKeys: 6 });

const structured = fc
  .tuple(members, json, fc.option(contentType), fc.option(mostly(fc.base64String(), text), { freq: 1 }))
  .map(
    ([more, data, datacontenttype, base64]): Generated => ({
      request: (id) => {
        const fields = {
          type: 't',
          source: '/s',
          ...more,
          specversion: '1.0',
          id,
          ...(datacontenttype !== null && { datacontenttype }),
        };
        const last = base64 === null ? `"data":${data}` : `"data_base64":${JSON.stringify(base64)}`;
        return {
          contentType: 'application/cloudevents+json',
          headers: {},
          body: Buffer.from(`${JSON.stringify(fields).slice(0, -1)},${last}}`),
        };
      },
    }),
  );
const binary = fc
  .tuple(
    fc.dictionary(name, text, { maxKeys: 6 }),
    fc.oneof(
      json.map((one) => Buffer.from(one)),
      fc.string({ maxLength: 50 }).map((one) => Buffer.from(JSON.stringify(one))),
    ),
    fc.option(contentType),
  )
  .map(
    ([more, body, type]): Generated => ({
      request: (id) => ({
        contentType: type ?? undefined,
        headers: Object.fromEntries(
          Object.entries({ type: 't', source: '/s', ...more, specversion: '1.0', id }).map(
            ([header, value]) => [
              `ce-${header}`,
              value.replace(/[^\x21\x23\x24\x26-\x7e]/gu, (each) =>
                each.isWellFormed() ? encodeURIComponent(each) : each,
              ),
            ],
          ),
        ),
        body,
      }),
    }),
  );
const short = fc
  .tuple(
    fc.record({
      subject: fc.option(text),
      time: fc.option(
        mostly(fc.constantFrom('2026-01-31T12:00:00Z', '2026-01-31t12:00:00.123456789+23:59'), text),
      ),
    }),
    json,
  )
  .map(
    ([fields, data]): Generated => ({
      request: (id) => {
        const given = Object.fromEntries(
          Object.entries({ ...fields, type: 't', source: '/s', id }).filter(([, value]) => value !== null),
        );
        return {
          contentType: 'application/json',
          headers: {},
          body: Buffer.from(`${JSON.stringify(given).slice(0, -1)},"data":${data}}`),
        };
      },
    }),
  );

interface Generated {
  readonly request: (id: string) => EventRequest;
}

/** Whether publish accepted the event. Anything but a rejection with a code fails. */
async function isAccepted(bus: TestBus, topic: string, request: EventRequest): Promise<boolean> {
  try {
    const { events } = await publish(bus.tools, admin, { topic }, request);
    return events[0]?.status === 'accepted';
  } catch (error) {
    if (error instanceof BusbarError && error.code !== 'unavailable') return false;
    throw error;
  }
}

it('every event that publish accepts is delivered in both formats, ordered or not', async () => {
  const bus = await busWithAll();
  let accepted = 0;
  let rejected = 0;
  let counter = 0;
  const events = fc.array(fc.oneof(structured, binary, short), { minLength: 8, maxLength: 12 });

  await fc.assert(
    fc.asyncProperty(events, async (generated) => {
      const expected = new Map<string, string>();
      const messages = new Set<string>();
      for (const { request } of generated) {
        for (const topic of ['plain', 'ordered']) {
          const id = `f${counter++}`;
          if (!(await isAccepted(bus, topic, request(id)))) {
            rejected += 1;
            continue;
          }
          accepted += 1;
          for (const each of receivers.filter((receiver) => receiver.topic === topic)) {
            expected.set(`${id}@${each.name}`, id);
          }
          if (topic === 'plain') messages.add(id);
        }
      }
      await bus.clock.advance(30 * second);
      const bodies = bus.requests.map(
        ({ headers, body }) => headers['ce-id'] ?? (JSON.parse(String(body)).id as string),
      );
      bus.requests.length = 0;

      expect(bus.unwritable).toEqual([]);
      for (const id of expected.values()) expect(bodies.filter((each) => each === id)).toHaveLength(2);
      for (const { name: receiver } of legacy) {
        const stored = new Set(bus.broker.messages(receiver).map(({ properties }) => properties.CE_id));
        expect([...messages].filter((id) => !stored.has(id))).toEqual([]);
      }
      for (const { name: receiver } of [...receivers, ...legacy]) {
        for (const role of ['online', 'offline', 'dead-letters'] as const) {
          expect(await bus.count(bus.urlOf(receiver, role))).toEqual({ ready: 0, inFlight: 0, delayed: 0 });
        }
      }
    }),
    { numRuns: 25, seed: 12, endOnFailure: true },
  );
  // The fuzz must not pass because everything was rejected, or nothing.
  expect(accepted).toBeGreaterThan(100);
  expect(rejected).toBeGreaterThan(50);
}, 120_000);
