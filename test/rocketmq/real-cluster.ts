import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RocketMqAccess } from '../../lib/connectors/rocketmq/client.ts';
import { freePorts } from '../free-ports.ts';
import { rocketMqClassPath } from './artifacts.ts';
import type { TopicType } from './memory-broker.ts';
import { remotingCall } from './remoting.ts';

/** How many messages go each way while everything is killed: fewer for who is in a hurry. */
export const messageCount = Number(process.env.BUSBAR_ROCKETMQ_MESSAGES ?? 10_000);

const admin = { accessKey: 'busbaradmin', secretKey: 'admin-secret-12345' };
const clusterName = 'DefaultCluster';

/** A RocketMQ 5 on this machine: a name server, and one process that is broker and proxy. */
export interface RealCluster {
  readonly access: RocketMqAccess;
  /** As `access`, with a secret key that is none. */
  readonly refusedAccess: RocketMqAccess;
  createTopic(topic: string, type?: TopicType): Promise<void>;
  createGroup(group: string, options?: { orderly?: boolean; retryMax?: number }): Promise<void>;
  /** Stops broker and proxy; `kill` without giving them a chance to write anything down. */
  stopBroker(kill?: boolean): Promise<void>;
  startBroker(): Promise<void>;
  close(): Promise<void>;
}

/** Starts a cluster with credentials required, on free ports and on data of its own. */
export async function startRealCluster(): Promise<RealCluster> {
  const directory = mkdtempSync(join(tmpdir(), 'busbar-rocketmq-'));
  const classPath = rocketMqClassPath();
  const [namesrvPort = 0, brokerPort = 0, haPort = 0, grpcPort = 0, remotingPort = 0] = await freePorts(5);
  const namesrv = `127.0.0.1:${namesrvPort}`;
  const access = { endpoint: `127.0.0.1:${grpcPort}`, credentials: admin, tls: false, timeoutSeconds: 5 };
  writeConfiguration(directory, { namesrv, namesrvPort, brokerPort, haPort, grpcPort, remotingPort });
  const call = (code: number, fields: Record<string, string>, body?: string) =>
    remotingCall(brokerPort, { code, fields, credentials: admin, ...(body === undefined ? {} : { body }) });

  const java = (name: string, heap: string, main: string, args: readonly string[]) =>
    startJava(directory, name, ['-cp', classPath, `-Xms${heap}`, `-Xmx${heap}`, main, ...args]);
  const nameServer = java('namesrv', '64m', 'org.apache.rocketmq.namesrv.NamesrvStartup', [
    '-c',
    join(directory, 'namesrv.conf'),
  ]);
  let broker: ChildProcess | undefined;

  async function startBroker(): Promise<void> {
    broker = java('broker', '384m', 'org.apache.rocketmq.proxy.ProxyStartup', [
      '-pm',
      'local',
      '-n',
      namesrv,
      '-bc',
      join(directory, 'broker.conf'),
      '-pc',
      join(directory, 'rmq-proxy.json'),
    ]);
    await listening(broker, grpcPort, directory);
  }

  async function stopBroker(kill = false): Promise<void> {
    await stop(broker, kill ? 'SIGKILL' : 'SIGTERM');
    broker = undefined;
  }

  const cluster: RealCluster = {
    access,
    refusedAccess: { ...access, credentials: { ...admin, secretKey: 'no-such-secret' } },
    async createTopic(topic, type = 'normal') {
      // UPDATE_AND_CREATE_TOPIC
      await retried(() =>
        call(17, {
          topic,
          defaultTopic: 'TBW102',
          readQueueNums: '4',
          writeQueueNums: '4',
          perm: '6',
          topicFilterType: 'SINGLE_TAG',
          topicSysFlag: '0',
          order: 'false',
          attributes: `+message.type=${type.toUpperCase()}`,
          force: 'false',
        }),
      );
      // The broker tells the name server in its own time: GET_ROUTEINFO_BY_TOPIC.
      await retried(() => remotingCall(namesrvPort, { code: 105, fields: { topic } }));
    },
    async createGroup(group, options = {}) {
      // UPDATE_AND_CREATE_SUBSCRIPTIONGROUP
      await retried(() =>
        call(
          200,
          {},
          JSON.stringify({
            groupName: group,
            consumeEnable: true,
            consumeMessageOrderly: options.orderly === true,
            retryQueueNums: 1,
            retryMaxTimes: options.retryMax ?? 16,
          }),
        ),
      );
    },
    stopBroker,
    startBroker,
    async close() {
      await stop(broker, 'SIGKILL');
      await stop(nameServer, 'SIGKILL');
      rmSync(directory, { recursive: true, force: true });
    },
  };
  try {
    await listening(nameServer, namesrvPort, directory);
    await startBroker();
  } catch (error) {
    await cluster.close();
    throw error;
  }
  return cluster;
}

