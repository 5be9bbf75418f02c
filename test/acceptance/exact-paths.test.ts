import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseStrictJson } from '../../lib/core/kernel/json.ts';
import { startCli } from '../cli/run-cli.ts';
import { bytes, jsonTexts, plainTexts } from '../corpus/exact.ts';
import { type AcceptanceBus, startBus } from './bus.ts';

/**
 * JSON, text and bytes alike, down the paths on which the bus keeps an event before it delivers it, to endpoints of both
 * formats. Delays and schedules are of the shorthand, whose data is JSON: exact.test.ts has those.
 */

/** The members of each sample, and the bytes that must arrive. */
const samples: readonly (readonly [members: string, data: Buffer])[] = [
  ...jsonTexts.map((text) => [`"data":${text}`, Buffer.from(text)] as const),
  ...[...plainTexts, ''].map(
    (text) =>
      [
        `"datacontenttype":"text/plain; charset=utf-8","data":${JSON.stringify(text)}`,
        Buffer.from(text),
      ] as const,
  ),
  ...[...bytes, Buffer.of()].map((sample) => {
    const base64 = Buffer.from(sample).toString('base64');
    return [
      `"datacontenttype":"application/octet-stream","data_base64":"${base64}"`,
      Buffer.from(sample),
    ] as const;
  }),
  ['"subject":"no data"', Buffer.of()],
];

interface Arrival {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

let arrivals: Arrival[] = [];
let failing = false;
const waiting = new Set<() => void>();
const server = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  arrivals.push({ path: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks) });
  response.writeHead(failing ? 500 : 204).end();
  for (const look of waiting) look();
});

let bus: AcceptanceBus;
const formats = ['structured', 'binary'] as const;

async function done(method: string, path: string, body?: unknown, headers?: Record<string, string>) {
  const answer = await bus.call(method, path, body, headers);
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${JSON.stringify(answer.body)}`);
  return answer.body;
}

beforeAll(async () => {
  bus = await startBus();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  for (const format of formats) {
    await done('PUT', `/v1/receivers/${format}`, {
      endpoint: `${base}/${format}`,
      format,
      retry: { delaysSeconds: [] },
      breaker: { minimumAttempts: 10_000 },
    });
  }
  await topic('kept');
}, 120_000);

afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await bus?.stop();
});

async function topic(name: string): Promise<void> {
  await done('PUT', `/v1/topics/${name}`, {});
  for (const format of formats) await done('PUT', `/v1/topics/${name}/subscriptions/${format}`, {});
}

const isWhole = ({ headers }: Arrival) => headers['content-type'] === 'application/cloudevents+json';
const idOf = (arrival: Arrival): string =>
  isWhole(arrival) ? JSON.parse(arrival.body.toString()).id : String(arrival.headers['ce-id']);

function dataOf(arrival: Arrival): Buffer {
  if (!isWhole(arrival)) return arrival.body;
  const text = arrival.body.toString();
  const { value, members } = parseStrictJson(text);
  const { data, data_base64, datacontenttype } = value as Record<string, string>;
  if (data_base64 !== undefined) return Buffer.from(data_base64, 'base64');
  if (data === undefined) return Buffer.of();
  if (datacontenttype?.startsWith('text/')) return Buffer.from(data);
  const [from, to] = members[0]?.get('data') ?? [0, 0];
  return Buffer.from(text.slice(from, to));
}

const idsOf = (path: string) => samples.map((_, at) => `${path}-${at}`);
const eventOf = (id: string, members: string) =>
  `{"specversion":"1.0","id":"${id}","source":"/exact","type":"exact.sample",${members}}`;
const batchOf = (path: string) =>
  `[${samples.map(([members], at) => eventOf(`${path}-${at}`, members)).join(',')}]`;
const publishAll = (name: string, path: string) =>
  done('POST', `/v1/topics/${name}/events`, batchOf(path), {
    'content-type': 'application/cloudevents-batch+json',
  });

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) {
    await new Promise<void>((resolve) => {
      const look = () => {
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
    });
  }
}

/** What arrived of a path, by the place of the endpoint and the id. */
const found = (path: string) =>
  new Map(
    arrivals
      .filter((one) => idOf(one).startsWith(`${path}-`))
      .map((one) => [`${one.path.slice(1)} ${idOf(one)}`, one]),
  );

const everyPlace = samples.map((_, at) => at);

async function deliverAgain(receiver: string, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    let status = 409;
    while (status === 409) {
      const answer = await bus.call('POST', `/v1/events/${id}/deliveries`, { receiver });
      // The one before it is under way.
      if (answer.status >= 300 && answer.body.code !== 'redrive_running') throw new Error(answer.body.detail);
      status = answer.status;
    }
  }
}

async function expectExact(path: string, places: readonly number[] = everyPlace): Promise<void> {
  await until(() => found(path).size === places.length * formats.length);
  for (const format of formats) {
    for (const at of places) {
      const id = `${path}-${at}`;
      const arrival = found(path).get(`${format} ${id}`) ?? expect.fail(`${id} is missing at ${format}.`);
      const [members, data] = samples[at] ?? ['', Buffer.of()];
      expect(dataOf(arrival).toString('latin1'), `${id} at ${format}`).toBe(data.toString('latin1'));
      const given = JSON.parse(`{${members}}`).datacontenttype;
      const shown = isWhole(arrival)
        ? JSON.parse(arrival.body.toString()).datacontenttype
        : arrival.headers['content-type'];
      if (given !== undefined) expect(shown, `${id} at ${format}`).toBe(given);
    }
  }
}

async function putEntries(name: string, path: string): Promise<void> {
  const { awsUrl: endpoint, awsCredentials: credentials } = bus;
  const client = new DynamoDBClient({ region: 'us-east-1', endpoint, credentials });
  for (const [at, [members]] of samples.entries()) {
    const Item = {
      pk: { S: `outbox#admin#~0${at % 8}` },
      sk: { S: `${path}-${String(at).padStart(3, '0')}` },
      busbarTopic: { S: name },
      busbarEvent: { S: eventOf(`${path}-${at}`, members) },
    };
    await client.send(new PutItemCommand({ TableName: 'busbar-outbox', Item }));
  }
}

