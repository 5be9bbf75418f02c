import { describe, expect, it } from 'vitest';
import { createSecretReader } from '../../lib/runtime/aws/secrets-manager.ts';
import type { Caller } from '../../lib/stand-in/engines/engine.ts';
import { createSecretsManager } from '../../lib/stand-in/engines/secretsmanager/index.ts';
import { createIam } from '../../lib/stand-in/iam/iam.ts';
import { requestHandler } from '../../lib/stand-in/request-handler.ts';
import { memoryStore } from '../../lib/stand-in/store.ts';
import { testAccount } from './account.ts';

const prefix = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:';

/** A reader under a role that may read what the pattern names. */
function readerThatMayRead(allowed: string) {
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
  const account = testAccount([(host) => createSecretsManager(host, { 'team/mq': 'hunter2', other: 'x' })], {
    authorize: iam.authorize,
  });
  const caller: Caller = { kind: 'role', roleArn: 'arn:aws:iam::000000000000:role/bridge' };
  const read = createSecretReader({
    clock: account.clock,
    env: {},
    aws: {
      region: 'us-east-1',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
      requestHandler: requestHandler(account.aws, caller),
    },
  });
  const call = (input: object) =>
    account.aws.call('secretsmanager', 'GetSecretValue', { ...input }, { kind: 'root' });
  return { read, call, meter: account.meter };
}

describe('Secrets Manager', () => {
  it('returns a secret by its name, its ARN and its ARN without the six characters', async () => {
    const { read, call } = readerThatMayRead('*');
    const answer = await call({ SecretId: 'team/mq' });
    expect(answer).toMatchObject({ Name: 'team/mq', SecretString: 'hunter2' });
    expect(answer?.ARN).toMatch(
      /^arn:aws:secretsmanager:us-east-1:000000000000:secret:team\/mq-[0-9a-f]{6}$/,
    );
    for (const id of ['team/mq', String(answer?.ARN), `${prefix}team/mq`])
      expect(await read(id)).toBe('hunter2');
  });

  it('rejects any other secret, and versions', async () => {
    const { read, call } = readerThatMayRead('*');
    await expect(read('none')).rejects.toThrow(/The secret none cannot be read: .*ResourceNotFoundException/);
    expect(() => call({ SecretId: 'team/mq', VersionStage: 'AWSPREVIOUS' })).toThrow(/VersionStage/);
  });

  it('lets a role read the secret that its policy names by pattern, and no other', async () => {
    const { read } = readerThatMayRead(`${prefix}team/mq-??????`);
    expect(await read('team/mq')).toBe('hunter2');
    await expect(read('other')).rejects.toThrow(/AccessDenied.*secretsmanager:GetSecretValue/);
  });
});
