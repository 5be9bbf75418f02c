import { beforeEach, describe, expect, it } from 'vitest';
import { patchApplication, putApplication } from '../../../lib/app/access/applications.ts';
import { createKeyOf, revokeKeyOf } from '../../../lib/app/access/keys.ts';
import { publish } from '../../../lib/app/publish/publish.ts';
import { deleteReceiver, putReceiver } from '../../../lib/app/registry/receivers.ts';
import { deleteTopic, getTopic, putTopic } from '../../../lib/app/registry/topics.ts';
import { deleteRecurrence, putRecurrence } from '../../../lib/app/schedule/recurrences.ts';
import type { Quotas } from '../../../lib/core/access/quotas.ts';
import { admin, member, shorthand, type TestBus, testBus } from '../bus.ts';

const shop = member('shop');
const exceeded = (quota: string, limit: number) => ({
  code: 'quota_exceeded',
  status: 429,
  retryAfterSeconds: expect.any(Number),
  members: { quota, application: 'shop', limit },
});
// The fields of its kind are checked by the kind.
const receiverSpec = { endpoint: 'https://shop.example.com/events' } as object;
const scheduleSpec = { topic: 'a', everySeconds: 3600, event: { type: 't', data: 1 } };

let bus: TestBus;
const quotas = (of: Quotas) => patchApplication(bus.tools, admin, 'shop', { quotas: of });

beforeEach(async () => {
  bus = await testBus();
  await putApplication(bus.tools, admin, 'shop', {});
});

