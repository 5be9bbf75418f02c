import type { World } from './world.ts';

/** The streams bring nothing any more: what the relay would have done is left to timers and the sweep. */
export async function stopRelay(world: World): Promise<void> {
  const { EventSourceMappings } = await world.aws<{ EventSourceMappings: { UUID: string }[] }>(
    'lambda',
    'ListEventSourceMappings',
    { FunctionName: 'busbar-relay' },
  );
  for (const { UUID } of EventSourceMappings) await world.aws('lambda', 'DeleteEventSourceMapping', { UUID });
}
