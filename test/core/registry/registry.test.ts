import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { sinks } from '../../../lib/connectors/index.ts';
import type { WebhookReceiver, WebhookSpec } from '../../../lib/connectors/webhook/receiver.ts';
import { nameSchema, parseSpec } from '../../../lib/core/kernel/spec.ts';
import { showReceiver } from '../../../lib/core/registry/kinds.ts';
import { secretSchema } from '../../../lib/core/registry/receiver.ts';
import { subscriptionSchema } from '../../../lib/core/registry/subscription.ts';
import { dedupSecondsMax, topicSchema } from '../../../lib/core/registry/topic.ts';
import { pathsOf, refusalOf } from '../refusal.ts';

const endpoint = 'https://example.com/events';
const { receiverSchema } = sinks;
const receiver = (fields: object) => parseSpec(receiverSchema, { endpoint, ...fields }) as WebhookSpec;
const refusedPaths = (schema: z.ZodType, value: unknown) => {
  const error = refusalOf(() => parseSpec(schema, value));
  expect(error.code).toBe('invalid_request');
  for (const path of pathsOf(error)) expect(error.message).toContain(path === '' ? 'The body' : path);
  return pathsOf(error);
};

describe('names', () => {
  it.each(['a', '0', 'orders', 'a-b-c', 'x--', 'constructor', 'a'.repeat(48)])('take %j', (name) => {
    expect(nameSchema.safeParse(name).success).toBe(true);
  });
  it.each(['', '-a', 'A', 'a_b', 'a.b', 'a b', 'ä', 'a\n', 'a'.repeat(49), 7, null])('refuse %j', (name) => {
    expect(nameSchema.safeParse(name).success).toBe(false);
  });
});

describe('unknown fields are refused by name', () => {
  it.each<[z.ZodType, object, string]>([
    [topicSchema, { dedup: 5 }, 'dedup'],
    [topicSchema, JSON.parse('{"__proto__":{"owner":"x"}}'), '__proto__'],
    [receiverSchema, { endpoint, url: endpoint }, 'url'],
    [receiverSchema, { endpoint, retry: { delaysSeconds: [1], max: 3 } }, 'retry.max'],
    [receiverSchema, { endpoint, limits: { perMinute: 3 } }, 'limits.perMinute'],
    [subscriptionSchema, { filters: {} }, 'filters'],
  ])('%#: %j', (schema, value, path) => {
    expect(refusedPaths(schema, value)).toEqual([path]);
  });

  it('all at once', () => {
    expect(refusedPaths(receiverSchema, { endpoint, a: 1, format: 'xml', b: 2 })).toEqual(
      expect.arrayContaining(['a', 'b', 'format']),
    );
  });
});

describe('wrong values are refused by path', () => {
  it.each<[z.ZodType, unknown, string]>([
    [topicSchema, null, ''],
    [topicSchema, [], ''],
    [topicSchema, { owner: 'Shop' }, 'owner'],
    [topicSchema, { description: 'x'.repeat(1025) }, 'description'],
    [topicSchema, { schema: 'object' }, 'schema'],
    [topicSchema, { dedupSeconds: -1 }, 'dedupSeconds'],
    [topicSchema, { dedupSeconds: 1.5 }, 'dedupSeconds'],
    [topicSchema, { dedupSeconds: dedupSecondsMax + 1 }, 'dedupSeconds'],
    [receiverSchema, {}, 'endpoint'],
    [receiverSchema, { endpoint: `https://example.com/${'x'.repeat(2048)}` }, 'endpoint'],
    [receiverSchema, { endpoint, format: 'json' }, 'format'],
    [receiverSchema, { endpoint, timeoutSeconds: 0 }, 'timeoutSeconds'],
    [receiverSchema, { endpoint, timeoutSeconds: 31 }, 'timeoutSeconds'],
    [receiverSchema, { endpoint, retry: { delaysSeconds: [5, -1] } }, 'retry.delaysSeconds.1'],
    [receiverSchema, { endpoint, retry: { delaysSeconds: [11 * 3600 + 1] } }, 'retry.delaysSeconds.0'],
    [receiverSchema, { endpoint, retry: { delaysSeconds: Array(51).fill(1) } }, 'retry.delaysSeconds'],
    [receiverSchema, { endpoint, retry: {} }, 'retry.delaysSeconds'],
    [receiverSchema, { endpoint, limits: { concurrency: 0 } }, 'limits.concurrency'],
    [receiverSchema, { endpoint, limits: { concurrency: 1.5 } }, 'limits.concurrency'],
    [receiverSchema, { endpoint, limits: { perSecond: 0 } }, 'limits.perSecond'],
    [receiverSchema, { endpoint, timeoutSeconds: Number.NaN }, 'timeoutSeconds'],
  ])('%#: %j', (schema, value, path) => {
    expect(refusedPaths(schema, value)).toEqual([path]);
  });

  it('takes every field at its limits', () => {
    expect(
      receiver({
        owner: 'shop',
        format: 'binary',
        timeoutSeconds: 30,
        retry: { delaysSeconds: [0, 11 * 3600] },
        limits: { concurrency: 10_000, perSecond: 0.1, perType: 1 },
        headers: { Authorization: 'Bearer x', 'X-Tenant': '' },
      }),
    ).toMatchObject({ format: 'binary', headers: { Authorization: 'Bearer x' } });
    expect(parseSpec(topicSchema, { schema: false, dedupSeconds: 0 })).toEqual({
      schema: false,
      dedupSeconds: 0,
    });
  });
});

