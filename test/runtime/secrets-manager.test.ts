import { SignatureV4 } from '@smithy/signature-v4';
import { describe, expect, it } from 'vitest';
import { createSecretReader } from '../../lib/runtime/aws/secrets-manager.ts';
import { Sha256 } from '../../lib/runtime/aws/sha256.ts';

const nowMs = Date.parse('2026-01-31T12:00:00Z');
const clock = { now: () => nowMs, setTimer: () => () => undefined };

/** A reader whose requests end here, answered with a secret. */
function captured(env: Readonly<Record<string, string>>) {
  const requests: { headers: Record<string, string>; body: string }[] = [];
  const requestHandler = {
    async handle(request: { headers: Record<string, string>; body: string }) {
      requests.push(request);
      return { response: { statusCode: 200, body: Buffer.from('{"SecretString":"hunter2"}') } };
    },
  };
  const read = createSecretReader({ clock, env, aws: { region: 'eu-central-1', requestHandler } });
  return { read, requests };
}

describe('a read of Secrets Manager', () => {
  const role = { AWS_ACCESS_KEY_ID: 'AKID', AWS_SECRET_ACCESS_KEY: 's3cr3t', AWS_SESSION_TOKEN: 'token' };

  it('is signed by the credentials of the role, with its session token', async () => {
    const { read, requests } = captured(role);
    expect(await read('team/mq')).toBe('hunter2');
    const [{ headers, body } = { headers: {}, body: '' }] = requests;
    expect(headers['x-amz-security-token']).toBe('token');
    expect(headers.authorization).toMatch(
      /^AWS4-HMAC-SHA256 Credential=AKID\/20260131\/eu-central-1\/secretsmanager\/aws4_request, SignedHeaders=/,
    );
    const signer = new SignatureV4({
      service: 'secretsmanager',
      region: 'eu-central-1',
      credentials: { accessKeyId: 'AKID', secretAccessKey: 's3cr3t', sessionToken: 'token' },
      sha256: Sha256,
      applyChecksum: false,
    });
    const { authorization: _, ...unsigned } = headers;
    const again = await signer.sign(
      {
        method: 'POST',
        protocol: 'https:',
        hostname: headers.host ?? '',
        path: '/',
        headers: unsigned,
        body,
      },
      { signingDate: new Date(nowMs) },
    );
    expect(headers.authorization).toBe(again.headers.authorization);
  });

  it('says which variables are missing when the function has no credentials', async () => {
    await expect(captured({}).read('team/mq')).rejects.toThrow(
      'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are missing',
    );
  });
});
