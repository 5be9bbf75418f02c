import { expect, it } from 'vitest';
import * as z from 'zod';
import { publish } from '../../lib/app/publish/publish.ts';
import { getReceiver } from '../../lib/app/registry/flow.ts';
import { putReceiver } from '../../lib/app/registry/receivers.ts';
import { rotateSecret } from '../../lib/app/registry/secrets.ts';
import { sinks as shipped } from '../../lib/connectors/index.ts';
import { type KindSender, type Sink, sinksOf } from '../../lib/connectors/kind.ts';
import { parseSpec } from '../../lib/core/kernel/spec.ts';
import type { Receiver, ReceiverSpec } from '../../lib/core/registry/receiver.ts';
import { admin, shorthand, testBus } from '../app/bus.ts';
import { pathsOf, refusalOf } from '../core/refusal.ts';

/** A third kind, which no file of lib/ knows: it keeps what it is sent in an array. */
interface MemorySpec extends ReceiverSpec {
  readonly memory: { readonly name: string; readonly password?: string };
}
interface MemoryReceiver extends Receiver {
  readonly memory: MemorySpec['memory'];
}

const fields = {
  memory: z.strictObject({ name: z.string(), password: z.string().optional() }).optional(),
};
const memory: Sink<MemorySpec, MemoryReceiver> = {
  field: 'memory',
  title: 'an array in memory',
  titles: 'arrays in memory',
  fields,
  declaredFields: fields,
  shownFields: fields,
  fieldTexts: { memory: 'The array.' },
  deliveredBy: 'deliver',
  probedBy: 'probe',
  isSigned: false,
  isAsked: false,
  formats: ['structured', 'binary'],
  isProbedByHead: false,
  async check() {},
  keep: ({ memory: to }, existing) => ({
    endpoint: `memory:${to.name}`,
    memory: { ...existing?.memory, ...to },
  }),
  keepDeclared: ({ memory: to }) => ({ endpoint: `memory:${to.name}`, memory: to }),
  show: ({ memory: { password: _, ...shown } }) => ({ memory: shown }),
  credentials: ({ memory: { password = '' } }) => [password],
  sendSecondsMax: () => 1,
  retryPolicy: ({ retry }) => retry,
};

const sinks = sinksOf([...shipped.all, memory]);

/** A bus with the kind, whose function `deliver` sends to it. */
async function busWithMemory() {
  const bus = await testBus();
  const arrived: string[] = [];
  const sender: KindSender<MemoryReceiver> = {
    field: 'memory',
    open: async ({ memory: { name } }) => ({
      async send({ delivery }) {
        arrived.push(`${name}: ${delivery.eventId}`);
        return { kind: 'answer', status: 200, retryAfter: undefined, response: '' };
      },
      async close() {},
    }),
  };
  const tools = Object.assign(bus.tools, { sinks, senders: [...bus.tools.senders, sender] });
  const put = (body: object) => putReceiver(tools, admin, 'shelf', parseSpec(sinks.receiverSchema, body), []);
  return { bus, tools, put, arrived };
}

it('registers and shows a kind that is only in the list, without its credentials', async () => {
  const { tools, put } = await busWithMemory();
  const { created, document } = await put({ memory: { name: 'a', password: 'hunter2-memory' } });
  expect(created).toBe(true);
  expect(document).toMatchObject({ endpoint: 'memory:a', memory: { name: 'a' } });
  expect(document).not.toHaveProperty('secret');
  await put({ memory: { name: 'a' }, timeoutSeconds: 2 });
  expect(await tools.registry.receiver('shelf')).toMatchObject({
    memory: { name: 'a', password: 'hunter2-memory' },
    timeoutSeconds: 2,
  });
  expect(JSON.stringify(await getReceiver(tools, admin, 'shelf'))).not.toContain('hunter2');
  await expect(rotateSecret(tools, admin, 'shelf', {})).rejects.toThrow('is an array in memory');
});

it('delivers to it', async () => {
  const { bus, tools, put, arrived } = await busWithMemory();
  await put({ memory: { name: 'a' } });
  await publish(tools, admin, { receiver: 'shelf' }, shorthand([{ id: '1', type: 'a', data: {} }]));
  expect(await bus.runLane('shelf', tools)).toEqual({ received: 1, kept: 0 });
  expect(arrived).toEqual(['a: 1']);
});

it.each<[string, object]>([
  ['memory.size', { memory: { name: 'a', size: 3 } }],
  ['endpoint', {}],
  ['endpoint', { endpoint: 'https://shop.example.com/', memory: { name: 'a' } }],
  ['headers', { memory: { name: 'a' }, headers: { 'x-team': 'shop' } }],
  ['secret', { memory: { name: 'a' }, secret: 'whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' }],
  ['validate', { memory: { name: 'a' }, validate: 'handshake' }],
  ['breaker.probe', { memory: { name: 'a' }, breaker: { probe: 'head' } }],
  ['tape', { tape: {} }],
])('refuses a body of no kind, of two, or with the fields of another, by its path: %s', (path, body) => {
  expect(pathsOf(refusalOf(() => parseSpec(sinks.receiverSchema, body)))).toContain(path);
});
