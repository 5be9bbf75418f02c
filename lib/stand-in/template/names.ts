import { createHash } from 'node:crypto';

/**
 * A physical name as CloudFormation creates it: `<stack>-<logicalId>-<suffix>`, shortened in the middle. The suffix
 * is a hash and not random, so a stack has the same names on every machine. A replacement is a new generation and
 * gets a new name beside the old one.
 */
export function physicalName(
  stackName: string,
  logicalId: string,
  generation: number,
  options: { maxLength: number; suffix?: string },
): string {
  const hash = createHash('sha256').update(`${stackName}\n${logicalId}\n${generation}`).digest();
  const tail = `-${[...hash.subarray(0, 12)].map((byte) => alphabet[byte % alphabet.length]).join('')}${options.suffix ?? ''}`;
  return `${stackName}-${logicalId}`.slice(0, options.maxLength - tail.length) + tail;
}
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

/** An identifier as API Gateway creates it: ten lower-case letters and digits. */
export function shortId(stackName: string, logicalId: string, generation: number): string {
  const hash = createHash('sha256').update(`id\n${stackName}\n${logicalId}\n${generation}`).digest();
  return [...hash.subarray(0, 10)]
    .map((byte) => (alphabet[byte % alphabet.length] ?? '').toLowerCase())
    .join('');
}
