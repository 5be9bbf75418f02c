import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { type Place, type QueueRole, queueEndings } from '../core/kernel/place.ts';
import type { Delay } from './delay.ts';

/** What every part of the bus is given. */
export interface BusPartProps {
  readonly place: Place;
  /** The environment of its functions. */
  readonly environment: Readonly<Record<string, string>>;
  /** The bus table. */
  readonly tableArn: string;
  readonly delay: Delay;
}

/** Where the stack will be deployed; account and region are tokens until then. */
export function placeOf(scope: Construct, prefix: string): Place {
  const { partition, region, account } = Stack.of(scope);
  return { partition, region, account, prefix };
}

/** All topics of the bus, by name prefix, so roles do not grow with the topics. */
export const anyTopic = (place: Place) =>
  `arn:${place.partition}:sns:${place.region}:${place.account}:${place.prefix}-*`;

/** The queues with this role, of all receivers. */
export const anyQueue = (place: Place, role: QueueRole | '*') =>
  `arn:${place.partition}:sqs:${place.region}:${place.account}:${place.prefix}-*${role === '*' ? '' : queueEndings[role]}`;
