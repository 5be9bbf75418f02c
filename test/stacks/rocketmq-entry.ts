import { systemRocketMq } from '../../lib/runtime/system-rocketmq.ts';

/** What the test of bundles bundles: the RocketMQ client behind its seam, and no function around it. */
export const create = () => systemRocketMq(() => {});
