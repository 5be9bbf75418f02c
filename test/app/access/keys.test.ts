import { DeleteItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from 'vitest';
import {
  type AuthenticateTools,
  authenticate as authenticateFrom,
} from '../../../lib/app/access/authenticate.ts';
import { createKeyOf, listKeys, makeKey, revokeKey, revokeKeyOf } from '../../../lib/app/access/keys.ts';
import { hashKey, keyIdOf } from '../../../lib/core/access/key.ts';
import { wrongKeysPerMinute } from '../../../lib/core/access/limits.ts';
import { AwsError } from '../../../lib/stand-in/engines/engine.ts';
import { admin, environment, member, type TestBus, testBus } from '../bus.ts';

const shop = { application: 'shop', role: 'member' } as const;
const refused = { code: 'unauthorized', status: 401 };
const day = 86_400_000;

const authenticate = (tools: AuthenticateTools, authorization: string, address = '192.0.2.1') =>
  authenticateFrom(tools, { authorization, address });

describe('a key', () => {
  it('tells who sends a request, until it is revoked and five seconds have passed', async () => {
    const bus = await testBus();
    const { key, keyId, ...shown } = await makeKey(bus.tools, { ...shop, name: 'checkout' });
    expect(shown).toEqual({ ...shop, name: 'checkout', createdAt: '2026-01-01T00:00:00.000Z' });
    const another = bus.newTools();
    expect(await authenticate(another, `Bearer ${key}`)).toEqual({ ...shop, keyId });

    await revokeKeyOf(bus.tools, admin, 'shop', keyId);
    await expect(authenticate(bus.tools, `Bearer ${key}`)).rejects.toMatchObject(refused);
    // Another instance remembers it for a moment.
    expect(await authenticate(another, `Bearer ${key}`)).toMatchObject(shop);
    await bus.clock.advance(4001);
    await expect(authenticate(another, `Bearer ${key}`)).rejects.toMatchObject(refused);
  });

  it('of an admin is refused everywhere as soon as it is revoked', async () => {
    const bus = await testBus();
    const { key, keyId } = await makeKey(bus.tools, { application: 'ops', role: 'admin' });
    const another = bus.newTools();
    expect(await authenticate(another, `Bearer ${key}`)).toMatchObject({ role: 'admin' });

    await revokeKeyOf(bus.tools, admin, 'ops', keyId);

    await expect(authenticate(another, `Bearer ${key}`)).rejects.toMatchObject(refused);
  });

  it('is revoked and made although somebody writes its row at the same moment', async () => {
    const bus = await testBus();
    const conflict = () =>
      new AwsError('TransactionCanceledException', 'Transaction cancelled [TransactionConflict]', {
        members: { CancellationReasons: [{ Code: 'TransactionConflict' }, { Code: 'None' }] },
      });
    let conflicts = 0;
    bus.intercept('dynamodb.TransactWriteItems', async (_, next) => {
      if (conflicts-- > 0) throw conflict();
      return await next();
    });
    async function during<Answer>(count: number, call: Promise<Answer>): Promise<Answer> {
      conflicts = count;
      const [answer] = await Promise.all([call, bus.clock.advance(5000)]);
      return answer;
    }
    const { key, keyId } = await during(3, makeKey(bus.tools, { application: 'ops', role: 'admin' }));
    expect(await authenticate(bus.tools, `Bearer ${key}`)).toMatchObject({ keyId });
    await during(3, revokeKeyOf(bus.tools, admin, 'ops', keyId));
    await expect(authenticate(bus.tools, `Bearer ${key}`)).rejects.toMatchObject(refused);

    const kept = await makeKey(bus.tools, { application: 'ops', role: 'admin' });
    await expect(during(99, revokeKeyOf(bus.tools, admin, 'ops', kept.keyId))).rejects.toMatchObject({
      code: 'conflict',
    });
    expect(await authenticate(bus.tools, `Bearer ${kept.key}`)).toMatchObject({ keyId: kept.keyId });
  });

  it('is refused from the moment on at which it expires, cached or not', async () => {
    const bus = await testBus();
    const expiresAt = '2026-01-01T00:00:02.000Z';
    const { key } = await makeKey(bus.tools, { ...shop, expiresAt });
    expect(await authenticate(bus.tools, `Bearer ${key}`)).toMatchObject({ expiresAt });

    await bus.clock.advance(2000);

    for (const tools of [bus.tools, bus.newTools()]) {
      await expect(authenticate(tools, `Bearer ${key}`)).rejects.toMatchObject(refused);
    }
  });

  it('may be chosen beforehand, and made again', async () => {
    const bus = await testBus();
    const key = 'chosen-on-a-laptop-1234';
    for (let time = 0; time < 2; time++) {
      expect(await makeKey(bus.tools, { ...shop, key })).toMatchObject({ key });
      expect(await authenticate(bus.tools, `Bearer ${key}`)).toMatchObject(shop);
    }
    expect((await listKeys(bus.tools, admin, 'shop', { limit: 100 })).keys).toHaveLength(1);
  });

  it('is found right after it was made, by who just missed it', async () => {
    const bus = await testBus();
    const key = 'chosen-on-a-laptop-1234';
    await expect(authenticate(bus.tools, `Bearer ${key}`)).rejects.toMatchObject(refused);
    await makeKey(bus.tools, { ...shop, key });
    expect(await authenticate(bus.tools, `Bearer ${key}`)).toMatchObject(shop);
  });

  it('costs two reads every four seconds, and a write on its first use of a day', async () => {
    const bus = await testBus();
    const { key } = await makeKey(bus.tools, shop);
    const tools = bus.newTools();
    const callsOf = async (act: () => Promise<unknown>) => {
      bus.calls.length = 0;
      await act();
      return bus.calls.filter((call) => call.startsWith('dynamodb.')).sort();
    };
    const use = async () => {
      for (let time = 0; time < 5; time++) await authenticate(tools, `Bearer ${key}`);
    };
    const reads = ['dynamodb.GetItem', 'dynamodb.GetItem'];

    expect(await callsOf(use)).toEqual([...reads, 'dynamodb.PutItem']);
    expect(await callsOf(use)).toEqual([]);
    await bus.clock.advance(4001);
    expect(await callsOf(use)).toEqual(reads);
    await bus.clock.advance(day);
    expect(await callsOf(use)).toEqual([...reads, 'dynamodb.PutItem']);
  });

  it('is kept as a hash alone', async () => {
    const bus = await testBus();
    const { key } = await makeKey(bus.tools, shop);
    await authenticate(bus.tools, `Bearer ${key}`);
    const { Items } = await bus.dynamodb.send(new ScanCommand({ TableName: environment.BUSBAR_TABLE }));
    expect(JSON.stringify(Items)).toContain(hashKey(key));
    expect(JSON.stringify(Items)).not.toContain(key);
  });

  it('of an earlier release goes on working, and is listed from its first use on', async () => {
    const bus = await testBus();
    const key = 'bbk_of_an_earlier_release';
    const hash = hashKey(key);
    await bus.tools.keys.put({ ...shop, hash, createdAt: '2025-01-01T00:00:00.000Z' });
    // The earlier release wrote the row of the key and nothing else.
    await bus.dynamodb.send(
      new DeleteItemCommand({
        TableName: environment.BUSBAR_TABLE,
        Key: { pk: { S: 'application#shop' }, sk: { S: `key#${keyIdOf(hash)}` } },
      }),
    );

    expect(await authenticate(bus.tools, `Bearer ${key}`)).toEqual({ ...shop, keyId: keyIdOf(hash) });

    expect(await bus.tools.applications.find('shop')).toBeDefined();
    expect((await listKeys(bus.tools, member('shop'), 'shop', { limit: 100 })).keys).toEqual([
      {
        ...shop,
        keyId: keyIdOf(hash),
        name: '',
        createdAt: '2025-01-01T00:00:00.000Z',
        lastUsedOn: '2026-01-01',
      },
    ]);
  });

  it('that was revoked is not brought back by a request that was using it', async () => {
    const bus = await testBus();
    const { key, keyId } = await makeKey(bus.tools, shop);
    const kept = await bus.tools.keys.find(key);
    await revokeKeyOf(bus.tools, admin, 'shop', keyId);

    if (kept === undefined) throw new Error('The key is unknown.');
    await bus.tools.keys.touch(kept, '2026-01-01');

    expect(await bus.rows('key#')).toEqual([]);
    await expect(authenticate(bus.tools, `Bearer ${key}`)).rejects.toMatchObject(refused);
  });

  it('that nobody has cannot be revoked', async () => {
    const bus = await testBus();
    await makeKey(bus.tools, shop);
    const unknown = { code: 'unknown_key', status: 404 };
    await expect(revokeKey(bus.tools, 'bbk_unknown')).rejects.toMatchObject(unknown);
    await expect(revokeKeyOf(bus.tools, admin, 'shop', 'no-such-id')).rejects.toMatchObject(unknown);
  });
});

describe('the keys of an application', () => {
  it('are created, listed and revoked only by its members', async () => {
    const bus = await testBus();
    await makeKey(bus.tools, { application: 'crm', role: 'member' });
    const { keyId } = await makeKey(bus.tools, { ...shop, name: 'first' });
    const spec = { name: 'second', role: 'viewer' } as const;
    const made = await createKeyOf(bus.tools, member('shop'), 'shop', spec);

    expect(await authenticate(bus.tools, `Bearer ${made.key}`)).toMatchObject({ role: 'viewer' });
    const { keys } = await listKeys(bus.tools, member('shop'), 'shop', { limit: 100 });
    expect(keys.map(({ name }) => name).sort()).toEqual(['first', 'second']);
    const forbidden = { code: 'forbidden' };
    await expect(createKeyOf(bus.tools, member('crm'), 'shop', spec)).rejects.toMatchObject(forbidden);
    await expect(listKeys(bus.tools, member('crm'), 'shop', { limit: 100 })).rejects.toMatchObject(forbidden);
    await expect(revokeKeyOf(bus.tools, member('crm'), 'shop', keyId)).rejects.toMatchObject(forbidden);
    // Nor by way of an application that it may manage.
    await expect(revokeKeyOf(bus.tools, member('crm'), 'crm', keyId)).rejects.toMatchObject({
      code: 'unknown_key',
    });
    await revokeKeyOf(bus.tools, member('shop'), 'shop', keyId);
    expect((await listKeys(bus.tools, admin, 'shop', { limit: 100 })).keys).toHaveLength(1);
  });

  it('that are of an admin are revoked by admins alone', async () => {
    const bus = await testBus();
    const { keyId } = await makeKey(bus.tools, { application: 'shop', role: 'admin' });
    await expect(revokeKeyOf(bus.tools, member('shop'), 'shop', keyId)).rejects.toMatchObject({
      code: 'forbidden',
    });
  });

  it('cannot be made for an application that does not exist', async () => {
    const bus = await testBus();
    await expect(
      createKeyOf(bus.tools, admin, 'nobody', { name: 'a', role: 'member' }),
    ).rejects.toMatchObject({ code: 'unknown_application', status: 404 });
  });
});

describe('a wrong key', () => {
  const calls = (bus: TestBus) => bus.calls.filter((call) => call.startsWith('dynamodb.GetItem')).length;

  it('is looked up once in a few seconds', async () => {
    const bus = await testBus();
    for (let time = 0; time < 20; time++) {
      await expect(authenticate(bus.tools, 'Bearer bbk_wrong')).rejects.toMatchObject(refused);
    }
    expect(calls(bus)).toBe(1);
    await bus.clock.advance(3001);
    await expect(authenticate(bus.tools, 'Bearer bbk_wrong')).rejects.toMatchObject(refused);
    expect(calls(bus)).toBe(2);
  });

  it('after many others of its address is refused without a read, which no seen key and no other address suffers', async () => {
    const bus = await testBus();
    const { key } = await makeKey(bus.tools, { application: 'ops', role: 'admin' });
    const { key: another } = await makeKey(bus.tools, shop);
    await authenticate(bus.tools, `Bearer ${key}`);
    for (let guess = 0; guess < wrongKeysPerMinute.address; guess++) {
      await expect(authenticate(bus.tools, `Bearer bbk_${guess}`)).rejects.toMatchObject(refused);
    }
    const before = calls(bus);
    const throttled = { code: 'too_many_wrong_keys', status: 429, retryAfterSeconds: 60 };

    await expect(authenticate(bus.tools, 'Bearer bbk_last')).rejects.toMatchObject(throttled);
    expect(calls(bus)).toBe(before);
    expect(await authenticate(bus.tools, `Bearer ${key}`)).toMatchObject({ role: 'admin' });
    expect(await authenticate(bus.tools, `Bearer ${another}`, '192.0.2.2')).toMatchObject(shop);

    await bus.clock.advance(60_000);
    await expect(authenticate(bus.tools, 'Bearer bbk_last')).rejects.toMatchObject(refused);
  });

  it('is refused without a read after very many of any address', async () => {
    const bus = await testBus();
    for (let guess = 0; guess < wrongKeysPerMinute.instance; guess++) {
      const address = `2001:db8::${guess.toString(16)}`;
      await expect(authenticate(bus.tools, `Bearer bbk_${guess}`, address)).rejects.toMatchObject(refused);
    }
    await expect(authenticate(bus.tools, 'Bearer bbk_last', '192.0.2.9')).rejects.toMatchObject({
      code: 'too_many_wrong_keys',
    });
  });
});
