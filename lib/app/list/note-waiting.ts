import type { Target } from '../../core/event/target.ts';
import { type Section, sectionsOf, type WaitingState } from '../../core/waiting/waiting.ts';
import type { Tools } from '../../runtime/tools.ts';

export type NoteTools = Tools<'registry' | 'waiting'>;

/**
 * Lets the owner of a target find that something waits for it. What is written before this ends is in the list.
 * @param untilMs until when it waits at most; undefined when nobody knows.
 */
export async function noteWaiting(
  { registry, waiting }: NoteTools,
  target: Target,
  state: WaitingState,
  untilMs: number | undefined,
): Promise<void> {
  const found = await ('topic' in target
    ? registry.cachedTopic(target.topic)
    : registry.cachedReceiver(target.receiver));
  // Nobody owns a target that is gone, and what was accepted for it is refused.
  if (found !== undefined) await waiting.note(found.owner, [{ target, state }], untilMs);
}

/**
 * Notes all that may wait for a target of which the owner is about to change: the new one must find what was stored
 * before, also by a publisher that still takes the old one for the owner.
 */
export async function noteTransfer(
  { waiting }: Tools<'waiting'>,
  target: Target,
  owner: string,
): Promise<void> {
  const sections: Section[] = sectionsOf(target);
  await waiting.note(owner, sections, undefined);
}
