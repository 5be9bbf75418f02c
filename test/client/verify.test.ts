import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HTTP, CloudEvent as SdkEvent } from 'cloudevents';
import fc from 'fast-check';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import { describe, expect, it } from 'vitest';
import { createChecker, createReceiver, VerificationError, verify } from '../../lib/client/index.ts';

const nowMs = Date.parse('2026-03-01T12:00:00Z');
const secret = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
const otherSecret = `whsec_${Buffer.alloc(32, 9).toString('base64')}`;

interface Signed {
  headers: Record<string, string>;
  body: string;
}

/** A request as the bus sends it: serialised by the CloudEvents SDK and signed by a third-party library. */
function signed(
  event: SdkEvent<unknown>,
  options: {
    mode?: 'structured' | 'binary';
    signer?: typeof StandardWebhook | typeof SvixWebhook;
    key?: string;
  } = {},
): Signed {
  const { mode = 'structured', signer = StandardWebhook, key = secret } = options;
  const message = HTTP[mode](event);
  const body = String(message.body ?? '');
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(message.headers)) {
    // The SDK omits the percent-encoding that the HTTP binding requires (1.0.2, section 3.1.3.2).
    headers[name.toLowerCase()] = name.startsWith('ce-') ? encodeURIComponent(String(value)) : String(value);
  }
  return {
    headers: {
      ...headers,
      'webhook-id': 'dlv_1',
      'webhook-timestamp': String(nowMs / 1000),
      'webhook-signature': new signer(key).sign('dlv_1', new Date(nowMs), body),
      'busbar-topic': 'orders',
      'busbar-attempt': '2',
      traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    },
    body,
  };
}

const placed = new SdkEvent({
  id: 'e1',
  source: '/shop',
  type: 'order.placed',
  data: { total: 5 },
  shop: 'berlin',
});

function reasonOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof VerificationError) return error.reason;
    throw error;
  }
  return 'verified';
}

/** Attribute values on which the SDK and the specification agree. */
const word = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9 ._%ü€"-]{0,30}[A-Za-z0-9]$/);

