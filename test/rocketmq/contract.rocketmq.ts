import { setTimeout as sleep } from 'node:timers/promises';
import { systemRocketMq } from '../../lib/connectors/rocketmq/system.ts';
import { type Cluster, rocketMqContract } from './contract.ts';
import { startRealCluster } from './real-cluster.ts';

const makeCluster = async (): Promise<Cluster> => {
  const cluster = await startRealCluster();
  return {
    rocketmq: systemRocketMq(() => {}),
    access: cluster.access,
    guarded: { access: cluster.access, refused: cluster.refusedAccess },
    async createTopic(topic, group, type) {
      await cluster.createTopic(topic, type);
      await cluster.createGroup(group, { orderly: type === 'fifo' });
    },
    now: () => Date.now(),
    pass: (ms) => sleep(ms),
    close: cluster.close,
  };
};

rocketMqContract('the real broker', makeCluster, { concurrent: true });
