import { isObject } from '../members.ts';
import { invalidValue } from './errors.ts';
import { limits } from './limits.ts';

/** The parsed `RedrivePolicy`: where a message goes when its receive count exceeds `maxReceiveCount`. */
export interface RedrivePolicy {
  readonly deadLetterTargetArn: string;
  readonly maxReceiveCount: number;
}

/** The parsed `RedriveAllowPolicy` of a dead-letter queue: who may redrive into it. */
export type RedriveAllowPolicy =
  | { readonly redrivePermission: 'allowAll' | 'denyAll' }
  | { readonly redrivePermission: 'byQueue'; readonly sourceQueueArns: readonly string[] };

export function parseRedrivePolicy(source: string): RedrivePolicy {
  const refuse = (reason: string) => invalidValue(source, 'RedrivePolicy', reason);
  const policy = parseMap(source, () => refuse('Redrive policy is not a valid JSON map.'));
  for (const member of Object.keys(policy)) {
    if (member !== 'deadLetterTargetArn' && member !== 'maxReceiveCount') {
      throw refuse('Only following attributes are supported: [deadLetterTargetArn, maxReceiveCount].');
    }
  }
  const { deadLetterTargetArn, maxReceiveCount } = policy;
  if (deadLetterTargetArn === undefined) {
    throw refuse('Redrive policy does not contain mandatory attribute: deadLetterTargetArn.');
  }
  if (maxReceiveCount === undefined) {
    throw refuse('Redrive policy does not contain mandatory attribute: maxReceiveCount.');
  }
  if (typeof deadLetterTargetArn !== 'string' || !deadLetterTargetArn.startsWith('arn:')) {
    throw refuse('Invalid value for deadLetterTargetArn.');
  }
  // AWS takes the number as a number and as a string.
  const count = /^\d+$/.test(String(maxReceiveCount)) ? Number(maxReceiveCount) : 0;
  if (count < 1 || count > limits.maxReceiveCountMax) {
    throw refuse(
      `Invalid value for maxReceiveCount: ${String(maxReceiveCount)}, valid values are from 1 to 1000 both inclusive.`,
    );
  }
  return { deadLetterTargetArn, maxReceiveCount: count };
}

export function parseRedriveAllowPolicy(source: string): RedriveAllowPolicy {
  const refuse = (reason: string) => invalidValue(source, 'RedriveAllowPolicy', reason);
  const policy = parseMap(source, () => refuse('Redrive allow policy is not a valid JSON map.'));
  const { redrivePermission, sourceQueueArns, ...others } = policy;
  for (const member of Object.keys(others)) throw refuse(`Unknown attribute ${member}.`);
  if (redrivePermission === 'allowAll' || redrivePermission === 'denyAll') {
    if (sourceQueueArns !== undefined) {
      throw refuse('sourceQueueArns can be specified only when redrivePermission is byQueue.');
    }
    return { redrivePermission };
  }
  if (redrivePermission !== 'byQueue') {
    throw refuse('redrivePermission must be one of allowAll, denyAll, byQueue.');
  }
  if (
    !Array.isArray(sourceQueueArns) ||
    sourceQueueArns.length < 1 ||
    sourceQueueArns.length > limits.redriveAllowSourcesMax ||
    !sourceQueueArns.every((arn) => typeof arn === 'string' && arn.startsWith('arn:'))
  ) {
    throw refuse('sourceQueueArns must list 1 to 10 queue ARNs.');
  }
  return { redrivePermission, sourceQueueArns };
}

function parseMap(source: string, refuse: () => Error): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(source);
    if (isObject(parsed)) return parsed;
  } catch {
    // What is not JSON is refused below like every other text that is no map.
  }
  throw refuse();
}
