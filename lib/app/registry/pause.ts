import { isPausedLine, pauseNotice } from '../../core/registry/flow.ts';
import type { Tools } from '../../runtime/tools.ts';

type PauseTools = Tools<'registry' | 'pauseWatches'>;

/** Logs the line that tells the backlog alarm that a receiver is paused; ends the watch with the pause. */
export async function lookAfterPause(tools: PauseTools, name: string): Promise<void> {
  const receiver = await tools.registry.receiver(name);
  const notice = pauseNotice(receiver, tools.clock.now());
  if (notice === undefined) return await tools.pauseWatches.stop(name);
  const pausedAt = receiver?.pausedAt;
  if (notice === 'paused') tools.log('info', isPausedLine, { receiver: name, pausedAt });
  else
    tools.log('error', 'A receiver is paused for so long that its queues lose events', {
      receiver: name,
      pausedAt,
    });
}
