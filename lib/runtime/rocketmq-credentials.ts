import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { parseRocketMqSecret, type RocketMqSecret } from '../core/bridge.ts';
import type { BaseRuntime } from './runtime.ts';

/**
 * Reads credentials of RocketMQ from AWS Secrets Manager, anew for each run: a rotated secret counts from the next
 * minute on.
 */
export function createCredentialsReader({ aws }: Pick<BaseRuntime, 'aws'>) {
  let client: SecretsManagerClient | undefined;
  /** @throws Error when the secret cannot be read, or holds no credentials. */
  return async (secret: string): Promise<RocketMqSecret> => {
    client ??= new SecretsManagerClient({ ...aws });
    const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: secret }));
    return parseRocketMqSecret(secret, SecretString);
  };
}
