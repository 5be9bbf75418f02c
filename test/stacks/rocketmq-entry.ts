import { systemRocketMq } from '../../lib/connectors/rocketmq/system.ts';

/** What the test of bundles bundles: the RocketMQ client behind its seam, and no function around it. */
export const create = () => systemRocketMq(() => {});
