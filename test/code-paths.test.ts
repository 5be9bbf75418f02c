import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { create as createDeliver } from '../functions/deliver.ts';
import { create as createPublish } from '../functions/publish.ts';
import { hashKey } from '../lib/core/access/key.ts';
import { keptRowsAtOnce } from '../lib/core/catalog/limits.ts';
import { queueArn } from '../lib/core/kernel/place.ts';
import { writesAtOnce } from '../lib/core/statistics/allowance.ts';
import { type TestBus, testBus } from './app/bus.ts';
import { visitedFiles } from './visited-files.ts';

const root = join(import.meta.dirname, '..');
const page = readFileSync(join(root, 'docs/architecture.md'), 'utf8');
const key = 'busbar_test';

/** The files that a subsection of the page lists, one for each item of its list, and how many it says there are. */
function listed(heading: string): { files: string[]; count: number } {
  const [, section = ''] = page.split(`\n### ${heading}\n`);
  const [body = ''] = section.split(/\n##/);
  const files = [...body.matchAll(/^\d+\. `([^`]+)`/gm)].map(([, file = '']) => file).sort();
  return { files, count: Number(/(\d+) files/.exec(body)?.[1]) };
}

/** Our own files, without the stand-in, which takes the place of AWS. */
async function path(run: () => Promise<unknown>): Promise<string[]> {
  const files = await visitedFiles(root, run);
  return files.filter((file) => /^(functions|lib)\//.test(file) && !file.startsWith('lib/stand-in/'));
}

async function busWithSubscription(): Promise<TestBus> {
  const bus = await testBus();
  await bus.tools.keys.put({
    hash: hashKey(key),
    application: 'shop',
    role: 'member',
    name: '',
    createdAt: '',
  } as never);
  await bus.topic('orders');
  await bus.receiver('shop');
  await bus.subscription('orders', 'shop');
  bus.endpoint('https://shop.example.com/events', () => 204);
  return bus;
}

function publisher(bus: TestBus): () => Promise<unknown> {
  const handler = createPublish(bus.runtime);
  const request = {
    requestContext: {},
    pathParameters: { topic: 'orders' },
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: '{"type":"order.paid","data":{"id":1}}',
  };
  return () => handler(request as never, {} as never);
}

/** Takes what waits in the lane, and answers a function that delivers it as the mapping has it delivered. */
function deliverer(bus: TestBus): () => Promise<() => Promise<unknown>> {
  const handler = createDeliver(bus.runtime);
  return async () => {
    const messages = await bus.receive(bus.urlOf('shop', 'online'));
    const Records = messages.map(({ messageId, receiptHandle, body, attributes, receives, sentAtMs }) => ({
      messageId,
      receiptHandle,
      body,
      eventSourceARN: queueArn(bus.config, 'shop', 'online'),
      attributes: { ApproximateReceiveCount: String(receives), SentTimestamp: String(sentAtMs) },
      messageAttributes: Object.fromEntries(
        Object.entries(attributes).map(([name, stringValue]) => [name, { stringValue }]),
      ),
    }));
    return () => handler({ Records } as never);
  };
}

describe('the files that docs/architecture.md lists are those visited', () => {
  it('by a publish over HTTP to a topic, by an instance that has published before', async () => {
    const bus = await busWithSubscription();
    const publish = publisher(bus);
    // The first ones are also kept for dry runs, and written to the statistics at once.
    for (let n = 0; n <= Math.max(keptRowsAtOnce, writesAtOnce); n++) await publish();

    let answer: unknown;
    const files = await path(async () => {
      answer = await publish();
    });

    expect(answer).toMatchObject({ statusCode: 202 });
    expect({ files, count: files.length }).toEqual(listed('Publish'));
    // Raise it only for a feature that every publish needs.
    expect(files.length).toBeLessThanOrEqual(42);
  });

  it('by a delivery to an endpoint that answers 204, by an instance that has delivered before', async () => {
    const bus = await busWithSubscription();
    const publish = publisher(bus);
    const take = deliverer(bus);
    // The first ones are also written to the statistics at once.
    for (let n = 0; n <= writesAtOnce; n++) {
      await publish();
      await (await take())();
    }
    await publish();
    const deliver = await take();

    let answer: unknown;
    const files = await path(async () => {
      answer = await deliver();
    });

    expect(answer).toEqual({ batchItemFailures: [] });
    expect(bus.requests).toHaveLength(writesAtOnce + 2);
    expect({ files, count: files.length }).toEqual(listed('Deliver'));
    // Raise it only for a feature that every delivery needs.
    expect(files.length).toBeLessThanOrEqual(39);
  });
});
