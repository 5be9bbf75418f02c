import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from 'vitest';
import { putApplication } from '../../../lib/app/access/applications.ts';
import { makeKey } from '../../../lib/app/access/keys.ts';
import { publish } from '../../../lib/app/publish/publish.ts';
import { resumeReceiver } from '../../../lib/app/registry/flow.ts';
import { createRequest, decideRequest } from '../../../lib/app/request/requests.ts';
import { sweepBacklogs } from '../../../lib/app/system-event/backlog.ts';
import { sweepSystemEvents } from '../../../lib/app/system-event/sweep-system-events.ts';
import { beginTransaction } from '../../../lib/app/transaction/transaction.ts';
import type { Principal } from '../../../lib/core/access/access.ts';
import {
  type SystemEventName,
  systemEventNames,
  systemEventTypes,
} from '../../../lib/core/system-event/types.ts';
import { type BridgeBus, bridgeBus } from '../bridge/bridge-bus.ts';
import { admin, member, shorthand } from '../bus.ts';
import {
  forceBreaker,
  patchReceiver,
  putHold,
  putReceiver,
  putSubscription,
  putTopic,
  releaseHold,
  startRedrive,
} from '../calls.ts';
import { outboxTable } from '../relay/outbox-bus.ts';

/** What really happens, and the system event that it causes: one row at least for each type of docs/alerts.md. */

const minute = 60_000;
const day = 24 * 60 * minute;
const shop: Principal = { ...member('shop'), keyId: 'key_of_shop' };
const team = member('team');
const url = (receiver: string) => `https://${receiver}.example.com/events`;

interface Told {
  readonly type: string;
  readonly subject: string;
  readonly data: Record<string, unknown>;
}
type Bus = BridgeBus & { told(listener: string): Told[]; minutes(count: number): Promise<void> };

/** The application shop with a topic, a receiver and alerts; alerts of another application, and of an admin. */
async function causesBus(): Promise<Bus> {
  const bus = await bridgeBus();
  for (const name of ['shop', 'team', 'other']) await putApplication(bus.tools, admin, name, {});
  await putTopic(bus.tools, shop, 'shop', { access: { publish: 'request' } });
  const listen = async (name: string, who: Principal) => {
    await bus.receiver(name, { owner: who.application });
    bus.endpoint(url(name), () => 204);
    await putSubscription(bus.tools, who, 'busbar', name, {});
  };
  await listen('alerts-of-shop', shop);
  await listen('alerts-of-team', team);
  await listen('alerts-of-other', member('other'));
  await listen('alerts-of-ops', admin);
  bus.run();
  return {
    ...bus,
    told: (listener) =>
      bus.requests
        .filter((request) => request.url === url(listener))
        .map(({ body }) => JSON.parse(String(body))),
    async minutes(count) {
      for (let done = 0; done < count; done++) {
        await bus.clock.advance(minute);
        const tools = bus.newTools();
        await sweepSystemEvents(tools);
        await sweepBacklogs(tools);
      }
    },
  };
}

const event = (id: string, more: object = {}) =>
  shorthand({ id, source: '/s', type: 't', data: {}, ...more });
const ids = Array.from({ length: 10 }, (_, at) => `event-${at}`);
const send = (bus: Bus, more: object = {}, who = shop) =>
  publish(bus.tools, who, { topic: 'shop' }, event('1', more));

/** The endpoint of the receiver fails every event that waits for it. */
async function fail(bus: Bus, status = 500, fields: object = {}): Promise<void> {
  bus.endpoint(url('billing'), () => status);
  await patchReceiver(bus.tools, admin, 'billing', { retry: { delaysSeconds: [] }, ...fields }, []);
  for (const id of ids) await publish(bus.tools, shop, { receiver: 'billing' }, event(id));
  await bus.minutes(1);
}

/** A call that waits for the clock. */
async function waited(bus: Bus, call: Promise<unknown>): Promise<void> {
  let isDone = false;
  const end = () => {
    isDone = true;
  };
  call.then(end, end);
  await bus.clock.until(() => isDone, minute);
  await call;
}

