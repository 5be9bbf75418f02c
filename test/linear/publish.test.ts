import { afterAll, beforeAll, expect, it } from 'vitest';
import { countWork } from './work.ts';

/**
 * The publish path is linear in what a tenant sends: twice the data takes at most twice the work. It is counted, and
 * not measured: blocks of our code, and elements that built-ins copy.
 */

const isOurs = (url: string) => /\/lib\/(?!stand-in\/)/.test(url);
const load = async () => ({
  ...(await import('../../lib/app/publish/publish.ts')),
  ...(await import('../../lib/core/filter/match.ts')),
  ...(await import('../app/bus.ts')),
});

let work: Awaited<ReturnType<typeof countWork<Awaited<ReturnType<typeof load>>>>>;
beforeAll(async () => {
  work = await countWork(isOurs, load);
});
afterAll(() => work.stop());

const list = <Item>(size: number, item: (n: number) => Item): Item[] =>
  Array.from({ length: size }, (_, n) => item(n));

/** Quadratic work grows fourfold. */
const ratioMax = 2.5;
/** What does not grow is not what this test is about. */
const ratioMin = 1.5;

async function expectLinear(size: number, run: (size: number) => Promise<() => unknown>): Promise<void> {
  const counts: number[] = [];
  // The first run also compiles and fills caches.
  await (await run(size))();
  for (const each of [size, 2 * size, 4 * size]) counts.push(await work.of(await run(each)));
  for (const [at, count] of counts.entries()) {
    if (at === 0) continue;
    const ratio = count / (counts[at - 1] ?? 0);
    expect(ratio, `work: ${counts.join(', ')}`).toBeLessThan(ratioMax);
    expect(ratio, `work: ${counts.join(', ')}`).toBeGreaterThan(ratioMin);
  }
}

const shapes: readonly [string, (size: number) => unknown][] = [
  ['a list of numbers', (size) => ({ a: list(size, (n) => n) })],
  ['a list of objects', (size) => ({ a: list(size, (n) => ({ kind: 'k', size: n })) })],
  ['an object of many members', (size) => ({ a: Object.fromEntries(list(size, (n) => [`member${n}`, n])) })],
  ['lists in a list', (size) => ({ a: list(size / 10, () => list(10, (n) => ({ n }))) })],
];

it.each(shapes)('publishes %s', async (_, data) => {
  const { admin, publish, shorthand, testBus } = work.code;
  const bus = await testBus();
  await bus.topic('orders');
  await expectLinear(2000, async (size) => {
    const request = shorthand({ type: 'test', data: data(size) });
    return () => publish(bus.tools, admin, { topic: 'orders' }, request);
  });
});

it.each(shapes)('publishes %s to a topic with a schema', async (_, data) => {
  const { admin, publish, shorthand, testBus } = work.code;
  const bus = await testBus();
  const schema = {
    properties: {
      a: { items: { type: ['number', 'object', 'array'] }, additionalProperties: { type: 'number' } },
    },
  };
  await bus.topic('orders', { schema });
  await expectLinear(2000, async (size) => {
    const request = shorthand({ type: 'test', data: data(size) });
    return () => publish(bus.tools, admin, { topic: 'orders' }, request);
  });
});

it('publishes many events', async () => {
  const { admin, publish, shorthand, testBus } = work.code;
  const bus = await testBus();
  await bus.topic('orders', { dedupSeconds: 60 });
  let request = 0;
  await expectLinear(24, async (size) => {
    const id = request++;
    const events = list(size, (n) => ({ type: 'test', id: `${id}-${n}`, subject: `s${n}`, data: n }));
    return () => publish(bus.tools, admin, { topic: 'orders' }, shorthand(events));
  });
});

const filter = { data: { a: { kind: ['k', { prefix: 'x' }], size: [{ numeric: ['>=', 0] }] } } };
it.each(shapes)('matches %s against a filter', async (_, data) => {
  await expectLinear(2000, async (size) => {
    const body = JSON.stringify({ data: data(size) });
    return () => work.code.mismatchesOfBody(filter as never, body);
  });
});