async function list(path: string, member: string, count: number): Promise<Record<string, string>[]> {
  for (;;) {
    const { [member]: items } = await done('GET', `${path}?limit=1000`);
    if (items.length >= count) return items;
  }
}

describe('JSON, text and bytes arrive as they came', () => {
  it('at once', async () => {
    await publishAll('kept', 'once');
    await expectExact('once');
  }, 60_000);

  it('after the commit of a transaction', async () => {
    for (let from = 0; from < samples.length; from += 20) {
      const parts = samples
        .slice(from, from + 20)
        .map(([members], at) => eventOf(`transaction-${from + at}`, `"topic":"kept",${members}`));
      const { id } = await done('POST', '/v1/transactions', `{"events":[${parts.join(',')}]}`);
      await done('POST', `/v1/transactions/${id}/commit`);
    }
    await expectExact('transaction');
  }, 60_000);

  it('from the outbox', async () => {
    await putEntries('kept', 'outbox');
    await expectExact('outbox');
  }, 60_000);

  it('after a hold', async () => {
    await topic('held');
    await done('PUT', '/v1/topics/held/hold', {});
    await publishAll('held', 'held');
    await done('DELETE', '/v1/topics/held/hold');
    await expectExact('held');
  }, 60_000);

  it('after they were refused, listed verbatim, and tried again', async () => {
    await putEntries('later', 'refused');
    const refused = await list('/v1/refused', 'refused', samples.length);
    for (const { id, eventId } of refused) {
      const [members = ''] = samples[Number(eventId?.split('-')[1])] ?? [];
      expect((await done('GET', `/v1/refused/${id}`)).event).toBe(eventOf(eventId ?? '', members));
    }
    await topic('later');
    for (const { id } of refused) await done('POST', `/v1/refused/${id}/retry`);
    await expectExact('refused');
  }, 90_000);

  it.each(['redrive', 'deliveries'] as const)(
    'after they were dead letters, by %s',
    async (way) => {
      failing = true;
      await publishAll('kept', way);
      await until(() => found(way).size === samples.length * formats.length);
      for (const format of formats) {
        await list(`/v1/receivers/${format}/dead-letters`, 'deadLetters', samples.length);
      }
      failing = false;
      arrivals = [];
      if (way === 'redrive') {
        for (const receiver of formats) await done('POST', `/v1/receivers/${receiver}/redrive`, {});
        await expectExact(way);
        return;
      }
      // One by one, for each is a redrive of its own: some of each kind of sample.
      const some = samples.map((_, at) => at).filter((at) => at % 4 === 1);
      await Promise.all(
        formats.map((receiver) =>
          deliverAgain(
            receiver,
            some.map((at) => `${way}-${at}`),
          ),
        ),
      );
      await expectExact(way, some);
    },
    120_000,
  );

  it.each(formats)(
    'at `busbar listen`, in %s mode',
    async (format) => {
      await done('PUT', `/v1/receivers/heard-${format}`, { endpoint: 'http://127.0.0.1:1/', format });
      const env = { BUSBAR_URL: bus.url, BUSBAR_KEY: bus.adminKey };
      const name = `heard-${format}`;
      const cli = startCli(['listen', '--port', '0', '--receiver', name, '--replace', '--json'], env);
      await cli.printed('stderr', /Listening on/);
      // Data that looks like an event, under the very id of its event, is data all the same.
      const lookalike = '{"specversion":"1.0","id":"heard-lookalike","source":"/s","type":"t","data":1}';
      const body = `[${[
        ...samples.map(([members], at) => eventOf(`heard-${at}`, members)),
        eventOf('heard-lookalike', `"data":${lookalike}`),
      ].join(',')}]`;
      await done('POST', `/v1/receivers/${name}/events`, body, {
        'content-type': 'application/cloudevents-batch+json',
      });
      for (const id of [...idsOf('heard'), 'heard-lookalike'])
        await cli.printed('stdout', new RegExp(`"id":"${id}"`));
      cli.child.kill('SIGINT');
      const { stdout } = await cli.outcome;
      const printed = new Map(
        stdout
          .trim()
          .split('\n')
          .map((line) => [JSON.parse(line).event?.id as string, line] as const),
      );
      expect(printed.get('heard-lookalike')).toContain(`"data":${lookalike}`);
      for (const [at, id] of idsOf('heard').entries()) {
        const [members, data] = samples[at] ?? ['', Buffer.of()];
        const line = printed.get(id) ?? expect.fail(`${id} was not printed.`);
        const { data: shown, data_base64 } = JSON.parse(line).event;
        if (data_base64 !== undefined) expect(Buffer.from(data_base64, 'base64').equals(data), id).toBe(true);
        else if (members.includes('text/plain')) expect(shown ?? '', id).toBe(data.toString());
        // Values are the same, and numbers are digit by digit.
        else if (data.length > 0 && !members.includes('octet')) {
          expect(shown, id).toEqual(JSON.parse(data.toString()));
          // What a double holds may be printed otherwise (1.0 as 1); what it would round may not.
          if (/^-?[\d.]{17,}$|e-?400$/.test(data.toString())) expect(line, id).toContain(`"data":${data}`);
        }
      }
    },
    90_000,
  );
});
