import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import { describe, expect, it } from 'vitest';
import { createSecret, secretKey, sign, writeSecret } from '../../../lib/core/kernel/signature.ts';

const random = { bytes: (length: number) => randomBytes(length) };
/** The verifiers of the libraries hold the timestamp against the machine's clock. */
const timestampSeconds = Math.floor(Date.now() / 1000);

function headersOf(secrets: readonly string[], body: string, id = 'dlv_1') {
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestampSeconds),
    'webhook-signature': sign(secrets.map(secretKey), id, timestampSeconds, body),
  };
}

describe.each([
  ['standardwebhooks', StandardWebhook],
  ['svix', SvixWebhook],
] as const)('the independent verifier %s', (_, Webhook) => {
  it('takes what is signed, whatever the event is', () => {
    fc.assert(
      fc.property(fc.json(), (body) => {
        const secret = createSecret(random);
        expect(new Webhook(secret).verify(body, headersOf([secret], body))).toEqual(JSON.parse(body));
      }),
    );
  });

  it('takes either secret while one is being replaced', () => {
    const [older, newer] = [createSecret(random), createSecret(random)];
    const headers = headersOf([newer, older], '{}');
    expect(headers['webhook-signature'].split(' ')).toHaveLength(2);
    for (const secret of [older, newer]) expect(new Webhook(secret).verify('{}', headers)).toEqual({});
  });

  it.each<[string, (headers: ReturnType<typeof headersOf>) => [string, Record<string, string>]]>([
    ['another body', (headers) => ['{"a":1}', headers]],
    ['another id', (headers) => ['{}', { ...headers, 'webhook-id': 'dlv_2' }]],
    ['another time', (headers) => ['{}', { ...headers, 'webhook-timestamp': String(timestampSeconds - 1) }]],
  ])('refuses it under %s', (_name, change) => {
    const secret = createSecret(random);
    const [body, headers] = change(headersOf([secret], '{}'));
    expect(() => new Webhook(secret).verify(body, headers)).toThrow();
    expect(() => new Webhook(createSecret(random)).verify('{}', headersOf([secret], '{}'))).toThrow();
  });
});

it('signs bytes as it signs the text that they are', () => {
  const key = randomBytes(24);
  expect(sign([key], 'dlv_1', 1, Buffer.from('{"ä":1}'))).toBe(sign([key], 'dlv_1', 1, '{"ä":1}'));
});

it('writes a secret that reads back to its bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 24, maxLength: 64 }), (key) => {
      expect(new Uint8Array(secretKey(writeSecret(key)))).toEqual(key);
    }),
  );
});
