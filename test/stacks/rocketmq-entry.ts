import { systemRocketMq } from '../../lib/connectors/rocketmq/system.ts';

/** The entry that bundle.test.ts bundles: the RocketMQ client behind its seam, without a function around it. */
export const create = () => systemRocketMq(() => {});
