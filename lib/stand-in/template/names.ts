import { createHash } from 'node:crypto';

/**
 * A physical name as CloudFormation makes them, `<stack>-<logicalId>-<suffix>`, cut in the middle to fit. The
 * suffix is a hash and not random, so that the same stack has the same names on every machine; a replacement
 * is a new generation and so gets a new name beside the old one.
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

/** An identifier such as API Gateway makes them: ten lower-case letters and digits. */
export function shortId(stackName: string, logicalId: string, generation: number): string {
  const hash = createHash('sha256').update(`id\n${stackName}\n${logicalId}\n${generation}`).digest();
  return [...hash.subarray(0, 10)]
    .map((byte) => (alphabet[byte % alphabet.length] ?? '').toLowerCase())
    .join('');
}
