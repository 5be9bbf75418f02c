import type { Members } from '../members.ts';
import { defined } from './configuration.ts';
import { invalidParameter, notFound } from './errors.ts';
import { lambdaLimits } from './limits.ts';
import type { EventInvokeConfig, StoredFunction } from './model.ts';
import { isQueueArn } from './names.ts';

export const eventInvokeMembers = [
  'FunctionName',
  'Qualifier',
  'MaximumRetryAttempts',
  'MaximumEventAgeInSeconds',
  'DestinationConfig',
] as const;

export function readEventInvokeConfig(members: Members): Omit<EventInvokeConfig, 'lastModifiedMs'> {
  const { asyncRetries, asyncEventAgeSeconds } = lambdaLimits;
  const destinations = members.structure('DestinationConfig');
  destinations?.only('OnSuccess', 'OnFailure');
  return defined({
    maximumRetryAttempts: members.integer('MaximumRetryAttempts', asyncRetries.min, asyncRetries.max),
    maximumEventAgeSeconds: members.integer(
      'MaximumEventAgeInSeconds',
      asyncEventAgeSeconds.min,
      asyncEventAgeSeconds.max,
    ),
    onSuccessArn: readDestination(destinations, 'OnSuccess'),
    onFailureArn: readDestination(destinations, 'OnFailure'),
  });
}

/** The configuration of a function. Throws `ResourceNotFoundException` when it has none. */
export function requireEventInvokeConfig({ arn, eventInvoke }: StoredFunction): EventInvokeConfig {
  if (eventInvoke === undefined)
    throw notFound(`The function ${arn}:$LATEST doesn't have an EventInvokeConfig`);
  return eventInvoke;
}

/** The ARN of a destination. AWS has several kinds; this engine has only queues. */
export function readDestination(destinations: Members | undefined, name: string): string | undefined {
  const destination = destinations?.structure(name);
  destination?.only('Destination');
  const arn = destination?.string('Destination');
  if (arn !== undefined && !isQueueArn(arn)) {
    throw invalidParameter(`The stand-in sends only to SQS destinations, not to ${arn}.`);
  }
  return arn;
}

export function describeEventInvokeConfig(stored: StoredFunction, config: EventInvokeConfig) {
  const destination = (arn: string | undefined) => (arn === undefined ? {} : { Destination: arn });
  return {
    FunctionArn: `${stored.arn}:$LATEST`,
    LastModified: config.lastModifiedMs / 1000,
    MaximumRetryAttempts: config.maximumRetryAttempts,
    MaximumEventAgeInSeconds: config.maximumEventAgeSeconds,
    DestinationConfig: {
      OnSuccess: destination(config.onSuccessArn),
      OnFailure: destination(config.onFailureArn),
    },
  };
}
