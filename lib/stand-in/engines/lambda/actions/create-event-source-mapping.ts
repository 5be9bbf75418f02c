import type { Operation } from '../../engine.ts';
import { conflict, invalidParameter } from '../errors.ts';
import { checkEventSource } from '../event-source.ts';
import { type Lambda, membersOfLambda } from '../lambda.ts';
import { defaultSettings, mappingSettingMembers, readSettings } from '../mapping-settings.ts';
import { functionPermission, isQueueArn, isStreamArn } from '../names.ts';

export function createEventSourceMapping({ host, functions, mappings, options }: Lambda): Operation {
  return {
    permissions: (input) => [
      {
        action: 'lambda:CreateEventSourceMapping',
        resource: '*',
        context: { 'lambda:FunctionArn': functionPermission(host, '', input).resource },
      },
    ],
    async handle(input) {
      const members = membersOfLambda(input, 'CreateEventSourceMapping');
      members.only(...mappingSettingMembers, 'FunctionName', 'EventSourceArn', 'StartingPosition', 'Tags');
      const target = functions.find(members.requiredString('FunctionName'));
      const eventSourceArn = members.requiredString('EventSourceArn');
      const settings = readSettings(members, eventSourceArn, defaultSettings(eventSourceArn, target.name));
      const startingPosition = readStartingPosition(members.string('StartingPosition'), eventSourceArn);
      if (!isQueueArn(eventSourceArn) && options.onStreamRecords === undefined) {
        throw invalidParameter('This account has no DynamoDB streams: onStreamRecords was not given.');
      }
      await checkEventSource(host, target, eventSourceArn);
      for (const other of mappings.all()) {
        if (other.eventSourceArn !== eventSourceArn || other.functionName !== target.name) continue;
        throw conflict(
          `An event source mapping with ${isQueueArn(eventSourceArn) ? 'SQS' : 'dynamodb'} arn (" ${eventSourceArn} ") and function (" ${target.name} ") already exists. Please update or delete the existing mapping with UUID ${other.uuid}`,
        );
      }
      const created = mappings.create({
        ...settings,
        uuid: host.random.uuid(),
        eventSourceArn,
        ...(startingPosition === undefined ? {} : { startingPosition }),
        tags: members.stringMap('Tags') ?? {},
      });
      return mappings.describe(created);
    },
  };
}

function readStartingPosition(given: string | undefined, arn: string): 'TRIM_HORIZON' | 'LATEST' | undefined {
  if (isQueueArn(arn)) {
    if (given === undefined) return undefined;
    throw invalidParameter('StartingPosition is not valid for SQS event sources.');
  }
  if (!isStreamArn(arn)) {
    throw invalidParameter(`The stand-in maps only queues and DynamoDB streams, not ${arn}.`);
  }
  if (given === 'TRIM_HORIZON' || given === 'LATEST') return given;
  if (given === undefined) {
    throw invalidParameter(
      "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: Member must not be null.",
    );
  }
  throw invalidParameter(`Unsupported starting position for this event source type: ${given}.`);
}
