import type { Command } from 'commander';
import type { KindOption } from '../cli/support/kind-option.ts';
import type { Session } from '../cli/support/session.ts';
import { bridgeCommand } from './rocketmq/cli/bridge.ts';
import { rocketMqOption } from './rocketmq/cli/option.ts';

/** The commands of kinds: one line for each. */
export const commands: readonly ((session: Session) => Command)[] = [bridgeCommand];

/** The options of `busbar receivers put` for kinds that are not endpoints: one for each. */
export const kindOptions: readonly KindOption[] = [rocketMqOption];
