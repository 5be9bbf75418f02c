import { lookAfterHold } from '../lib/app/hold/look-after-hold.ts';
import { open } from '../lib/runtime/open.ts';
import type { BaseRuntime } from '../lib/runtime/runtime.ts';
import {
  applications,
  backlogs,
  deliveries,
  grants,
  held,
  holds,
  holdWatches,
  laneTypes,
  looks,
  queues,
  refused,
  registry,
  schemas,
  sightings,
  topics,
  usage,
} from '../lib/runtime/stores.ts';
import { lazy, systemRuntime } from '../lib/runtime/system.ts';

/** Called by the schedule of a topic that has a rule or is released, and at once when a release begins. */
export function create(runtime: BaseRuntime) {
  const tools = open(runtime, {
    applications,
    backlogs,
    deliveries,
    grants,
    held,
    holds,
    holdWatches,
    laneTypes,
    looks,
    queues,
    refused,
    registry,
    schemas,
    sightings,
    topics,
    usage,
  });
  return async ({ topic }: { topic: string }): Promise<void> => await lookAfterHold(tools, topic);
}

export const handler = lazy(() => create(systemRuntime()));
