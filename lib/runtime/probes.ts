import { bus } from '../core/limits.ts';
import { probeFunctionArn, probeScheduleName } from '../core/resources.ts';
import type { Config } from './config.ts';
import { createReceiverSchedules, type ReceiverSchedules } from './receiver-schedules.ts';
import type { BaseRuntime } from './runtime.ts';

/** The schedules that probe receivers whose lane is not polled because their breaker is open. */
export type Probes = ReceiverSchedules;

export function createProbes(runtime: BaseRuntime, config: Config): Probes {
  return createReceiverSchedules(runtime, config, {
    functionArn: probeFunctionArn(config),
    everyMinutes: bus.breakerScheduleMinutes,
    nameOf: probeScheduleName,
  });
}
