import { join } from 'node:path';

const rootDirectory = join(import.meta.dirname, '..', '..');

/** The cloud assembly that the local target runs, and the account and Region that it is synthesized for. */
export const assembly = {
  rootDirectory,
  outDirectory: join(rootDirectory, '.cache', 'assembly'),
  account: '000000000000',
  region: 'us-east-1',
} as const;
