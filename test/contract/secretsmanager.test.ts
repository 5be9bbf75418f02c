import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { describe, expect, it } from 'vitest';
import { type Caller, root } from '../../lib/local/engines/engine.ts';
import { createSecretsManager } from '../../lib/local/engines/secretsmanager/index.ts';
import { createIam } from '../../lib/local/iam.ts';
import { requestHandler } from '../../lib/local/request-handler.ts';
import { memoryStore } from '../../lib/local/store.ts';
import { createCredentialsReader } from '../../lib/runtime/rocketmq-credentials.ts';
import { testAccount } from './account.ts';

const text = '{"accessKey":"a","secretKey":"hunter2"}';

function open(allowed: string) {
  const iam = createIam({
    account: '000000000000',
    region: 'us-east-1',
    store: memoryStore(),
    resourcePolicy: () => undefined,
  });
  iam.putRole({
    name: 'bridge',
    trust: { Statement: [] },
    inlinePolicies: {
      read: {
        Statement: [{ Effect: 'Allow', Action: 'secretsmanager:GetSecretValue', Resource: allowed }],
      },
    },
    managedPolicyArns: [],
  });
  const account = testAccount(
    [(host) => createSecretsManager(host, { 'team/mq': text, broken: 'hunter2' })],
    {
      authorize: iam.authorize,
    },
  );
  const configOf = (caller: Caller) => ({
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    requestHandler: requestHandler(account.aws, caller),
    maxAttempts: 1,
  });
  const role: Caller = { kind: 'role', roleArn: 'arn:aws:iam::000000000000:role/bridge' };
  return {
    client: new SecretsManagerClient(configOf(root)),
    reader: createCredentialsReader({ aws: configOf(role) }),
  };
}

const prefix = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:';

describe('Secrets Manager', () => {
  it('gives a secret by its name, its ARN and its ARN without the six characters', async () => {
    const { client } = open('*');
    const byName = await client.send(new GetSecretValueCommand({ SecretId: 'team/mq' }));
    expect(byName).toMatchObject({ Name: 'team/mq', SecretString: text });
    expect(byName.ARN).toMatch(/^arn:aws:secretsmanager:us-east-1:000000000000:secret:team\/mq-[0-9a-f]{6}$/);
    for (const SecretId of [byName.ARN, `${prefix}team/mq`]) {
      expect((await client.send(new GetSecretValueCommand({ SecretId }))).SecretString).toBe(text);
    }
  });

  it('knows no other secret, and no version', async () => {
    const { client } = open('*');
    await expect(client.send(new GetSecretValueCommand({ SecretId: 'none' }))).rejects.toThrow(
      expect.objectContaining({ name: 'ResourceNotFoundException' }),
    );
    await expect(
      client.send(new GetSecretValueCommand({ SecretId: 'team/mq', VersionStage: 'AWSPREVIOUS' })),
    ).rejects.toThrow('VersionStage');
  });

  it('lets a bridge read the secret that its policy names by pattern, and no other', async () => {
    const { reader } = open(`${prefix}team/mq-??????`);
    expect(await reader('team/mq')).toEqual({ accessKey: 'a', secretKey: 'hunter2' });
    await expect(reader('broken')).rejects.toThrow(
      /not authorized to perform: secretsmanager:GetSecretValue/,
    );
  });

  it('says what a secret must be without quoting it', async () => {
    const { reader } = open('*');
    const wrong = await reader('broken').catch((error: Error) => error.message);
    expect(wrong).toContain('must be JSON');
    expect(wrong).not.toContain('hunter2');
  });
});
