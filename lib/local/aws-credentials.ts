import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Credentials } from '../stand-in/sigv4.ts';
import { makeDirectory } from './make-directory.ts';
import { StartError } from './settings.ts';

const fileName = 'aws.env';

/** As long as a real one, and recognisably none: there is one caller, the owner of the data directory. */
const accessKeyId = 'BUSBARLOCAL000000000';

/** What the AWS endpoint of a data directory is called with. */
export interface KeptCredentials {
  readonly credentials: Credentials;
  /** A file that a shell can read (`. .busbar/aws.env`), and its lines. */
  readonly file: string;
  readonly exports: string;
}

/**
 * The credentials for the AWS endpoint, created at the first start. They are kept in a file that only its owner can read.
 * @throws StartError if the file is invalid, or cannot be read or written.
 */
export function keepAwsCredentials(dataDirectory: string, region: string): KeptCredentials {
  const file = join(dataDirectory, fileName);
  try {
    const kept = existsSync(file) ? readFileSync(file, 'utf8') : undefined;
    const secretAccessKey =
      kept === undefined
        ? randomBytes(30).toString('base64url')
        : /^export AWS_SECRET_ACCESS_KEY=([\w-]{40})$/m.exec(kept)?.[1];
    if (secretAccessKey === undefined) {
      throw new StartError(
        `The file ${file} does not contain the secret that the AWS endpoint is called with. Delete it to create a new one.`,
      );
    }
    // Version 1 of the aws CLI reads only AWS_DEFAULT_REGION.
    const exports = [
      `export AWS_ACCESS_KEY_ID=${accessKeyId}`,
      `export AWS_SECRET_ACCESS_KEY=${secretAccessKey}`,
      `export AWS_REGION=${region} AWS_DEFAULT_REGION=${region}`,
    ].join('\n');
    if (kept === undefined) {
      makeDirectory(dataDirectory);
      writeFileSync(file, `${exports}\n`, { mode: 0o600 });
      chmodSync(file, 0o600);
    }
    return { credentials: { accessKeyId, secretAccessKey }, file, exports };
  } catch (error) {
    if (error instanceof StartError) throw error;
    throw new StartError(
      `Cannot keep the AWS credentials in ${file} (${(error as Error).message}). Make it readable and writable, or point BUSBAR_DATA to another directory.`,
    );
  }
}
