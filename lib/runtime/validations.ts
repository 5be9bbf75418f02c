import { bus } from '../core/limits.ts';
import { validateFunctionArn, validateScheduleName } from '../core/resources.ts';
import type { Config } from './config.ts';
import { createReceiverSchedules, type ReceiverSchedules } from './receiver-schedules.ts';
import type { BaseRuntime } from './runtime.ts';

/** The schedules that ask the endpoints of receivers whose owner has not agreed yet. */
export type Validations = ReceiverSchedules;

export function createValidations(runtime: BaseRuntime, config: Config): Validations {
  return createReceiverSchedules(runtime, config, {
    functionArn: validateFunctionArn(config),
    everyMinutes: bus.validationScheduleMinutes,
    nameOf: validateScheduleName,
  });
}
