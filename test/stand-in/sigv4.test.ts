import { SignatureV4 } from '@smithy/signature-v4';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Sha256 } from '../../lib/runtime/aws/sha256.ts';
import { type SignedRequest, signatureFault } from '../../lib/stand-in/sigv4.ts';

const credentials = { accessKeyId: 'THECALLER', secretAccessKey: 'the secret of the caller' };
const nowMs = Date.parse('2026-03-01T12:00:00Z');

interface Unsigned {
  readonly method: string;
  readonly path: string;
  readonly query: Record<string, string | string[]>;
  readonly headers: Record<string, string>;
  readonly body: string;
}

const list: Unsigned = {
  method: 'POST',
  path: '/',
  query: {},
  headers: { host: '127.0.0.1:4566', 'x-amz-target': 'AmazonSQS.ListQueues' },
  body: '{}',
};

/** Signs as the SDK does, and writes the query as its HTTP handler does. */
async function sign(
  request: Unsigned,
  options: { service?: string; as?: typeof credentials; atMs?: number } = {},
): Promise<SignedRequest> {
  const { service = 'sqs', as = credentials, atMs = nowMs } = options;
  const signer = new SignatureV4({ service, region: 'us-east-1', credentials: as, sha256: Sha256 });
  const signed = await signer.sign(
    { ...request, protocol: 'http:', hostname: '127.0.0.1' },
    { signingDate: new Date(atMs) },
  );
  const query = Object.entries(request.query)
    .flatMap(([name, value]) => [value].flat().map((one) => [name, one] as const))
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join('&');
  return {
    method: request.method,
    path: request.path,
    query,
    headers: Object.fromEntries(
      Object.entries(signed.headers).map(([name, value]) => [name.toLowerCase(), value]),
    ),
    body: Buffer.from(request.body),
  };
}

const faultOf = (request: SignedRequest) => {
  const fault = signatureFault(request, credentials, nowMs);
  return fault === undefined ? 'none' : `${fault.status} ${fault.code}`;
};

describe('a signature', () => {
  it('that the SDK made is accepted, for every method, path, query, header and body', async () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE'),
          path: fc
            .array(fc.oneof(text, fc.constantFrom('.', '..', 'arn:aws:lambda:x', 'a b', '')), {
              maxLength: 4,
            })
            .map((parts) => `/${parts.map(encodeURIComponent).join('/')}`),
          query: fc.dictionary(
            fc.stringMatching(/^[A-Za-z][\w.()*'! -]{0,8}$/),
            fc.oneof(text, fc.array(text, { minLength: 1, maxLength: 3 })),
            { maxKeys: 4 },
          ),
          headers: fc
            .dictionary(fc.stringMatching(/^x-amz-[a-z]{1,8}$/), fc.stringMatching(/^[ -~]{0,20}$/), {
              maxKeys: 3,
            })
            .map((more) => ({ host: '127.0.0.1:4566', ...more })),
          body: text,
        }),
        async (request) => {
          expect(faultOf(await sign(request))).toBe('none');
        },
      ),
      { numRuns: 300 },
    );
  });

  it('is refused once anything that it covers has changed', async () => {
    const signed = await sign(list);
    const changed: Partial<SignedRequest>[] = [
      { method: 'PUT' },
      { path: '/other' },
      { query: 'a=b' },
      { body: Buffer.from('{ }') },
      { headers: { ...signed.headers, 'x-amz-target': 'AmazonSQS.DeleteQueue' } },
      { headers: { ...signed.headers, host: 'evil.test' } },
      // Not covered by the signature, so it must not count.
      { headers: { ...signed.headers, 'x-amz-invocation-type': 'Event' } },
    ];
    for (const change of changed) expect(faultOf({ ...signed, ...change })).toBe('403 SignatureDoesNotMatch');
  });

  it.each([
    ['sqs', '403 InvalidClientTokenId', '403 SignatureDoesNotMatch', '400 RequestExpired'],
    ['sns', '403 InvalidClientTokenId', '403 SignatureDoesNotMatch', '400 RequestExpired'],
    [
      'dynamodb',
      '400 UnrecognizedClientException',
      '400 InvalidSignatureException',
      '400 InvalidSignatureException',
    ],
    [
      'lambda',
      '403 UnrecognizedClientException',
      '403 InvalidSignatureException',
      '403 InvalidSignatureException',
    ],
  ])('of %s is refused with the errors of that service', async (service, key, secret, time) => {
    const as = (change: Partial<typeof credentials>) => ({ as: { ...credentials, ...change }, service });
    expect(faultOf(await sign(list, as({ accessKeyId: 'SOMEBODY' })))).toBe(key);
    expect(faultOf(await sign(list, as({ secretAccessKey: 'guessed' })))).toBe(secret);
    for (const sign_ of [-1, 1]) {
      const within = await sign(list, { service, atMs: nowMs + sign_ * 900_000 });
      expect(faultOf(within)).toBe('none');
      const beyond = await sign(list, { service, atMs: nowMs + sign_ * 901_000 });
      expect(faultOf(beyond)).toBe(time);
    }
  });

  it('is missing', async () => {
    const signed = await sign(list);
    const withAuthorization = (authorization: string) =>
      faultOf({ ...signed, headers: { ...signed.headers, authorization } });
    const { authorization = '', ...headers } = signed.headers;
    expect(faultOf({ ...signed, headers })).toBe('403 MissingAuthenticationToken');
    expect(withAuthorization('Bearer bbk_x')).toBe('403 MissingAuthenticationToken');
    expect(withAuthorization(authorization.replace(/Signature=\w+/, 'Signature=none'))).toMatch(
      /^400 IncompleteSignature/,
    );
    const { 'x-amz-date': _, ...undated } = signed.headers;
    expect(faultOf({ ...signed, headers: undated })).toMatch(/^400 IncompleteSignature/);
    expect(faultOf({ ...signed, headers: { ...signed.headers, 'x-amz-date': '20261399T999999Z' } })).toBe(
      '400 IncompleteSignature',
    );
  });
});
