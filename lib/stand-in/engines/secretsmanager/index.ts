import { createHash } from 'node:crypto';
import { AwsError, type Engine, type Host } from '../engine.ts';
import { membersOf } from '../members.ts';

/**
 * AWS Secrets Manager, as far as functions read from it: secrets are given at the start, each with one version, and
 * are not stored.
 */
export function createSecretsManager(
  { account, region, meter }: Host,
  secrets: Readonly<Record<string, string>>,
): Engine {
  const prefix = `arn:aws:secretsmanager:${region}:${account}:secret:`;
  const arnOf = (name: string) => `${prefix}${name}-${suffixOf(name)}`;
  const byArn = new Map(Object.keys(secrets).map((name) => [arnOf(name), name]));

  /** A secret is named by its name, its ARN, or its ARN without the suffix that Secrets Manager adds. */
  function nameOf(secretId: string): string | undefined {
    if (Object.hasOwn(secrets, secretId)) return secretId;
    const known = byArn.get(secretId);
    if (known !== undefined) return known;
    const partial = secretId.startsWith(prefix) ? secretId.slice(prefix.length) : '';
    return Object.hasOwn(secrets, partial) ? partial : undefined;
  }

  return {
    service: 'secretsmanager',
    operations: {
      GetSecretValue: {
        permissions({ SecretId }) {
          const id = String(SecretId);
          const name = nameOf(id);
          const resource = name !== undefined ? arnOf(name) : id.startsWith('arn:') ? id : arnOf(id);
          return [{ action: 'secretsmanager:GetSecretValue', resource }];
        },
        handle(input) {
          const invalid = (message: string) => new AwsError('InvalidParameterException', message);
          const members = membersOf(input, invalid, 'GetSecretValue');
          members.only('SecretId');
          const name = nameOf(members.requiredString('SecretId'));
          const text = name === undefined ? undefined : secrets[name];
          meter.count('secretsmanager.requests', 1);
          if (name === undefined || text === undefined) {
            throw new AwsError(
              'ResourceNotFoundException',
              "Secrets Manager can't find the specified secret.",
            );
          }
          return {
            ARN: arnOf(name),
            Name: name,
            SecretString: text,
            VersionId: '00000000-0000-4000-8000-000000000000',
            VersionStages: ['AWSCURRENT'],
          };
        },
      },
    },
  };
}

/** Six characters, the same at every start. */
function suffixOf(name: string): string {
  return createHash('sha256').update(name).digest('hex').slice(0, 6);
}
