import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { type Place, type QueueRole, queueEndings } from '../core/kernel/place.ts';

/** What every part of the bus is given: where the bus lives, and the environment of its functions. */
export interface BusPartProps {
  readonly place: Place;
  readonly environment: Readonly<Record<string, string>>;
}

/** Where the stack will be deployed; account and region are tokens until then. */
export function placeOf(scope: Construct, prefix: string): Place {
  const { partition, region, account } = Stack.of(scope);
  return { partition, region, account, prefix };
}

/** The topics of the bus, by name prefix: a role need not grow with the topics. */
export const anyTopic = (place: Place) =>
  `arn:${place.partition}:sns:${place.region}:${place.account}:${place.prefix}-*`;

/** The queues of all receivers that have this role. */
export const anyQueue = (place: Place, role: QueueRole | '*') =>
  `arn:${place.partition}:sqs:${place.region}:${place.account}:${place.prefix}-*${role === '*' ? '' : queueEndings[role]}`;