describe('verify', () => {
  for (const signer of [StandardWebhook, SvixWebhook]) {
    for (const mode of ['structured', 'binary'] as const) {
      const name = signer === SvixWebhook ? 'svix' : 'standardwebhooks';
      it(`reads every event that ${name} signed in ${mode} mode as the CloudEvents SDK does`, () => {
        fc.assert(
          fc.property(word, word, fc.jsonValue(), (id, subject, data) => {
            const event = new SdkEvent({
              id,
              source: '/shop',
              type: 'order.placed',
              subject,
              data: { data },
            });
            const request = signed(event, { mode, signer });
            const delivery = verify({ ...request, secret, now: nowMs });
            const expected = mode === 'structured' ? HTTP.toEvent<unknown>(request) : event;
            if (Array.isArray(expected)) return expect.fail('One event was sent.');
            expect(delivery.event).toMatchObject({
              id: expected.id,
              source: expected.source,
              type: expected.type,
              subject: expected.subject,
              time: expected.time,
            });
            expect(JSON.stringify(delivery.event.data)).toBe(JSON.stringify(expected.data));
          }),
          { numRuns: 60 },
        );
      });
    }
  }

  it('returns the delivery with its event', () => {
    expect(verify({ ...signed(placed), secret, now: nowMs })).toMatchObject({
      deliveryId: 'dlv_1',
      topic: 'orders',
      attempt: 2,
      traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
      event: { specversion: '1.0', id: 'e1', shop: 'berlin', data: { total: 5 } },
    });
  });

  it('accepts bytes, the headers of fetch and the headers of node:http', () => {
    const { headers, body } = signed(placed);
    const lists = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]]));
    for (const given of [headers, lists, new Headers(headers)]) {
      expect(verify({ headers: given, body: Buffer.from(body), secret, now: nowMs }).event.id).toBe('e1');
    }
  });

  it('refuses any changed byte of the body', () => {
    const { headers, body } = signed(placed);
    const bytes = Buffer.from(body);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const changed = Buffer.from(bytes);
        changed[at] = (changed[at] ?? 0) ^ flip;
        expect(reasonOf(() => verify({ headers, body: changed, secret, now: nowMs }))).toBe(
          'signature-mismatch',
        );
      }),
    );
  });

  it.each([
    ['another id', { 'webhook-id': 'dlv_2' }, 'signature-mismatch'],
    ['another time', { 'webhook-timestamp': String(nowMs / 1000 + 1) }, 'signature-mismatch'],
    ['a signature of another version', { 'webhook-signature': 'v1a,AAAA' }, 'signature-mismatch'],
    ['a signature without its version', { 'webhook-signature': 'AAAA' }, 'signature-mismatch'],
    ['no signature', { 'webhook-signature': '' }, 'missing-header'],
    ['a timestamp that is not a number', { 'webhook-timestamp': '1e9' }, 'invalid-header'],
    ['an attempt of zero', { 'busbar-attempt': '0' }, 'invalid-header'],
  ])('refuses %s', (_, change, reason) => {
    const { headers, body } = signed(placed);
    expect(reasonOf(() => verify({ headers: { ...headers, ...change }, body, secret, now: nowMs }))).toBe(
      reason,
    );
  });

  it.each([
    [300, 'verified'],
    [301, 'timestamp-too-old'],
    [-300, 'verified'],
    [-301, 'timestamp-too-new'],
  ])('judges a request %i seconds after it was signed: %s', (laterSeconds, outcome) => {
    const request = signed(placed);
    expect(reasonOf(() => verify({ ...request, secret, now: nowMs + laterSeconds * 1000 }))).toBe(outcome);
  });

  it('accepts either signature with either secret during a rotation', () => {
    const request = signed(placed);
    const both = `${new SvixWebhook(otherSecret).sign('dlv_1', new Date(nowMs), request.body)} ${request.headers['webhook-signature']}`;
    const rotating = {
      headers: { ...request.headers, 'webhook-signature': both },
      body: request.body,
      now: nowMs,
    };
    expect(verify({ ...rotating, secret }).event.id).toBe('e1');
    expect(verify({ ...rotating, secret: otherSecret }).event.id).toBe('e1');
    expect(verify({ ...request, secrets: [otherSecret, secret], now: nowMs }).event.id).toBe('e1');
    expect(reasonOf(() => verify({ ...request, secret: otherSecret, now: nowMs }))).toBe(
      'signature-mismatch',
    );
  });

  it('reads binary data as bytes in both modes', () => {
    const structured = new SdkEvent({
      source: '/cam',
      type: 'picture.taken',
      datacontenttype: 'image/png',
      data_base64: 'AQL/',
    });
    expect(verify({ ...signed(structured), secret, now: nowMs }).event.data).toEqual(
      new Uint8Array([1, 2, 255]),
    );
    const body = Buffer.from([1, 2, 127]);
    const headers = {
      ...signed(placed, { mode: 'binary' }).headers,
      'content-type': 'image/png',
      'webhook-signature': new SvixWebhook(secret).sign('dlv_1', new Date(nowMs), body),
    };
    const { event } = verify({ headers, body, secret, now: nowMs });
    expect(event).toMatchObject({ data: new Uint8Array([1, 2, 127]), datacontenttype: 'image/png' });
  });

  it('distinguishes a signed body that is not an event from a wrong signature', () => {
    const body = '{"hello":"world"}';
    const headers = {
      ...signed(placed).headers,
      'webhook-signature': new SvixWebhook(secret).sign('dlv_1', new Date(nowMs), body),
    };
    expect(reasonOf(() => verify({ headers, body, secret, now: nowMs }))).toBe('invalid-event');
  });

  it('throws a TypeError for an invalid secret', () => {
    const request = signed(placed);
    expect(() => verify({ ...request, now: nowMs })).toThrow(TypeError);
    expect(() => verify({ ...request, secret: 'whsec_', now: nowMs })).toThrow(TypeError);
    expect(() => verify({ ...request, secret: 'not base64!', now: nowMs })).toThrow(TypeError);
  });

  it.each([
    ['shorter than 24 bytes', `whsec_${Buffer.alloc(23, 7).toString('base64')}`],
    ['of base64url', `whsec_${'-_'.repeat(20)}`],
    ['with too much padding', `whsec_${Buffer.alloc(24, 7).toString('base64')}=`],
    ['cut in the middle of a byte', `whsec_${Buffer.alloc(24, 7).toString('base64')}A`],
    ['with bits that no byte has', `whsec_${Buffer.alloc(25, 7).toString('base64').replace(/.==$/, 'x==')}`],
    ['with a line end', `whsec_${Buffer.alloc(24, 7).toString('base64')}\n`],
    ['that is not text', 7 as unknown as string],
  ])('refuses a secret %s, without showing it', (_, wrong) => {
    const request = signed(placed);
    for (const secrets of [[wrong], [secret, wrong]]) {
      const attempt = () => verify({ ...request, secrets, now: nowMs });
      expect(attempt).toThrow(TypeError);
      expect(attempt).not.toThrow(String(wrong).slice(6, 20) || 'x');
    }
    expect(() => createReceiver({ secret: wrong, onEvent: () => undefined })).toThrow();
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, -1, '300' as unknown as number])(
    'refuses a tolerance of %s, which would disable the replay window',
    (toleranceSeconds) => {
      const old = { ...signed(placed), secret, now: nowMs + 86_400_000 };
      expect(() => verify({ ...old, toleranceSeconds })).toThrow(TypeError);
      expect(() => createReceiver({ secret, onEvent: () => undefined, toleranceSeconds })).toThrow(TypeError);
      const onCheck = () => 'commit' as const;
      expect(() => createChecker({ secret, onCheck, toleranceSeconds })).toThrow(TypeError);
    },
  );

  it('refuses other options that prove nothing', () => {
    const request = { ...signed(placed), secret, now: nowMs };
    expect(() => verify({ ...request, now: Number.NaN })).toThrow(TypeError);
    expect(() => verify({ ...request, format: 'json' as 'binary' })).toThrow(TypeError);
    expect(() => verify({ ...request, body: JSON.parse(request.body) })).toThrow(TypeError);
    const maxBodyBytes = Number.NaN;
    expect(() => createReceiver({ secret, onEvent: () => undefined, maxBodyBytes })).toThrow(TypeError);
  });

  it('refuses the format that the receiver does not have, whose attributes nobody signed', () => {
    const structured = { ...signed(placed), secret, now: nowMs };
    const binary = { ...signed(placed, { mode: 'binary' }), secret, now: nowMs };
    // The signed body of a structured request, sent again with attributes that the sender never wrote.
    const forged = {
      ...structured,
      headers: {
        ...structured.headers,
        'content-type': 'application/json',
        'ce-specversion': '1.0',
        'ce-id': 'forged',
        'ce-source': '/bank',
        'ce-type': 'money.received',
      },
    };
    expect(verify({ ...structured, format: 'structured' }).event.id).toBe('e1');
    expect(verify({ ...binary, format: 'binary' }).event.id).toBe('e1');
    expect(reasonOf(() => verify({ ...binary, format: 'structured' }))).toBe('wrong-format');
    expect(reasonOf(() => verify({ ...structured, format: 'binary' }))).toBe('wrong-format');
    expect(reasonOf(() => verify({ ...forged, format: 'structured' }))).toBe('wrong-format');
  });

  it('reads attributes named like members that every object has', () => {
    const request = signed(placed, { mode: 'binary' });
    const headers = new Headers({
      ...request.headers,
      'ce-constructor': 'a',
      'ce-__proto__': 'b',
      'ce-valueof': 'c',
    });
    const { event } = verify({ ...request, headers, secret, now: nowMs });
    expect(Object.getOwnPropertyNames(event)).toEqual(
      expect.arrayContaining(['constructor', '__proto__', 'valueof']),
    );
    const body = '{"specversion":"1.0","__proto__":{"id":"x","source":"/x","type":"x"}}';
    const inherited = {
      ...signed(placed).headers,
      'webhook-signature': new SvixWebhook(secret).sign('dlv_1', new Date(nowMs), body),
    };
    expect(reasonOf(() => verify({ headers: inherited, body, secret, now: nowMs }))).toBe('invalid-event');
  });
});

