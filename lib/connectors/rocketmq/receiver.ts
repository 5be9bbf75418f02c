import type { Receiver } from '../../core/registry/receiver.ts';
import type { RocketMqTarget } from './target.ts';

/** A receiver as this kind stores it. */
export interface RocketMqReceiver extends Receiver {
  readonly rocketmq: RocketMqTarget;
}
