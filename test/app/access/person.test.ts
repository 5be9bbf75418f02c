import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { authenticate } from '../../../lib/app/access/authenticate.ts';
import { createKeyOf } from '../../../lib/app/access/keys.ts';
import { me } from '../../../lib/app/access/me.ts';
import { wrongKeysPerMinute } from '../../../lib/core/access/limits.ts';
import { settingOf } from '../../../lib/core/sign-in/sign-in.ts';
import { createStaffTokens } from '../../../lib/runtime/staff-tokens.ts';
import { startProvider, type TestProvider } from '../../sign-in/provider.ts';
import { type TestBus, testBus } from '../bus.ts';

let provider: TestProvider;
beforeAll(async () => {
  provider = await startProvider({});
});
afterAll(() => provider.close());

const address = '192.0.2.1';

async function bus() {
  const made = await testBus(Date.now());
  const setting = settingOf({
    issuer: provider.issuer,
    audience: 'busbar',
    roles: {
      shop: { application: 'shop', role: 'member' },
      readers: { application: 'shop', role: 'viewer' },
      ops: { application: 'ops', role: 'admin' },
      lost: { application: 'lost', role: 'viewer' },
    },
  });
  const tokens = createStaffTokens({ clock: made.clock, log: () => undefined }, setting, 'any');
  await made.tools.applications.ensure('shop');
  return { ...made, tools: { ...made.tools, tokens } };
}

async function token(bus: Pick<TestBus, 'clock'>, groups: unknown, more: object = {}): Promise<string> {
  const nowSeconds = Math.floor(bus.clock.now() / 1000);
  return await provider.mint({
    iss: provider.issuer,
    aud: 'busbar',
    sub: 'alice',
    groups,
    iat: nowSeconds,
    exp: nowSeconds + 600,
    ...more,
  });
}

const as = async (made: Awaited<ReturnType<typeof bus>>, groups: unknown, more?: object) =>
  await authenticate(made.tools, { authorization: `Bearer ${await token(made, groups, more)}`, address });

describe('a person', () => {
  it('acts as their group says, and sees when the token ends', async () => {
    const made = await bus();
    const shown = await me(await as(made, ['shop']));
    expect(shown).toEqual({
      application: 'shop',
      role: 'member',
      keyId: 'oidc:alice',
      expiresAt: new Date(Math.floor(made.clock.now() / 1000) * 1000 + 600_000).toISOString(),
      applications: [{ application: 'shop', role: 'member' }],
    });
  });

  it('of an application that does not exist is refused, unless they are an admin', async () => {
    const made = await bus();
    await expect(as(made, ['lost'])).rejects.toMatchObject({
      code: 'forbidden',
      message: expect.stringContaining('the application lost, which does not exist'),
    });
    expect(await as(made, ['ops'])).toMatchObject({ application: 'ops', role: 'admin' });
  });

  it('makes keys of at most their role, which do not end with the token', async () => {
    const made = await bus();
    const person = await as(made, ['shop']);
    const { key, expiresAt } = await createKeyOf(made.tools, person, 'shop', { name: 'x', role: 'member' });
    expect(expiresAt).toBeUndefined();
    const { record } = (await made.tools.keys.find(key)) ?? {};
    expect(record?.createdBy).toEqual({ application: 'shop', keyId: 'oidc:alice' });
    await expect(createKeyOf(made.tools, person, 'shop', { name: 'x', role: 'admin' })).rejects.toMatchObject(
      {
        code: 'forbidden',
      },
    );
    const reader = await as(made, ['readers']);
    await expect(
      createKeyOf(made.tools, reader, 'shop', { name: 'x', role: 'member' }),
    ).rejects.toMatchObject({
      code: 'forbidden',
    });
  });

  it('is let in while another at the same address guesses, once the token was taken', async () => {
    const made = await bus();
    const authorization = `Bearer ${await token(made, ['shop'])}`;
    await authenticate(made.tools, { authorization, address });
    for (let guess = 0; guess < wrongKeysPerMinute.address; guess++) {
      await expect(as(made, ['shop'], { aud: 'another', jti: String(guess) })).rejects.toMatchObject({
        code: 'unauthorized',
      });
    }
    await expect(as(made, ['shop'], { jti: 'new' })).rejects.toMatchObject({
      code: 'too_many_wrong_keys',
      retryAfterSeconds: expect.any(Number),
    });
    expect(await authenticate(made.tools, { authorization, address })).toMatchObject({ application: 'shop' });
  });

  it('of a provider that is down is told so, with when to try again', async () => {
    const made = await bus();
    provider.instead = (_, response) => void response.destroy();
    await expect(as(made, ['shop'])).rejects.toMatchObject({
      code: 'unavailable',
      retryAfterSeconds: 30,
      message: expect.stringMatching(/^The token cannot be checked: the provider cannot be reached at /),
    });
    provider.instead = undefined;
  });
});

it('a bus without oidc says that it takes keys', async () => {
  const made = await testBus(Date.now());
  const authorization = `Bearer ${await token(made, ['shop'])}`;
  await expect(authenticate(made.tools, { authorization, address })).rejects.toMatchObject({
    code: 'unauthorized',
    message: expect.stringContaining('takes keys, not the tokens of people'),
  });
});
