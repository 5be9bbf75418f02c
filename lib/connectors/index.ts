import type { Sink } from './kind.ts';
import { rocketMq } from './rocketmq/kind.ts';
import { webhook } from './webhook/kind.ts';

/** The kinds of receivers: one line for each. */
export const sinks: readonly Sink[] = [webhook, rocketMq];
