import type { Host } from '../engine.ts';
import { invalidParameter, notImplemented } from './errors.ts';

/** The ARN of a topic by its name. */
export const topicArn = (host: Host, name: string) => `arn:aws:sns:${host.region}:${host.account}:${name}`;

/** Rejects what is not an ARN, and the ARN of another Region, in the words of SNS. */
export function checkArn(
  host: Host,
  arn: string,
  parameter: 'TopicArn' | 'SubscriptionArn' | 'ResourceArn',
): string {
  const elements = arn.split(':');
  if (elements.length < 6) {
    throw invalidParameter(
      `${parameter} Reason: An ARN must have at least 6 elements, not ${elements.length}`,
    );
  }
  if (elements[3] !== host.region) throw invalidParameter(parameter);
  return arn;
}

/** The URL of the queue with this ARN; undefined when it is not the ARN of a queue. */
export function queueUrlOf(host: Host, arn: string): string | undefined {
  const [, , service, region, account, name, ...more] = arn.split(':');
  if (!arn.startsWith('arn:') || service !== 'sqs' || name === undefined || name === '' || more.length > 0) {
    return undefined;
  }
  if (region !== host.region || account !== host.account) {
    throw notImplemented(`queues of another account or Region (${arn})`);
  }
  return `${host.endpoint}/${account}/${name}`;
}

export const isFifo = (arn: string) => arn.endsWith('.fifo');
