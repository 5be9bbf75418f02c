import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import * as zlib from 'node:zlib';
import { DynamoDBClient, TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient, JsonText, outboxEntry } from '../../lib/client/index.ts';
import { parseStrictJson } from '../../lib/core/kernel/json.ts';
import { runCli } from '../cli/run-cli.ts';
import { bytes, jsonTexts, notUtf8, plainTexts } from '../corpus/exact.ts';
import { type AcceptanceBus, type Answer, startBus } from './bus.ts';

/** Every sample goes down every path of the running bus, and its bytes are compared where they come out. */

interface Arrival {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

const arrivals: Arrival[] = [];
const failing = new Set<string>();
const waiting = new Set<() => void>();
const server = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { url: path = '', headers } = request;
  arrivals.push({ path, headers, body: Buffer.concat(chunks) });
  response.writeHead(failing.has(path) ? 500 : 204).end();
  for (const look of waiting) look();
});

let bus: AcceptanceBus;
let base: string;

beforeAll(async () => {
  bus = await startBus();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await put('/v1/receivers/structured', { endpoint: `${base}/structured` });
  await put('/v1/receivers/binary', { endpoint: `${base}/binary`, format: 'binary' });
  await put('/v1/receivers/dying', {
    endpoint: `${base}/dying`,
    format: 'binary',
    retry: { delaysSeconds: [] },
  });
  for (const topic of ['exact', 'held']) {
    await put(`/v1/topics/${topic}`, { trace: 'all' });
    for (const receiver of ['structured', 'binary'])
      await put(`/v1/topics/${topic}/subscriptions/${receiver}`, {});
  }
  await put('/v1/topics/dying', {});
  await put('/v1/topics/dying/subscriptions/dying', {});
}, 120_000);

afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await bus.stop();
});

async function put(path: string, body: unknown): Promise<void> {
  const { status, body: shown } = await bus.call('PUT', path, body);
  if (status >= 300) throw new Error(`PUT ${path}: ${JSON.stringify(shown)}`);
}

