import type { KindConstruct } from '../stacks/kind-construct.ts';
import { rocketMqConstruct } from './rocketmq/stacks/index.ts';

/** What kinds deploy for themselves: one line for each that does. */
export const constructs: readonly KindConstruct[] = [rocketMqConstruct];