function writeConfiguration(
  directory: string,
  at: Record<'namesrvPort' | 'brokerPort' | 'haPort' | 'grpcPort' | 'remotingPort', number> & {
    namesrv: string;
  },
): void {
  const acl = {
    authenticationEnabled: true,
    authenticationProvider: 'org.apache.rocketmq.auth.authentication.provider.DefaultAuthenticationProvider',
    authenticationMetadataProvider:
      'org.apache.rocketmq.auth.authentication.provider.LocalAuthenticationMetadataProvider',
    initAuthenticationUser: JSON.stringify({ username: admin.accessKey, password: admin.secretKey }),
    innerClientAuthenticationCredentials: JSON.stringify(admin),
  };
  const write = (file: string, properties: Readonly<Record<string, string | number | boolean>>) =>
    writeFileSync(
      join(directory, file),
      Object.entries(properties)
        .map(([name, value]) => `${name}=${value}\n`)
        .join(''),
    );
  mkdirSync(join(directory, 'conf'));
  write('namesrv.conf', {
    listenPort: at.namesrvPort,
    bindAddress: '127.0.0.1',
    kvConfigPath: join(directory, 'kvConfig.json'),
  });
  write('broker.conf', {
    brokerClusterName: clusterName,
    brokerName: 'broker-a',
    brokerId: 0,
    brokerIP1: '127.0.0.1',
    bindAddress: '127.0.0.1',
    namesrvAddr: at.namesrv,
    listenPort: at.brokerPort,
    haListenPort: at.haPort,
    storePathRootDir: join(directory, 'store'),
    storePathCommitLog: join(directory, 'store', 'commitlog'),
    mappedFileSizeCommitLog: 64 * 1024 * 1024,
    diskMaxUsedSpaceRatio: 99,
    autoCreateTopicEnable: false,
    autoCreateSubscriptionGroup: false,
    ...acl,
  });
  writeFileSync(
    join(directory, 'rmq-proxy.json'),
    JSON.stringify({
      rocketMQClusterName: clusterName,
      proxyMode: 'LOCAL',
      grpcServerPort: at.grpcPort,
      remotingListenPort: at.remotingPort,
      namesrvAddr: at.namesrv,
      ...acl,
      // The proxy asks the broker who its users are.
      authenticationMetadataProvider: 'org.apache.rocketmq.proxy.auth.ProxyAuthenticationMetadataProvider',
    }),
  );
}

function startJava(directory: string, name: string, args: readonly string[]): ChildProcess {
  const log = createWriteStream(join(directory, `${name}.log`), { flags: 'a' });
  const child = spawn(
    'java',
    ['-XX:+UseSerialGC', '-XX:MaxDirectMemorySize=256m', `-Duser.home=${directory}`, ...args],
    { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ROCKETMQ_HOME: directory } },
  );
  child.stdout?.pipe(log);
  child.stderr?.pipe(log, { end: false });
  return child;
}

async function stop(child: ChildProcess | undefined, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  const late = setTimeout(() => child.kill('SIGKILL'), 20_000);
  await exited;
  clearTimeout(late);
}

/** Until the port takes connections; fails when the process ends before. */
async function listening(child: ChildProcess, port: number, directory: string): Promise<void> {
  for (let tries = 0; tries < 720; tries++) {
    if (child.exitCode !== null || child.signalCode !== null) break;
    if (await isOpen(port)) return;
    await sleep(250);
  }
  const logs = ['namesrv', 'broker'].map((name) => {
    try {
      return `${name}: ${readFileSync(join(directory, `${name}.log`), 'utf8').slice(-2000)}`;
    } catch {
      return `${name} wrote nothing`;
    }
  });
  throw new Error(`RocketMQ did not listen at port ${port}.\n${logs.join('\n')}`);
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** The broker takes connections a little before it takes calls. */
async function retried(call: () => Promise<void>): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      return await call();
    } catch (error) {
      if (tries >= 20) throw error;
      await sleep(500);
    }
  }
}