describe('createReceiver', () => {
  function post({ headers, body }: Signed): Request {
    return new Request('http://receiver.test/', { method: 'POST', headers, body });
  }

  function receiver(onEvent: (id: string) => unknown, maxBodyBytes = 10_000) {
    const errors: unknown[] = [];
    const made = createReceiver({
      secret,
      onEvent: (event) => onEvent(event.id),
      onError: (error) => errors.push(error),
      maxBodyBytes,
      now: () => nowMs,
    });
    return { ...made, errors };
  }

  it('answers 204 once the handler has resolved', async () => {
    const done: string[] = [];
    const { fetch } = receiver(async (id) => done.push(id));
    expect((await fetch(post(signed(placed)))).status).toBe(204);
    expect(done).toEqual(['e1']);
  });

  it('answers 401 to a wrong signature and 405 to a GET, without calling the handler', async () => {
    const done: string[] = [];
    const { fetch, errors } = receiver((id) => done.push(id));
    expect((await fetch(post(signed(placed, { key: otherSecret })))).status).toBe(401);
    expect((await fetch(new Request('http://receiver.test/'))).status).toBe(405);
    expect(done).toEqual([]);
    expect(errors).toMatchObject([{ reason: 'signature-mismatch' }]);
  });

  it('answers 401 to the format that it does not have', async () => {
    const { fetch } = createReceiver({
      secret,
      format: 'structured',
      onEvent: () => undefined,
      onError: () => undefined,
      now: () => nowMs,
    });
    expect((await fetch(post(signed(placed)))).status).toBe(204);
    expect((await fetch(post(signed(placed, { mode: 'binary' })))).status).toBe(401);
  });

  it('answers 500 when the handler fails, and reports the error', async () => {
    const { fetch, errors } = receiver(() => Promise.reject(new Error('no database')));
    expect((await fetch(post(signed(placed)))).status).toBe(500);
    expect(errors).toMatchObject([{ message: 'no database' }]);
  });

  it('serves node:http, and answers 413 to a body that is too large', async () => {
    const done: string[] = [];
    const { node } = receiver((id) => done.push(id), 2000);
    const server = createServer(node);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const good = await fetch(url, { method: 'POST', ...signed(placed) });
    const large = await fetch(url, { method: 'POST', body: 'x'.repeat(5000) });
    expect([good.status, large.status]).toEqual([204, 413]);
    expect(done).toEqual(['e1']);
    await new Promise((resolve) => server.close(resolve));
  });

  it('refuses an invalid secret when it is created', () => {
    expect(() => createReceiver({ secret: '', onEvent: () => undefined })).toThrow(TypeError);
    expect(() => createReceiver({ secret: [], onEvent: () => undefined })).toThrow(TypeError);
  });
});