/** The first arrivals of these ids at an endpoint. */
async function arrived(path: string, ids: readonly string[]): Promise<Map<string, Arrival>> {
  for (;;) {
    const found = new Map(
      arrivals
        .filter((arrival) => arrival.path === path)
        .reverse()
        .map((arrival) => [idOf(arrival), arrival]),
    );
    if (ids.every((id) => found.has(id))) return found;
    await new Promise<void>((resolve) => {
      const look = () => {
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
    });
  }
}

const isStructured = ({ headers }: Arrival) => headers['content-type'] === 'application/cloudevents+json';
const idOf = (arrival: Arrival): string =>
  isStructured(arrival)
    ? JSON.parse(arrival.body.toString()).id
    : decodeURIComponent(String(arrival.headers['ce-id']));

/** The data of an arrival, as its bytes: JSON as it stands in the body, text and base64 decoded. */
function dataOf(arrival: Arrival): Buffer {
  if (!isStructured(arrival)) return arrival.body;
  const text = arrival.body.toString();
  const { value, members } = parseStrictJson(text);
  const { data, data_base64, datacontenttype } = value as Record<string, string>;
  if (data_base64 !== undefined) return Buffer.from(data_base64, 'base64');
  if (datacontenttype !== 'application/json') return Buffer.from(String(data));
  const [from, to] = members[0]?.get('data') ?? [0, 0];
  return Buffer.from(text.slice(from, to));
}

async function expectExact(ids: readonly string[], samples: readonly Uint8Array[]): Promise<void> {
  for (const path of ['/structured', '/binary']) {
    const found = await arrived(path, ids);
    for (const [at, id] of ids.entries()) {
      const arrival = found.get(id) ?? expect.fail(`${id} is missing.`);
      expect(dataOf(arrival).toString('latin1'), `${id} at ${path}`).toBe(
        Buffer.from(samples[at] ?? []).toString('latin1'),
      );
    }
  }
}

const jsonBytes = jsonTexts.map((text) => Buffer.from(text));
const idsFor = (path: string, samples: readonly unknown[] = jsonTexts) =>
  samples.map((_, at) => `${path} ${at}`);
const whole = (id: string, text: string, more = '') =>
  `{"specversion":"1.0","id":${JSON.stringify(id)},"source":"/exact","type":"exact.sample"${more},"data":${text}}`;
const short = (id: string, text: string, more = '') =>
  `{"id":${JSON.stringify(id)},"type":"exact.sample"${more},"data":${text}}`;
const post = (
  path: string,
  body: string | Uint8Array,
  contentType: string,
  headers: Record<string, string> = {},
) => bus.call('POST', path, body, { 'content-type': contentType, ...headers });
const accepted = ({ status, body }: Answer) => expect(status, JSON.stringify(body)).toBeLessThan(300);
const binaryHeaders = (id: string) => ({
  'ce-specversion': '1.0',
  'ce-id': encodeURIComponent(id),
  'ce-source': '/exact',
  'ce-type': 'exact.sample',
});

describe('JSON arrives letter by letter', () => {
  const each = async (path: string, send: (id: string, text: string) => Promise<Answer>) => {
    const ids = idsFor(path);
    for (const [at, id] of ids.entries()) accepted(await send(id, jsonTexts[at] ?? ''));
    await expectExact(ids, jsonBytes);
  };
  const list = async (
    path: string,
    send: (texts: readonly string[], ids: readonly string[]) => Promise<Answer>,
  ) => {
    const ids = idsFor(path);
    accepted(await send(jsonTexts, ids));
    await expectExact(ids, jsonBytes);
  };
  const events = '/v1/topics/exact/events';

  it(
    'from the structured mode',
    () => each('structured', (id, text) => post(events, whole(id, text), 'application/cloudevents+json')),
    60_000,
  );

  it(
    'from the binary mode',
    () => each('binary', (id, text) => post(events, text, 'application/json', binaryHeaders(id))),
    60_000,
  );

  it(
    'from a batch, coded by gzip and zstd',
    () =>
      list('batch', (texts, ids) => {
        const body = `[${texts.map((text, at) => whole(ids[at] ?? '', text)).join(' , ')}]`;
        return post(
          events,
          zlib.zstdCompressSync(zlib.gzipSync(body)),
          'application/cloudevents-batch+json',
          {
            'content-encoding': 'gzip, zstd',
          },
        );
      }),
    60_000,
  );

  it(
    'from the shorthand',
    () =>
      list('shorthand', (texts, ids) =>
        post(
          events,
          `[${texts.map((text, at) => short(ids[at] ?? '', text)).join(',')}]`,
          'application/json',
        ),
      ),
    60_000,
  );

  it('from an invocation of a receiver', async () => {
    const ids = idsFor('invoked');
    const body = `[${jsonTexts.map((text, at) => short(ids[at] ?? '', text)).join(',')}]`;
    for (const receiver of ['structured', 'binary']) {
      accepted(await post(`/v1/receivers/${receiver}/events`, body, 'application/json'));
    }
    await expectExact(ids, jsonBytes);
  }, 60_000);

  it(
    'after a delay',
    () =>
      list('delayed', (texts, ids) =>
        post(
          events,
          `[${texts.map((text, at) => short(ids[at] ?? '', text, ',"delaySeconds":1')).join(',')}]`,
          'application/json',
        ),
      ),
    60_000,
  );

  it('after the commit of a transaction', async () => {
    const ids = idsFor('transaction');
    for (let from = 0; from < ids.length; from += 25) {
      const parts = jsonTexts
        .slice(from, from + 25)
        .map((text, at) => `{"topic":"exact",${short(ids[from + at] ?? '', text).slice(1)}`);
      const begun = await post('/v1/transactions', `{"events":[${parts.join(',')}]}`, 'application/json');
      accepted(begun);
      accepted(await bus.call('POST', `/v1/transactions/${begun.body.id}/commit`));
    }
    await expectExact(ids, jsonBytes);
  }, 60_000);

  it('from the outbox', async () => {
    const ids = idsFor('outbox');
    const dynamodb = new DynamoDBClient({
      region: 'us-east-1',
      endpoint: bus.awsUrl,
      credentials: bus.awsCredentials,
    });
    await dynamodb.send(
      new TransactWriteItemsCommand({
        TransactItems: ids.map((id, at) =>
          outboxEntry({
            application: 'admin',
            topic: 'exact',
            event: { id, type: 'exact.sample', data: new JsonText(jsonTexts[at] ?? '') },
          }),
        ),
      }),
    );
    await expectExact(ids, jsonBytes);
  }, 60_000);

  it('after a hold, and numbers are shown as they are', async () => {
    const ids = idsFor('held');
    accepted(await bus.call('PUT', '/v1/topics/held/hold', {}));
    const body = `[${jsonTexts.map((text, at) => short(ids[at] ?? '', text)).join(',')}]`;
    accepted(await post('/v1/topics/held/events', body, 'application/json'));
    const held = await bus.call('GET', '/v1/topics/held/held?limit=1000');
    const big = held.body.events.find(({ eventId, id }: { eventId?: string; id: string }) =>
      [eventId, id].includes(`held ${jsonTexts.indexOf('12345678901234567890')}`),
    );
    const shown = await fetch(`${bus.url}/v1/topics/held/held/${big.heldId ?? big.id}`, {
      headers: { authorization: `Bearer ${bus.adminKey}` },
    });
    expect(await shown.text()).toContain('"data":12345678901234567890');
    accepted(await bus.call('DELETE', '/v1/topics/held/hold'));
    await expectExact(ids, jsonBytes);
  }, 60_000);

  it('from a schedule, which shows its numbers as they are', async () => {
    const text = `[${jsonTexts.join(', ')}]`;
    const schedule = (topic: string) =>
      `{"topic":"${topic}","everySeconds":1,"event":{"type":"exact.tick","data":${text}}}`;
    accepted(
      await bus.call('PUT', '/v1/schedules/exact', schedule('exact'), { 'content-type': 'application/json' }),
    );
    const shown = await fetch(`${bus.url}/v1/schedules/exact`, {
      headers: { authorization: `Bearer ${bus.adminKey}` },
    });
    expect(await shown.text()).toContain('12345678901234567890');
    const isTick = (arrival: Arrival) => idOf(arrival).startsWith('exact@');
    while (
      !['/structured', '/binary'].every((path) => arrivals.some((one) => one.path === path && isTick(one)))
    ) {
      await new Promise<void>((resolve) => waiting.add(resolve));
    }
    accepted(await bus.call('DELETE', '/v1/schedules/exact'));
    for (const arrival of arrivals.filter(isTick)) expect(dataOf(arrival).toString()).toBe(text);
  }, 60_000);

  it('after a dead letter was sent back', async () => {
    failing.add('/dying');
    const ids = idsFor('dying');
    const body = `[${jsonTexts.map((text, at) => short(ids[at] ?? '', text)).join(',')}]`;
    accepted(await post('/v1/topics/dying/events', body, 'application/json'));
    await arrived('/dying', ids);
    failing.delete('/dying');
    arrivals.length = 0;
    // The last of them may die a moment after it arrived.
    let sentBack = 0;
    while (sentBack < ids.length) {
      const { body: letters } = await bus.call('GET', '/v1/receivers/dying/dead-letters?limit=1000');
      sentBack = letters.deadLetters?.length ?? letters.letters?.length ?? 0;
    }
    accepted(await bus.call('POST', '/v1/receivers/dying/redrive', {}));
    const found = await arrived('/dying', ids);
    for (const [at, id] of ids.entries()) {
      expect(found.get(id)?.body.toString(), id).toBe(jsonTexts[at]);
    }
  }, 90_000);

  it('from the client', async () => {
    const ids = idsFor('client');
    const client = createClient({ url: bus.url, key: bus.adminKey });
    await client.publish(
      'exact',
      ids.map((id, at) => ({ id, type: 'exact.sample', data: new JsonText(jsonTexts[at] ?? '') })),
    );
    await expectExact(ids, jsonBytes);
  }, 60_000);

  it.each(['lines', 'file'])(
    'from the CLI, by %s',
    async (way) => {
      const ids = idsFor(`cli ${way}`);
      const texts = jsonTexts.map((text, at) => short(ids[at] ?? '', text));
      const env = { BUSBAR_URL: bus.url, BUSBAR_KEY: bus.adminKey };
      const file = join(bus.dataDirectory, 'samples.json');
      writeFileSync(file, `[${texts.join(',\n')}]`);
      const { code, stderr } =
        way === 'lines'
          ? await runCli(['publish', 'exact'], { env, input: texts.join('\n') })
          : await runCli(['publish', 'exact', `@${file}`], { env });
      expect(code, stderr).toBe(0);
      await expectExact(ids, jsonBytes);
    },
    60_000,
  );
});

describe('data that is not JSON arrives byte by byte', () => {
  const events = '/v1/topics/exact/events';

  it('as text in binary mode', async () => {
    const ids = idsFor('text', plainTexts);
    for (const [at, id] of ids.entries()) {
      accepted(await post(events, Buffer.from(plainTexts[at] ?? ''), 'text/plain', binaryHeaders(id)));
    }
    await expectExact(
      ids,
      plainTexts.map((text) => Buffer.from(text)),
    );
  }, 60_000);

  it('as text in structured mode', async () => {
    const ids = idsFor('string', plainTexts);
    for (const [at, id] of ids.entries()) {
      const text = JSON.stringify(plainTexts[at]);
      accepted(
        await post(
          events,
          whole(id, text, ',"datacontenttype":"text/plain"'),
          'application/cloudevents+json',
        ),
      );
    }
    await expectExact(
      ids,
      plainTexts.map((text) => Buffer.from(text)),
    );
  }, 60_000);

  it('as bytes in binary mode, and as base64', async () => {
    const ids = [...idsFor('bytes', bytes), ...idsFor('base64', bytes)];
    for (const [at, sample] of bytes.entries()) {
      accepted(await post(events, sample, 'application/octet-stream', binaryHeaders(ids[at] ?? '')));
      const base64 = `"data_base64":"${Buffer.from(sample).toString('base64')}"`;
      const body = whole(ids[bytes.length + at] ?? '', 'null').replace('"data":null', base64);
      accepted(await post(events, body, 'application/cloudevents+json'));
    }
    await expectExact(ids, [...bytes, ...bytes]);
  }, 60_000);
});

describe('what cannot be kept exactly is refused with a reason', () => {
  const events = '/v1/topics/exact/events';
  const around = (text: string, inside: readonly number[]) => {
    const [before = '', after = ''] = text.split('?');
    return Buffer.concat([Buffer.from(before), Buffer.from(inside), Buffer.from(after)]);
  };
  const refused = async (answer: Promise<Answer>, detail: RegExp) => {
    const { status, body } = await answer;
    expect([400, 413, 415]).toContain(status);
    expect(body.detail).toMatch(detail);
  };

  it.each(notUtf8)('%s', async (_, inside) => {
    const structured = around(whole('no', '"?"'), inside);
    await refused(post(events, structured, 'application/cloudevents+json'), /UTF-8/);
    await refused(post(events, around('"?"', inside), 'application/json', binaryHeaders('no')), /UTF-8/);
    await refused(post(events, around('?', inside), 'text/plain', binaryHeaders('no')), /UTF-8/);
    await refused(post(events, around(short('no', '"?"'), inside), 'application/json'), /UTF-8/);
    await refused(
      post(
        '/v1/transactions',
        around(`{"events":[{"topic":"exact",${short('no', '"?"').slice(1)}]}`, inside),
        'application/json',
      ),
      /UTF-8/,
    );
    await refused(
      bus.call('PUT', '/v1/topics/exact', around('{"description":"?"}', inside), {
        'content-type': 'application/json',
      }),
      /UTF-8/,
    );
  });

  it.each<[string, () => Promise<Answer>, RegExp]>([
    [
      'another charset of JSON',
      () => post(events, short('no', '1'), 'application/json; charset=iso-8859-1'),
      /charset iso-8859-1/,
    ],
    [
      'another charset of text',
      () => post(events, 'a', 'text/plain; charset="utf-16"', binaryHeaders('no')),
      /charset utf-16/,
    ],
    [
      'a member named twice',
      () => post(events, short('no', '{"a":1,"a":2}'), 'application/json'),
      /"a" twice/,
    ],
    [
      'a byte order mark before JSON data',
      () => post(events, '\ufeff1', 'application/json', binaryHeaders('no')),
      /byte order mark/,
    ],
    [
      'half a surrogate pair in text',
      () =>
        post(
          events,
          whole('no', '"\\ud800"', ',"datacontenttype":"text/plain"'),
          'application/cloudevents+json',
        ),
      /surrogate/,
    ],
    [
      'half a surrogate pair in an attribute',
      () => post(events, whole('no\ud800', '1'), 'application/cloudevents+json'),
      /broken Unicode/,
    ],
    [
      'base64 without padding',
      () =>
        post(
          events,
          whole('no', '1').replace('"data":1', '"data_base64":"AA"'),
          'application/cloudevents+json',
        ),
      /base64/,
    ],
    [
      'base64 with other bits set',
      () =>
        post(
          events,
          whole('no', '1').replace('"data":1', '"data_base64":"AB=="'),
          'application/cloudevents+json',
        ),
      /base64/,
    ],
    [
      'data beside base64',
      () =>
        post(
          events,
          whole('no', '1').replace('"data":1', '"data":1,"data_base64":"AA=="'),
          'application/cloudevents+json',
        ),
      /cannot be combined/,
    ],
    [
      'an unknown content encoding',
      () => post(events, short('no', '1'), 'application/json', { 'content-encoding': 'deflate' }),
      /"deflate"/,
    ],
    [
      'a rounded number in a filter',
      () =>
        bus.call(
          'PUT',
          '/v1/topics/exact/subscriptions/binary',
          '{"filter":{"data":{"id":[12345678901234567890]}}}',
          { 'content-type': 'application/json' },
        ),
      /filter\.data\.id\.0 is 12345678901234567890/,
    ],
    [
      'a rounded number in a schema',
      () =>
        bus.call('PUT', '/v1/topics/exact', '{"schema":{"maximum":9007199254740993}}', {
          'content-type': 'application/json',
        }),
      /schema\.maximum/,
    ],
  ])('%s', async (_, send, detail) => refused(send(), detail));

  it('an unknown content encoding, and the response says which are known', async () => {
    const { status, headers } = await post(events, short('no', '1'), 'application/json', {
      'content-encoding': 'pack200-gzip',
    });
    expect([status, headers.get('accept-encoding')]).toEqual([415, 'gzip, br, zstd']);
  });

  it('lines and files of the CLI that are not UTF-8 or name a member twice', async () => {
    const env = { BUSBAR_URL: bus.url, BUSBAR_KEY: bus.adminKey };
    const file = join(bus.dataDirectory, 'latin1.json');
    writeFileSync(file, Buffer.from(short('no', '"é"'), 'latin1'));
    expect(await runCli(['publish', 'exact', `@${file}`], { env })).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/UTF-8/),
    });
    const twice = await runCli(['publish', 'exact', '{"a":1,"a":2}', '--type', 't'], { env });
    expect(twice).toMatchObject({ code: 2, stderr: expect.stringMatching(/twice/) });
  }, 30_000);
});
