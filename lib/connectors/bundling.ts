import { rocketMqShims, withRocketMqVersion } from './rocketmq/bundling.ts';

/** What the bundles of functions replace because a kind asks for it: one line for each kind that does. */
export const aliases: Readonly<Record<string, string>> = { ...rocketMqShims };

/**
 * Replaces in the text of a bundle what esbuild cannot, for each kind.
 * @param root the folder of the package.
 */
export const finishText = (root: string, text: string): string => withRocketMqVersion(root, text);
