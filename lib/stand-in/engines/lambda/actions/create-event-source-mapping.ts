import { AwsError, type Operation } from '../../engine.ts';
import type { Members } from '../../members.ts';
import { conflict, invalidParameter } from '../errors.ts';
import { checkEventSource } from '../event-source.ts';
import type { Functions } from '../functions.ts';
import { type Lambda, membersOfLambda } from '../lambda.ts';
import { defaultSettings, mappingSettingMembers, readSettings } from '../mapping-settings.ts';
import type { StoredFunction } from '../model.ts';
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
      const eventSourceArn = readSource(members);
      const target = findTarget(functions, members.requiredString('FunctionName'));
      const settings = readSettings(members, eventSourceArn, defaultSettings(eventSourceArn, target.name));
      const startingPosition = readStartingPosition(members.string('StartingPosition'), eventSourceArn);
      if (!isQueueArn(eventSourceArn) && options.onStreamRecords === undefined) {
        throw invalidParameter('This account has no DynamoDB streams: onStreamRecords was not given.');
      }
      await checkEventSource(host, target, eventSourceArn);
      for (const other of mappings.all()) {
        if (other.eventSourceArn !== eventSourceArn || other.functionName !== target.name) continue;
        throw conflict(
          `${alreadyMapped(eventSourceArn, target.name)} already exists. Please update or delete the existing mapping with UUID ${other.uuid}`,
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

/** The source is judged before the function, in the words that LocalStack's tests recorded. */
function readSource(members: Members): string {
  const arn = members.string('EventSourceArn');
  if (arn === undefined) throw invalidParameter('Unrecognized event source.');
  if (isQueueArn(arn) && members.has('DestinationConfig')) {
    throw invalidParameter('Unsupported DestinationConfig parameter for given event source mapping type.');
  }
  return arn;
}

function findTarget(functions: Functions, name: string): StoredFunction {
  try {
    return functions.find(name);
  } catch (error) {
    if (error instanceof AwsError && error.code === 'ResourceNotFoundException') {
      throw invalidParameter('Function does not exist');
    }
    throw error;
  }
}

const alreadyMapped = (arn: string, name: string) =>
  isQueueArn(arn)
    ? `An event source mapping with SQS arn (" ${arn} ") and function (" ${name} ")`
    : `The event source arn (" ${arn} ") and function (" ${name} ") provided mapping`;

const startingPositions = ['LATEST', 'AT_TIMESTAMP', 'TRIM_HORIZON'];

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
  if (startingPositions.includes(given)) {
    throw invalidParameter(`Unsupported starting position for arn type: ${arn}`);
  }
  throw new AwsError(
    'ValidationException',
    `1 validation error detected: Value '${given}' at 'startingPosition' failed to satisfy constraint: Member must satisfy enum value set: [${startingPositions.join(', ')}]`,
  );
}
