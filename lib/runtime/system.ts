import { systemClock } from './clock.ts';
import { awsLogger, jsonLog } from './log.ts';
import { systemRandom } from './random.ts';
import type { BaseRuntime } from './runtime.ts';

/** The runtime of a function that sends nothing over HTTP but to AWS. */
export function systemRuntime(): BaseRuntime {
  return {
    env: process.env,
    clock: systemClock,
    random: systemRandom,
    log: jsonLog(systemClock),
    aws: { logger: awsLogger },
  };
}

/** A handler that is made at its first event, so that importing the module does nothing. */
export function lazy<Event, Answer>(
  make: () => (event: Event, context: never) => Answer,
): (event: Event, context: never) => Answer {
  let handler: ((event: Event, context: never) => Answer) | undefined;
  return (event, context) => {
    handler ??= make();
    return handler(event, context);
  };
}