describe('a quota of things', () => {
  it('of topics refuses one more, and takes it when one is gone', async () => {
    await quotas({ topics: 2 });
    await putTopic(bus.tools, shop, 'a', {});
    await putTopic(bus.tools, shop, 'b', {});
    await expect(putTopic(bus.tools, shop, 'c', {})).rejects.toMatchObject(exceeded('topics', 2));
    // An admin who names the owner is bound by it, too; a change of what is there takes nothing.
    await expect(putTopic(bus.tools, admin, 'c', { owner: 'shop' })).rejects.toMatchObject(
      exceeded('topics', 2),
    );
    await putTopic(bus.tools, shop, 'a', { description: 'changed' });
    await putTopic(bus.tools, member('crm'), 'of-crm', {});

    await deleteTopic(bus.tools, shop, 'b');
    await putTopic(bus.tools, shop, 'c', {});
  });

  it('of receivers, schedules and keys does the same', async () => {
    await quotas({ receivers: 1, schedules: 1, keys: 1 });
    await putTopic(bus.tools, shop, 'a', {});
    await putReceiver(bus.tools, shop, 'r1', receiverSpec, []);
    await expect(putReceiver(bus.tools, shop, 'r2', receiverSpec, [])).rejects.toMatchObject(
      exceeded('receivers', 1),
    );
    await deleteReceiver(bus.tools, shop, 'r1', true);
    await putReceiver(bus.tools, shop, 'r2', receiverSpec, []);

    await putRecurrence(bus.tools, shop, 's1', scheduleSpec);
    await expect(putRecurrence(bus.tools, shop, 's2', scheduleSpec)).rejects.toMatchObject(
      exceeded('schedules', 1),
    );
    await deleteRecurrence(bus.tools, shop, 's1');
    await putRecurrence(bus.tools, shop, 's2', scheduleSpec);

    const { keyId } = await createKeyOf(bus.tools, shop, 'shop', { name: 'a', role: 'member' });
    await expect(createKeyOf(bus.tools, shop, 'shop', { name: 'b', role: 'member' })).rejects.toMatchObject(
      exceeded('keys', 1),
    );
    await revokeKeyOf(bus.tools, shop, 'shop', keyId);
    await createKeyOf(bus.tools, shop, 'shop', { name: 'b', role: 'member' });
  });

  it('of concurrency is the sum of that of its receivers', async () => {
    await quotas({ concurrency: 150 });
    const put = (name: string, concurrency?: number) =>
      putReceiver(
        bus.tools,
        shop,
        name,
        { ...receiverSpec, ...(concurrency !== undefined && { limits: { concurrency } }) },
        [],
      );
    await put('r1');
    await expect(put('r2', 60)).rejects.toMatchObject(exceeded('concurrency', 150));
    await put('r2', 50);
    await expect(put('r2', 51)).rejects.toMatchObject(exceeded('concurrency', 150));
    await put('r1', 20);
    await put('r2', 130);
  });

  it('holds when many are made at the same time', async () => {
    await quotas({ topics: 3 });
    const made = await Promise.allSettled(
      ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => putTopic(bus.newTools(), shop, name, {})),
    );
    const refused = made.filter(({ status }) => status === 'rejected');
    expect(refused).toHaveLength(3);
    expect((await bus.tools.registry.topics()).filter(({ owner }) => owner === 'shop')).toHaveLength(3);
  });

  it('counts what was there before quotas were, and is given up by what did not come about', async () => {
    await quotas({ topics: 2 });
    await bus.topic('of-an-earlier-release', { owner: 'shop' });
    bus.intercept('sns.CreateTopic', () => {
      throw new Error('SNS is away.');
    });
    await expect(putTopic(bus.tools, shop, 'lost', {})).rejects.toThrow();
    bus.restore('sns.CreateTopic');
    await expect(putTopic(bus.tools, shop, 'c', {})).rejects.toMatchObject(exceeded('topics', 2));

    await bus.clock.advance(600_000);

    await putTopic(bus.tools, shop, 'c', {});
    await expect(putTopic(bus.tools, shop, 'd', {})).rejects.toMatchObject(exceeded('topics', 2));
  });

  it('of a parent counts what its children have', async () => {
    await quotas({ topics: 2 });
    await putApplication(bus.tools, admin, 'child', { parent: 'shop' });
    await putTopic(bus.tools, member('child'), 'a', {});
    await putTopic(bus.tools, shop, 'b', {});
    await expect(putTopic(bus.tools, member('child'), 'c', {})).rejects.toMatchObject(exceeded('topics', 2));
    await expect(putTopic(bus.tools, shop, 'c', {})).rejects.toMatchObject(exceeded('topics', 2));
    await deleteTopic(bus.tools, member('child'), 'a');
    await putTopic(bus.tools, shop, 'c', {});
  });

  it('of a child is at most that of its parent', async () => {
    await quotas({ topics: 2 });
    const child = (of: Quotas) => putApplication(bus.tools, admin, 'child', { parent: 'shop', quotas: of });
    const refused = { code: 'invalid_request', fields: [{ path: 'quotas.topics' }] };
    await expect(child({ topics: 3 })).rejects.toMatchObject(refused);
    await child({ topics: 2 });
    await expect(child({ topics: 3 })).rejects.toMatchObject(refused);
    await expect(child({ receivers: 1001 })).rejects.toMatchObject({ code: 'invalid_request' });
  });

  it('costs a change of what is there nothing', async () => {
    await putTopic(bus.tools, shop, 'a', {});
    bus.calls.length = 0;
    await putTopic(bus.tools, shop, 'a', { description: 'changed' });
    expect(bus.calls.filter((call) => /TransactWriteItems|Query/.test(call))).toEqual([]);
  });
});

