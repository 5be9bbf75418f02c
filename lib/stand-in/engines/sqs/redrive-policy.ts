import { isObject } from '../members.ts';
import { invalidValue } from './errors.ts';
import { limits } from './limits.ts';

/** The parsed `RedrivePolicy`: where a message goes when its receive count exceeds `maxReceiveCount`. */
export interface RedrivePolicy {
  readonly deadLetterTargetArn: string;
  readonly maxReceiveCount: number;
}

/** The parsed `RedriveAllowPolicy` of a dead-letter queue: which queues may redrive into it. */
export type RedriveAllowPolicy =
  | { readonly redrivePermission: 'allowAll' | 'denyAll' }
  | { readonly redrivePermission: 'byQueue'; readonly sourceQueueArns: readonly string[] };

export function parseRedrivePolicy(source: string): RedrivePolicy {
  const invalid = (reason: string) => invalidValue(source, 'RedrivePolicy', reason);
  const policy = parseMap(source, () => invalid('Redrive policy is not a valid JSON map.'));
  for (const member of Object.keys(policy)) {
    if (member !== 'deadLetterTargetArn' && member !== 'maxReceiveCount') {
      throw invalid('Only following attributes are supported: [deadLetterTargetArn, maxReceiveCount].');
    }
  }
  const { deadLetterTargetArn, maxReceiveCount } = policy;
  if (deadLetterTargetArn === undefined) {
    throw invalid('Redrive policy does not contain mandatory attribute: deadLetterTargetArn.');
  }
  if (maxReceiveCount === undefined) {
    throw invalid('Redrive policy does not contain mandatory attribute: maxReceiveCount.');
  }
  if (typeof deadLetterTargetArn !== 'string' || !deadLetterTargetArn.startsWith('arn:')) {
    throw invalid('Invalid value for deadLetterTargetArn.');
  }
  // AWS accepts the number as a number and as a string.
  const count = /^\d+$/.test(String(maxReceiveCount)) ? Number(maxReceiveCount) : 0;
  if (count < 1 || count > limits.maxReceiveCountMax) {
    throw invalid(
      `Invalid value for maxReceiveCount: ${String(maxReceiveCount)}, valid values are from 1 to 1000 both inclusive.`,
    );
  }
  return { deadLetterTargetArn, maxReceiveCount: count };
}

export function parseRedriveAllowPolicy(source: string): RedriveAllowPolicy {
  const invalid = (reason: string) => invalidValue(source, 'RedriveAllowPolicy', reason);
  const policy = parseMap(source, () => invalid('Redrive allow policy is not a valid JSON map.'));
  const { redrivePermission, sourceQueueArns, ...others } = policy;
  for (const member of Object.keys(others)) throw invalid(`Unknown attribute ${member}.`);
  if (redrivePermission === 'allowAll' || redrivePermission === 'denyAll') {
    if (sourceQueueArns !== undefined) {
      throw invalid('sourceQueueArns can be specified only when redrivePermission is byQueue.');
    }
    return { redrivePermission };
  }
  if (redrivePermission !== 'byQueue') {
    throw invalid('redrivePermission must be one of allowAll, denyAll, byQueue.');
  }
  if (
    !Array.isArray(sourceQueueArns) ||
    sourceQueueArns.length < 1 ||
    sourceQueueArns.length > limits.redriveAllowSourcesMax ||
    !sourceQueueArns.every((arn) => typeof arn === 'string' && arn.startsWith('arn:'))
  ) {
    throw invalid('sourceQueueArns must list 1 to 10 queue ARNs.');
  }
  return { redrivePermission, sourceQueueArns };
}

function parseMap(source: string, invalid: () => Error): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(source);
    if (isObject(parsed)) return parsed;
  } catch {
    // Text that is not JSON is rejected below, like all text that is not a map.
  }
  throw invalid();
}
