import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { awsLogger } from '../../lib/runtime/log.ts';
import { systemRuntime } from '../../lib/runtime/system.ts';

afterEach(() => vi.unstubAllEnvs());

describe('the logger of AWS clients', () => {
  it('lets a client find its credentials in the environment, as every function on Lambda does', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'key');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
    vi.stubEnv('AWS_SESSION_TOKEN', 'token');
    const authorizations: string[] = [];
    const client = new DynamoDBClient({
      ...systemRuntime().aws,
      region: 'us-east-1',
      maxAttempts: 1,
      requestHandler: {
        handle: async ({ headers }: { headers: Record<string, string> }) => {
          authorizations.push(headers.authorization ?? '');
          throw new Error('far enough');
        },
      },
    });
    const call = client.send(new GetItemCommand({ TableName: 't', Key: { pk: { S: 'x' } } }));
    await expect(call).rejects.toThrow('far enough');
    expect(authorizations).toEqual([expect.stringContaining('Credential=key/')]);
  });

  it('has no level to which the SDK hands inputs and outputs', () => {
    expect(Object.keys(awsLogger).sort()).toEqual(['debug', 'warn']);
  });
});
