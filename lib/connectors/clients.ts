import type { Log } from '../runtime/log.ts';
import type { RocketMqClients } from './rocketmq/client.ts';
import { rocketMqClients } from './rocketmq/system.ts';

/** What kinds reach their other side with, beside HTTP; functions get it as part of their runtime. Tests replace it. */
export type KindClients = RocketMqClients;

/** The clients of every kind, each loaded only when something is opened. */
export const systemClients = (log: Log): KindClients => rocketMqClients(log);
