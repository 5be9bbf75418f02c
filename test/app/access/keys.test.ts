import { describe, expect, it } from 'vitest';
import { authenticate } from '../../../lib/app/access/authenticate.ts';
import { makeKey, revokeKey } from '../../../lib/app/access/keys.ts';
import { testBus } from '../bus.ts';

const member = { application: 'shop', role: 'member' } as const;

describe('a key', () => {
  it('tells who sends a request, until it is revoked and a minute has passed', async () => {
    const bus = await testBus();
    const { key, ...shown } = await makeKey(bus.tools, member);
    expect(shown).toEqual({ ...member, createdAt: '2026-01-01T00:00:00.000Z' });
    const another = bus.newTools();
    expect(await authenticate(another.keys, `Bearer ${key}`)).toEqual(member);

    await revokeKey(bus.tools, key);
    const refused = { code: 'unauthorized', status: 401 };
    await expect(authenticate(bus.tools.keys, `Bearer ${key}`)).rejects.toMatchObject(refused);
    // Another instance remembers it for a minute.
    expect(await authenticate(another.keys, `Bearer ${key}`)).toEqual(member);
    await bus.clock.advance(60_001);
    await expect(authenticate(another.keys, `Bearer ${key}`)).rejects.toMatchObject(refused);
  });

  it('may be chosen beforehand', async () => {
    const bus = await testBus();
    const key = 'chosen-on-a-laptop-1234';
    expect(await makeKey(bus.tools, { ...member, key })).toMatchObject({ key });
    expect(await authenticate(bus.tools.keys, `Bearer ${key}`)).toEqual(member);
  });

  it('is found right after it was made, by who just missed it', async () => {
    const bus = await testBus();
    const key = 'chosen-on-a-laptop-1234';
    await expect(authenticate(bus.tools.keys, `Bearer ${key}`)).rejects.toMatchObject({
      code: 'unauthorized',
    });
    await makeKey(bus.tools, { ...member, key });
    expect(await authenticate(bus.tools.keys, `Bearer ${key}`)).toEqual(member);
  });

  it('costs one read a minute', async () => {
    const bus = await testBus();
    const { key } = await makeKey(bus.tools, member);
    const tools = bus.newTools();
    for (let time = 0; time < 5; time++) await authenticate(tools.keys, `Bearer ${key}`);
    expect(bus.calls.filter((call) => call.startsWith('dynamodb.GetItem'))).toHaveLength(1);
  });

  it('is kept as a hash alone', async () => {
    const bus = await testBus();
    const { key } = await makeKey(bus.tools, member);
    expect(JSON.stringify(await bus.rows('key#'))).not.toContain(key);
    expect(await bus.rows('key#')).toHaveLength(1);
  });
});
