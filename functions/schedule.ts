import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { releaseDue } from '../lib/app/schedule/release.ts';
import { open } from '../lib/runtime/open.ts';
import type { BaseRuntime } from '../lib/runtime/runtime.ts';
import {
  applications,
  claims,
  delayed,
  grants,
  held,
  holds,
  laneTypes,
  queues,
  rates,
  recurrences,
  refused,
  registry,
  schedules,
  schemas,
  sightings,
  topics,
  usage,
  waiting,
} from '../lib/runtime/stores.ts';
import { lazy, systemRuntime } from '../lib/runtime/system.ts';

/** Consumes the delay queue: lets events leave that are due, fires recurring schedules, and hides what is early. */
export function create(runtime: BaseRuntime) {
  const tools = open(runtime, {
    applications,
    claims,
    delayed,
    grants,
    held,
    holds,
    laneTypes,
    queues,
    rates,
    recurrences,
    refused,
    registry,
    schedules,
    schemas,
    sightings,
    topics,
    usage,
    waiting,
  });
  return async (event: SQSEvent): Promise<SQSBatchResponse> => {
    const kept = await releaseDue(tools, event.Records);
    return { batchItemFailures: kept.map((itemIdentifier) => ({ itemIdentifier })) };
  };
}

export const handler = lazy(() => create(systemRuntime()));
