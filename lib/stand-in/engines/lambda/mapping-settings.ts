import type { Members } from '../members.ts';
import { defined } from './configuration.ts';
import { invalidParameter } from './errors.ts';
import { readDestination } from './event-invoke-config.ts';
import { parsePattern } from './filter.ts';
import { lambdaLimits } from './limits.ts';
import type { MappingSettings } from './mapping-model.ts';
import { isQueueArn } from './names.ts';

const streamMembers = [
  'MaximumRetryAttempts',
  'MaximumRecordAgeInSeconds',
  'BisectBatchOnFunctionError',
  'DestinationConfig',
  'ParallelizationFactor',
] as const;

/** The members that CreateEventSourceMapping and UpdateEventSourceMapping share. */
export const mappingSettingMembers = [
  'Enabled',
  'BatchSize',
  'MaximumBatchingWindowInSeconds',
  'FunctionResponseTypes',
  'FilterCriteria',
  'ScalingConfig',
  ...streamMembers,
] as const;

/** The defaults of a new mapping. */
export function defaultSettings(eventSourceArn: string, functionName: string): MappingSettings {
  return {
    functionName,
    enabled: true,
    batchSize: isQueueArn(eventSourceArn) ? 10 : 100,
    batchingWindowSeconds: 0,
    reportBatchItemFailures: false,
    filters: [],
    maximumRetryAttempts: -1,
    maximumRecordAgeSeconds: -1,
    bisectBatchOnFunctionError: false,
  };
}

/**
 * Applies the input to the previous settings, and rejects what AWS rejects
 * (https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-parameters.html and services-ddb-params.html).
 */
export function readSettings(
  members: Members,
  eventSourceArn: string,
  before: MappingSettings,
): MappingSettings {
  const { batchSize, batchingWindowSeconds } = lambdaLimits;
  const queue = isQueueArn(eventSourceArn);
  if (queue) {
    for (const name of streamMembers) {
      if (members.has(name)) throw invalidParameter(`${name} is not valid for SQS event sources.`);
    }
  } else if (members.has('ScalingConfig')) {
    throw invalidParameter('ScalingConfig is not valid for stream event sources.');
  }
  if ((members.integer('ParallelizationFactor', 1, 10) ?? 1) > 1) {
    throw invalidParameter('The stand-in reads a shard only with ParallelizationFactor 1.');
  }
  const destinations = members.structure('DestinationConfig');
  destinations?.only('OnFailure');
  const { maximumConcurrency, ...rest } = before;
  const concurrency = readMaximumConcurrency(members, maximumConcurrency);
  const settings: MappingSettings = {
    ...rest,
    ...defined({
      enabled: members.boolean('Enabled'),
      batchSize: members.integer('BatchSize', batchSize.min, batchSize.max),
      batchingWindowSeconds: members.integer(
        'MaximumBatchingWindowInSeconds',
        batchingWindowSeconds.min,
        batchingWindowSeconds.max,
      ),
      reportBatchItemFailures: readResponseTypes(members),
      filters: readFilters(members),
      maximumConcurrency: concurrency,
      maximumRetryAttempts: members.integer('MaximumRetryAttempts', -1, 10_000),
      maximumRecordAgeSeconds: readRecordAge(members),
      bisectBatchOnFunctionError: members.boolean('BisectBatchOnFunctionError'),
      onFailureArn: readDestination(destinations, 'OnFailure'),
    }),
  };
  if (queue) rejectQueueBatching(settings, eventSourceArn.endsWith('.fifo'));
  return settings;
}

function rejectQueueBatching(settings: MappingSettings, fifo: boolean): void {
  if (fifo && settings.batchSize > lambdaLimits.fifoBatchSizeMax) {
    throw invalidParameter(
      `The maximum batch size for FIFO queues is ${lambdaLimits.fifoBatchSizeMax}, not ${settings.batchSize}.`,
    );
  }
  if (fifo && settings.batchingWindowSeconds > 0) {
    throw invalidParameter('Batching window is not supported for FIFO queues');
  }
  if (settings.batchSize > 10 && settings.batchingWindowSeconds < 1) {
    throw invalidParameter(
      'Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10',
    );
  }
}

/** An empty ScalingConfig removes a limit. */
function readMaximumConcurrency(members: Members, before: number | undefined): number | undefined {
  const scaling = members.structure('ScalingConfig');
  if (scaling === undefined) return before;
  scaling.only('MaximumConcurrency');
  const { min, max } = lambdaLimits.maximumConcurrency;
  return scaling.integer('MaximumConcurrency', min, max);
}

function readResponseTypes(members: Members): boolean | undefined {
  const types = members.strings('FunctionResponseTypes');
  const unknown = types?.find((type) => type !== 'ReportBatchItemFailures');
  if (unknown !== undefined) throw invalidParameter(`Not a valid function response type: ${unknown}`);
  return types === undefined ? undefined : types.length > 0;
}

function readRecordAge(members: Members): number | undefined {
  const seconds = members.integer('MaximumRecordAgeInSeconds', -1, 604_800);
  if (seconds !== undefined && seconds !== -1 && seconds < 60) {
    throw invalidParameter('MaximumRecordAgeInSeconds must be -1, or from 60 to 604800.');
  }
  return seconds;
}

function readFilters(members: Members): readonly string[] | undefined {
  const criteria = members.structure('FilterCriteria');
  if (criteria === undefined) return undefined;
  criteria.only('Filters');
  const filters = criteria.structures('Filters') ?? [];
  if (filters.length > lambdaLimits.mappingFilters) {
    throw invalidParameter(`A mapping has at most ${lambdaLimits.mappingFilters} filters.`);
  }
  return filters.map((filter) => {
    filter.only('Pattern');
    const pattern = filter.requiredString('Pattern');
    parsePattern(pattern);
    return pattern;
  });
}