const redriven = async (bus: Bus, status: number) => {
  await fail(bus, 500, { breaker: { minimumAttempts: 1000 } });
  bus.endpoint(url('billing'), () => status);
  const { id } = await startRedrive(bus.tools, shop, 'billing', {});
  await bus.minutes(10);
  return id;
};
const asked = async (bus: Bus) =>
  (await createRequest(bus.tools, team, { kind: 'publish', topic: 'shop' })).id;
const decided = async (bus: Bus, message: 'approve' | 'reject') => {
  const id = await asked(bus);
  await decideRequest(bus.tools, shop, id, message, undefined);
};
const opened = { receiver: 'billing', reason: expect.stringContaining('by http-500'), isForced: false };
const closed = (reason: string, isForced: boolean) => ({ receiver: 'billing', reason, isForced });
const request = { request: expect.any(String), kind: 'publish', application: 'team', topic: 'shop' };
const since = expect.any(String);
const quota = (refused: object, count: unknown = 1) => ({ application: 'shop', count, since, refused });
/** They count once what an instance remembers is old. */
async function quotas(bus: Bus, of: object): Promise<void> {
  await putApplication(bus.tools, admin, 'shop', { quotas: of });
  await bus.clock.advance(10_000);
}

interface Cause {
  readonly type: SystemEventName;
  readonly what: string;
  readonly cause: (bus: Bus) => Promise<unknown>;
  /** The name in the subject. */
  readonly of: unknown;
  readonly data: object;
  /** Those that are told, beside the admin. */
  readonly to?: readonly string[];
}

