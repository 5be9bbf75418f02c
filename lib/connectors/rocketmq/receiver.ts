import type { Receiver, ReceiverSpec } from '../../core/registry/receiver.ts';
import type { RocketMqTarget, RocketMqTargetSpec, ShownRocketMqTarget } from './target.ts';

/** The body of a PUT. */
export interface RocketMqSpec extends ReceiverSpec {
  readonly rocketmq: RocketMqTargetSpec;
}

/** A receiver as this kind stores it. */
export interface RocketMqReceiver extends Receiver {
  readonly rocketmq: RocketMqTarget;
}

/** As the API shows it. */
export interface ShownRocketMq {
  readonly rocketmq?: ShownRocketMqTarget;
}
