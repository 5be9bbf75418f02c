import type { Tools } from '../../runtime/tools.ts';

/** The applications that own what a path names, as it stands now. */
export async function ownersOf(
  tools: Tools<'registry'> & Partial<Tools<'recurrences'>>,
  names: Readonly<Record<string, string>>,
): Promise<string[]> {
  const { topic, receiver, schedule, application } = names;
  const [ofTopic, ofReceiver, ofSchedule] = await Promise.all([
    topic === undefined ? undefined : tools.registry.topic(topic),
    receiver === undefined ? undefined : tools.registry.receiver(receiver),
    schedule === undefined ? undefined : tools.recurrences?.find(schedule),
  ]);
  return [ofTopic?.owner, ofReceiver?.owner, ofSchedule?.recurrence.owner, application].filter(
    (owner) => owner !== undefined,
  );
}