describe('the headers of a receiver', () => {
  it.each([
    'Host',
    'content-type',
    'Content-Length',
    'transfer-encoding',
    'Connection',
    'Proxy-Authorization',
    'X-Forwarded-For',
    'Webhook-Signature',
    'busbar-attempt',
    'CE-id',
    'TraceParent',
    'user-agent',
    'Cookie',
  ])('may not be %s, which the bus or the connection sets', (name) => {
    expect(refusedPaths(receiverSchema, { endpoint, headers: { [name]: 'x' } })).toEqual([`headers.${name}`]);
  });

  it.each(['', 'X Tenant', 'X-Tenant:', 'X\r\nY', 'x'.repeat(65), 'X-Tenänt'])(
    'may not be named %j',
    (name) => {
      expect(refusedPaths(receiverSchema, { endpoint, headers: { [name]: 'x' } })).toEqual([
        `headers.${name}`,
      ]);
    },
  );

  it.each(['a\r\nHost: evil', 'a\nb', 'a\rb', 'a\u0000', 'é', 'x'.repeat(2049), 7])(
    'may not have the value %j',
    (value) => {
      expect(refusedPaths(receiverSchema, { endpoint, headers: { 'X-Tenant': value } })).toEqual([
        'headers.X-Tenant',
      ]);
    },
  );

  it('are each named once, and at most twenty', () => {
    expect(refusedPaths(receiverSchema, { endpoint, headers: { 'X-A': '1', 'x-a': '2' } })).toEqual([
      'headers',
    ]);
    const many = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, at) => [`x-${at}`, '']));
    expect(receiver({ headers: many(20) }).headers).toEqual(many(20));
    expect(refusedPaths(receiverSchema, { endpoint, headers: many(21) })).toEqual(['headers']);
  });
});

describe('secrets', () => {
  const secretOf = (bytes: number) => `whsec_${Buffer.alloc(bytes, 7).toString('base64')}`;
  it.each([24, 25, 26, 32, 63, 64])('take %i bytes', (bytes) => {
    expect(secretSchema.safeParse(secretOf(bytes)).success).toBe(true);
  });
  it.each<[string, string]>([
    ['23 bytes', secretOf(23)],
    ['65 bytes', secretOf(65)],
    ['no prefix', secretOf(32).slice(6)],
    ['another prefix', secretOf(32).replace('whsec_', 'whsek_')],
    ['base64 without its padding', secretOf(32).replace(/=+$/, '')],
    ['base64url', `whsec_${'-_'.repeat(20)}`],
    ['bits beyond the last byte', `whsec_${'A'.repeat(42)}B=`],
    ['a line feed', `${secretOf(32)}\n`],
  ])('refuse %s', (_, secret) => {
    expect(refusedPaths(receiverSchema, { endpoint, secret })).toEqual(['secret']);
  });
});

it('refuses a wrong filter as one', () => {
  expect(refusalOf(() => parseSpec(subscriptionSchema, { filter: { type: 'x' } })).code).toBe(
    'invalid_filter',
  );
  expect(refusalOf(() => parseSpec(subscriptionSchema, { filter: null })).code).toBe('invalid_filter');
  expect(parseSpec(subscriptionSchema, {})).toEqual({});
  expect(parseSpec(subscriptionSchema, { filter: { type: ['x'] } })).toEqual({ filter: { type: ['x'] } });
});

it('shows a receiver without its secret and without the credentials in its headers', () => {
  const kept: WebhookReceiver = {
    receiver: 'shop',
    endpoint,
    owner: 'shop',
    secret: 'whsec_hidden',
    state: 'active',
    declared: false,
    createdAt: '2026-01-01T00:00:00.000Z',
    updatedAt: '2026-01-01T00:00:00.000Z',
    headers: { Authorization: 'Bearer s3cret', 'X-Api-Key': 's3cret', 'X-Tenant': 'acme' },
  };
  const shown = showReceiver(sinks, kept, 0);
  expect(JSON.stringify(shown)).not.toMatch(/s3cret|whsec/);
  expect(shown).toMatchObject({
    receiver: 'shop',
    headers: { Authorization: '(hidden)', 'X-Api-Key': '(hidden)', 'X-Tenant': '(hidden)' },
  });
});