describe('a new owner', () => {
  beforeEach(async () => {
    await putTopic(bus.tools, shop, 'a', {});
  });

  it('is named by the owner, exists, and has a place for it', async () => {
    await expect(putTopic(bus.tools, shop, 'a', { owner: 'nobody' })).rejects.toMatchObject({
      code: 'unknown_application',
    });
    await putApplication(bus.tools, admin, 'crm', { quotas: { topics: 0 } });
    await expect(putTopic(bus.tools, shop, 'a', { owner: 'crm' })).rejects.toMatchObject({
      code: 'quota_exceeded',
      members: { application: 'crm' },
    });
    await quotas({ topics: 1 });
    await patchApplication(bus.tools, admin, 'crm', { quotas: { topics: 1 } });

    await putTopic(bus.tools, shop, 'a', { owner: 'crm' });

    expect(await getTopic(bus.tools, 'a')).toMatchObject({ owner: 'crm' });
    await putTopic(bus.tools, shop, 'b', {});
    await expect(putTopic(bus.tools, shop, 'a', { owner: 'shop' })).rejects.toMatchObject({
      code: 'forbidden',
    });
  });

  it('cannot be used by anybody else', async () => {
    await putApplication(bus.tools, admin, 'crm', {});
    await expect(putTopic(bus.tools, member('crm'), 'a', { owner: 'crm' })).rejects.toMatchObject({
      code: 'forbidden',
    });
    await expect(putTopic(bus.tools, member('crm'), 'new', { owner: 'shop' })).rejects.toMatchObject({
      code: 'forbidden',
    });
  });
});

describe('publishPerSecond', () => {
  const keyed = { ...shop, keyId: 'k' };
  const events = (count: number) => shorthand(Array.from({ length: count }, () => ({ type: 't', data: 1 })));
  const writes = () => bus.calls.filter((call) => call.startsWith('dynamodb.UpdateItem')).length;

  beforeEach(async () => {
    await bus.topic('a');
  });

  it('refuses what is more than it allows in five seconds, and goes on after these', async () => {
    await quotas({ publishPerSecond: 20 });
    let accepted = 0;
    let refusal: unknown;
    while (refusal === undefined) {
      await publish(bus.tools, keyed, { topic: 'a' }, events(10)).then(
        () => {
          accepted += 10;
        },
        (error) => {
          refusal = error;
        },
      );
    }
    expect(refusal).toMatchObject({ ...exceeded('publishPerSecond', 20), retryAfterSeconds: 5 });
    expect(accepted).toBeGreaterThanOrEqual(100);
    expect(accepted).toBeLessThanOrEqual(111);

    await bus.clock.advance(5000);
    await publish(bus.tools, keyed, { topic: 'a' }, events(10));
  });

  it('is shared by all instances', async () => {
    await quotas({ publishPerSecond: 20 });
    const instances = Array.from({ length: 4 }, () => bus.newTools());
    let accepted = 0;
    for (let round = 0; round < 50; round++) {
      for (const tools of instances) {
        await publish(tools, keyed, { topic: 'a' }, events(1)).then(
          () => {
            accepted += 1;
          },
          () => undefined,
        );
      }
    }
    expect(accepted).toBeGreaterThanOrEqual(100);
    // A hundredth for each instance, and the last lease.
    expect(accepted).toBeLessThanOrEqual(100 + 4 + 5);
  });

  it('costs no write for an instance that publishes little, and few for one that publishes much', async () => {
    await publish(bus.tools, keyed, { topic: 'a' }, events(1));
    const before = writes();
    for (let at = 0; at < 4; at++) await publish(bus.tools, keyed, { topic: 'a' }, events(100));
    expect(writes() - before).toBe(0);
    for (let at = 0; at < 30; at++) await publish(bus.tools, keyed, { topic: 'a' }, events(100));
    expect(writes() - before).toBeLessThanOrEqual(2);
  });

  it('of 0 refuses everything', async () => {
    await quotas({ publishPerSecond: 0 });
    await expect(publish(bus.tools, keyed, { topic: 'a' }, events(1))).rejects.toMatchObject(
      exceeded('publishPerSecond', 0),
    );
  });

  it('of a parent counts what its children publish', async () => {
    await quotas({ publishPerSecond: 0 });
    await putApplication(bus.tools, admin, 'child', { parent: 'shop' });
    await putTopic(bus.tools, member('child'), 'b', {});
    await expect(
      publish(bus.tools, { ...member('child'), keyId: 'k' }, { topic: 'b' }, events(1)),
    ).rejects.toMatchObject(exceeded('publishPerSecond', 0));
  });
});
