import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { Credentials } from './sigv4.ts';

/** As long as a real one, and recognisably none: the stand-in has one caller. */
const accessKeyId = 'LOCALSTANDIN00000000';

/** Credentials for the AWS endpoint, and the file that keeps them. */
export interface KeptCredentials extends Credentials {
  readonly region: string;
  /** A shell can read it (`. aws.env`). */
  readonly file: string;
  /** The lines of the file. */
  readonly exports: string;
}

/** Thrown when the file cannot be used. The message contains the remedy. */
class CredentialsError extends Error {
  override readonly name = 'CredentialsError';
}

/**
 * Reads the credentials in a file, or creates them in it, readable only by its owner. Its directory exists.
 * @throws CredentialsError if the file is invalid, or cannot be read or written.
 */
export function keepCredentials(file: string, region: string): KeptCredentials {
  let secretAccessKey: string | undefined;
  try {
    if (!existsSync(file)) {
      const made = randomBytes(30).toString('base64url');
      writeFileSync(file, `${exportLines(made, region)}\n`, { mode: 0o600 });
      chmodSync(file, 0o600);
    }
    const text = readFileSync(file, 'utf8');
    secretAccessKey = /^export AWS_SECRET_ACCESS_KEY=([\w-]{40})$/m.exec(text)?.[1];
  } catch (error) {
    throw new CredentialsError(
      `Cannot keep the AWS credentials in ${file} (${(error as Error).message}). Make it readable and writable for this user.`,
      { cause: error },
    );
  }
  if (secretAccessKey === undefined) {
    throw new CredentialsError(
      `The file ${file} does not contain the secret that the AWS endpoint is called with. Delete it to create a new one.`,
    );
  }
  return { accessKeyId, secretAccessKey, region, file, exports: exportLines(secretAccessKey, region) };
}

/** Version 1 of the aws CLI reads only AWS_DEFAULT_REGION. */
const exportLines = (secretAccessKey: string, region: string) =>
  [
    `export AWS_ACCESS_KEY_ID=${accessKeyId}`,
    `export AWS_SECRET_ACCESS_KEY=${secretAccessKey}`,
    `export AWS_REGION=${region} AWS_DEFAULT_REGION=${region}`,
  ].join('\n');
