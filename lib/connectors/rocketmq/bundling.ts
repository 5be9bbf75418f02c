import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Replacements for dependencies of the RocketMQ client that a bundle cannot or should not contain; each file says why. */
export const rocketMqShims = {
  '@node-rs/crc32': './lib/connectors/rocketmq/shims/crc32.ts',
  address: './lib/connectors/rocketmq/shims/address.ts',
  'egg-logger': './lib/connectors/rocketmq/shims/egg-logger.ts',
};

/** How the RocketMQ client, and no other package, reads its version after minification. */
const readsVersion =
  /JSON\.parse\(\(0,[\w$]+\.readFileSync\)\([\w$]+\.default\.join\(__dirname,"\.\.\/\.\.\/package\.json"\),"utf-8"\)\)\.version/g;

/**
 * Writes the version of the RocketMQ client into a bundle. The client reads it on load from a file two directories up,
 * which a bundle does not have. esbuild can replace that only with a plugin, and plugins do not work in the synchronous
 * build that the CDK needs.
 * @throws Error when the client reads its version in a way that this function does not know.
 */
export function withRocketMqVersion(root: string, text: string): string {
  const bundled = text.replace(readsVersion, () => {
    const { version } = JSON.parse(
      readFileSync(join(root, 'node_modules', 'rocketmq-client-nodejs', 'package.json'), 'utf8'),
    );
    return JSON.stringify(version);
  });
  if (/readFileSync\)?\([^;]{0,80}package\.json/.test(bundled)) {
    throw new Error(
      'The RocketMQ client reads its package.json in a way that withRocketMqVersion does not know.',
    );
  }
  return bundled;
}
