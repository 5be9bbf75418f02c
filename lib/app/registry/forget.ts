import type { Tools } from '../../runtime/tools.ts';

export type ForgetTools = Tools<'breakers' | 'offloads' | 'redrives'>;

/**
 * Deletes what the bus remembers of a receiver under its name alone. It is called when a receiver is deleted, and again
 * before one is created: the deletion may have broken off, and a batch that was under way may have written since.
 */
export async function forgetReceiver(tools: ForgetTools, name: string): Promise<void> {
  await tools.breakers.delete(name);
  await tools.offloads.delete(name);
  await tools.redrives.remove(name);
}
