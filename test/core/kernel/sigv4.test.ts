import { createHash, createHmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { signPost } from '../../../lib/core/kernel/sigv4.ts';

/** The hash that the SDK's signer is made with. */
class Sha256 {
  readonly #hash;
  constructor(secret?: string | Uint8Array) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret);
  }
  update(data: string | Uint8Array) {
    this.#hash.update(data);
  }
  async digest() {
    return new Uint8Array(this.#hash.digest());
  }
  reset() {}
}

describe('a signed request', () => {
  it('has the signature that the SDK makes of it, with a session token and without', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          secretAccessKey: fc.stringMatching(/^[A-Za-z0-9/+]{20,40}$/),
          sessionToken: fc.option(fc.stringMatching(/^[A-Za-z0-9/+=]{10,60}$/), { nil: undefined }),
          body: fc.string({ unit: 'grapheme' }),
          region: fc.constantFrom('us-east-1', 'eu-central-1', 'cn-north-1'),
          nowMs: fc.integer({ min: 0, max: Date.parse('2100-01-01') }),
        }),
        async ({ secretAccessKey, sessionToken, body, region, nowMs }) => {
          const credentials = {
            accessKeyId: 'AKID',
            secretAccessKey,
            ...(sessionToken === undefined ? {} : { sessionToken }),
          };
          const headers = {
            host: `secretsmanager.${region}.amazonaws.com`,
            'content-type': 'application/x-amz-json-1.1',
            'x-amz-target': 'secretsmanager.GetSecretValue',
          };
          const ours = signPost({ headers, body }, { service: 'secretsmanager', region, nowMs }, credentials);
          const signer = new SignatureV4({
            service: 'secretsmanager',
            region,
            credentials,
            sha256: Sha256 as never,
            applyChecksum: false,
          });
          const theirs = (await signer.sign(
            {
              method: 'POST',
              protocol: 'https:',
              hostname: headers.host,
              path: '/',
              query: {},
              headers,
              body,
            } as never,
            { signingDate: new Date(nowMs) },
          )) as unknown as { headers: Record<string, string> };
          expect(ours.authorization).toBe(theirs.headers.authorization);
          expect(ours['x-amz-date']).toBe(theirs.headers['x-amz-date']);
          expect(ours['x-amz-security-token']).toBe(sessionToken);
        },
      ),
      { numRuns: 50 },
    );
  });
});
