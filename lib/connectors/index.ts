import { sinksOf } from './kind.ts';
import { rocketMq } from './rocketmq/kind.ts';
import { webhook } from './webhook/kind.ts';

/** The kinds of receivers: one line for each. */
const all = [webhook, rocketMq] as const;

export const sinks = sinksOf(all);

/** Every kind's fields in busbar.config.ts. */
export type DeclaredFields = (typeof all)[number]['declaredFields'];

/** The function that consumes the lanes of a receiver, without the prefix of the bus. */
export const senderOf = (receiver: object): string => sinks.of(receiver).deliveredBy;
