import { readVariable } from '../../runtime/config.ts';
import { readRocketMqEndpoints } from './target.ts';

export const variables = {
  /** The RocketMQ proxies that receivers may name, such as `mq.example.com:8081`, or `none`. */
  endpoints: 'BUSBAR_ROCKETMQ_ENDPOINTS',
  /** The name of a bridge and its declaration, as JSON; only where a bridge runs. */
  bridge: 'BUSBAR_BRIDGE',
} as const;

/**
 * The proxies that receivers may name.
 * @throws Error that names the variable when it is missing or wrong.
 */
export function rocketMqEndpoints(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  const text = readVariable(env, variables.endpoints);
  const endpoints = readRocketMqEndpoints(text);
  if (endpoints !== undefined) return endpoints;
  throw new Error(
    `The environment variable ${variables.endpoints} is ${JSON.stringify(text)}; it is none, or proxies such as mq.example.com:8081.`,
  );
}
