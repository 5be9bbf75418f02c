import * as z from 'zod';
import { vpcSchema } from '../../core/kernel/vpc.ts';

/** In busbar.config.ts: settings of the function that sends to receivers of this kind, however those are made. */
export const rocketMqFunction = {
  rocketmq: z.strictObject({ vpc: vpcSchema.optional() }).optional(),
};

export type RocketMqFunctionSettings = z.infer<z.ZodObject<typeof rocketMqFunction>>['rocketmq'];