const causes: readonly Cause[] = [
  { type: 'busbar.breaker.opened', what: 'the endpoint fails', cause: fail, of: 'billing', data: opened },
  {
    type: 'busbar.breaker.opened',
    what: 'somebody opens it',
    cause: (bus) => forceBreaker(bus.tools, shop, 'billing', { state: 'open' }),
    of: 'billing',
    data: closed('opened by hand by shop', true),
  },
  {
    type: 'busbar.breaker.closed',
    what: 'the endpoint works again',
    cause: async (bus) => {
      await fail(bus);
      bus.endpoint(url('billing'), () => 204);
      for (let round = 0; round < 40; round++) {
        await send(bus, { id: `again-${round}` });
        await bus.minutes(1);
      }
    },
    of: 'billing',
    data: closed('the endpoint is back', false),
  },
  {
    type: 'busbar.breaker.closed',
    what: 'somebody closes it',
    cause: async (bus) => {
      await fail(bus);
      await forceBreaker(bus.tools, shop, 'billing', { state: 'closed' });
    },
    of: 'billing',
    data: closed('closed by hand by shop', true),
  },
  ...(['PUT', 'PATCH'] as const).map(
    (method): Cause => ({
      type: 'busbar.breaker.closed',
      what: `a ${method} gives the receiver another endpoint`,
      cause: async (bus) => {
        await fail(bus);
        const spec = { endpoint: url('elsewhere') };
        await (method === 'PUT' ? putReceiver : patchReceiver)(bus.tools, shop, 'billing', spec, []);
      },
      of: 'billing',
      data: closed('the endpoint was changed', false),
    }),
  ),
  {
    type: 'busbar.receiver.disabled',
    what: 'the endpoint answers 410',
    cause: (bus) => fail(bus, 410),
    of: 'billing',
    data: { receiver: 'billing', reason: expect.stringContaining('http-410') },
  },
  ...(['a resume', 'a PUT'] as const).map(
    (how): Cause => ({
      type: 'busbar.receiver.enabled',
      what: `${how} enables the receiver`,
      cause: async (bus) => {
        await fail(bus, 410);
        bus.endpoint(url('billing'), () => 204);
        if (how === 'a resume') await resumeReceiver(bus.tools, shop, 'billing');
        else await putReceiver(bus.tools, shop, 'billing', { endpoint: url('billing') }, []);
      },
      of: 'billing',
      data: { receiver: 'billing' },
    }),
  ),
  {
    type: 'busbar.dead-letters',
    what: 'deliveries use up their attempts',
    cause: async (bus) => {
      bus.endpoint(url('billing'), () => 500);
      await patchReceiver(bus.tools, shop, 'billing', { retry: { delaysSeconds: [] } }, []);
      await send(bus);
    },
    of: 'billing',
    data: { receiver: 'billing', count: 1, since, causes: { 'http-500': 1 } },
  },
  {
    type: 'busbar.backlog.high',
    what: 'an event waits for long',
    cause: async (bus) => {
      bus.endpoint(url('billing'), () => 500);
      await patchReceiver(bus.tools, shop, 'billing', { retry: { delaysSeconds: Array(20).fill(240) } }, []);
      await send(bus);
      await bus.minutes(25);
    },
    of: 'billing',
    data: { receiver: 'billing', oldestSeconds: expect.any(Number) },
  },
  {
    type: 'busbar.backlog.normal',
    what: 'what waited is delivered',
    cause: async (bus) => {
      bus.endpoint(url('billing'), () => 500);
      await patchReceiver(bus.tools, shop, 'billing', { retry: { delaysSeconds: Array(20).fill(240) } }, []);
      await send(bus);
      await bus.minutes(25);
      bus.endpoint(url('billing'), () => 204);
      await bus.minutes(15);
    },
    of: 'billing',
    data: { receiver: 'billing', highSeconds: expect.any(Number) },
  },
  {
    type: 'busbar.redrive.halted',
    what: 'the endpoint still fails',
    cause: (bus) => redriven(bus, 500),
    of: 'billing',
    data: { receiver: 'billing', redrive: expect.any(String), reason: expect.any(String) },
  },
  {
    type: 'busbar.redrive.done',
    what: 'everything is sent',
    cause: (bus) => redriven(bus, 204),
    of: 'billing',
    data: { receiver: 'billing', redrive: expect.any(String), sent: ids.length },
  },
  {
    type: 'busbar.topic.held',
    what: 'somebody holds it',
    cause: (bus) => waited(bus, putHold(bus.tools, shop, 'shop', { reason: 'Repair' })),
    of: 'shop',
    data: { topic: 'shop', reason: 'by hand by shop: Repair' },
  },
  {
    type: 'busbar.topic.released',
    what: 'what it held is out',
    cause: async (bus) => {
      await waited(bus, putHold(bus.tools, shop, 'shop', {}));
      await send(bus);
      await releaseHold(bus.tools, shop, 'shop', {});
      await bus.minutes(3);
    },
    of: 'shop',
    data: { topic: 'shop' },
  },
  {
    type: 'busbar.request.opened',
    what: 'another application asks',
    cause: asked,
    of: expect.any(String),
    data: request,
    to: ['shop', 'team'],
  },
  {
    type: 'busbar.request.approved',
    what: 'the owner approves',
    cause: (bus) => decided(bus, 'approve'),
    of: expect.any(String),
    data: request,
    to: ['shop', 'team'],
  },
  {
    type: 'busbar.request.rejected',
    what: 'the owner rejects',
    cause: (bus) => decided(bus, 'reject'),
    of: expect.any(String),
    data: request,
    to: ['shop', 'team'],
  },
  {
    type: 'busbar.key.expiring',
    what: 'a key has a week left',
    cause: async (bus) => {
      const expiresAt = new Date(bus.clock.now() + 7 * day + minute).toISOString();
      await makeKey(bus.tools, { application: 'shop', role: 'member', name: 'ci', expiresAt });
      await bus.minutes(3);
    },
    of: expect.any(String),
    data: { application: 'shop', keyId: expect.any(String), name: 'ci', expiresAt: expect.any(String) },
  },
  {
    type: 'busbar.quota.reached',
    what: 'it publishes too much',
    cause: async (bus) => {
      await quotas(bus, { publishPerSecond: 0 });
      await expect(send(bus)).rejects.toMatchObject({ code: 'quota_exceeded' });
    },
    of: 'shop',
    data: quota({ publishPerSecond: 1 }),
  },
  {
    type: 'busbar.quota.reached',
    what: 'it makes too many topics',
    cause: async (bus) => {
      await quotas(bus, { topics: 1 });
      await expect(putTopic(bus.tools, shop, 'second', {})).rejects.toMatchObject({ code: 'quota_exceeded' });
    },
    of: 'shop',
    data: quota({ topics: 1 }),
  },
  ...(
    [
      ['delayedEvents', { delayedEvents: 0 }],
      ['storedBytes', { storedBytes: 10 }],
    ] as const
  ).map(
    ([name, limits]): Cause => ({
      type: 'busbar.quota.reached',
      what: `what waits for it uses up ${name}`,
      cause: async (bus) => {
        await quotas(bus, limits);
        for (let tries = 0; tries < 3; tries++) {
          await expect(send(bus, { delaySeconds: 600 })).rejects.toMatchObject({ code: 'quota_exceeded' });
        }
      },
      of: 'shop',
      data: quota({ [name]: 1 }),
    }),
  ),
  {
    type: 'busbar.transaction.given-up',
    what: 'nobody decides it',
    cause: async (bus) => {
      const events = [{ topic: 'shop', id: '1', source: '/s', type: 't', data: {} }];
      await beginTransaction(bus.tools, shop, shorthand({ id: 'txn-1', events, checkAfterSeconds: 60 }), []);
      for (let hours = 0; hours < 30; hours++) await bus.clock.advance(60 * minute);
      await bus.minutes(2);
    },
    of: 'txn-1',
    data: { application: 'shop', transaction: 'txn-1', reason: expect.any(String) },
  },
  {
    type: 'busbar.event.refused',
    what: 'an entry of the outbox names no topic that there is',
    cause: async (bus) => {
      const Item = {
        pk: { S: 'outbox#shop#key' },
        sk: { S: '1' },
        busbarTopic: { S: 'nowhere' },
        busbarEvent: { S: JSON.stringify({ id: '1', source: '/s', type: 't', data: {} }) },
        busbarAt: { N: String(bus.clock.now()) },
      };
      await bus.dynamodb.send(new PutItemCommand({ TableName: outboxTable, Item }));
      await bus.minutes(1);
    },
    of: 'shop',
    data: { application: 'shop', count: 1, since, codes: { unknown_topic: 1 } },
  },
  {
    type: 'busbar.bridge.failing',
    what: 'the other side does not let it in',
    cause: async (bus) => {
      bus.broker.requireCredentials('key', 'right');
      await bus.runBridge();
    },
    of: 'legacy',
    data: { bridge: 'legacy', count: expect.any(Number), since, failures: expect.any(Object) },
    to: [],
  },
];

it('every type of system event has a cause here', () => {
  expect([...new Set(causes.map(({ type }) => type))].sort()).toEqual([...systemEventNames].sort());
});

describe.each(causes)('$type, because $what', ({ type, cause, of, data, to = ['shop'] }) => {
  it('tells whom it concerns, and nobody else', async () => {
    const bus = await causesBus();
    await cause(bus);
    await bus.minutes(2);
    const found = (listener: string) => bus.told(listener).filter((told) => told.type === type);
    expect(found('alerts-of-ops')).toHaveLength(1);
    const [told] = found('alerts-of-ops');
    const { subject, data: schema } = systemEventTypes[type];
    expect(told?.data).toEqual(data);
    expect(schema.safeParse(told?.data).success).toBe(true);
    const [kind, name] = told?.subject.split('/') ?? [];
    expect([kind, name]).toEqual([subject, of]);
    for (const application of ['shop', 'team', 'other']) {
      const expected = to.includes(application) ? 1 : 0;
      expect([application, found(`alerts-of-${application}`).length]).toEqual([application, expected]);
    }
  });
});
