import { type Breaking, type BrokenEvent, breakingOf } from '../../core/catalog/breaking.ts';
import { dataTextOf } from '../../core/event/data.ts';
import { BusbarError } from '../../core/kernel/errors.ts';
import type { Topic, TopicSchema } from '../../core/registry/topic.ts';
import type { Tools } from '../../runtime/tools.ts';

type BreakingTools = Tools<'kept' | 'schemas'>;

/** Which of the topic's latest kept events its schema accepts, and another would refuse. Each check has a bound. */
async function tryTopicSchema(tools: BreakingTools, topic: Topic, schema: TopicSchema): Promise<Breaking> {
  const events = await tools.kept.latest(topic);
  const refused = events.flatMap(({ atMs, body }): BrokenEvent[] => {
    const { id, source, type, data = null } = JSON.parse(body) as Record<string, unknown>;
    const text = dataTextOf(body);
    const errors = tools.schemas.errorsOf(schema, data, text);
    if (errors.length === 0) return [];
    if (topic.schema !== undefined && tools.schemas.errorsOf(topic.schema, data, text).length > 0) return [];
    const publishedAt = new Date(atMs).toISOString();
    return [{ id: String(id), source: String(source), type: String(type), publishedAt, errors }];
  });
  return breakingOf(events.length, refused);
}

/**
 * Producers of what is accepted now would be refused by another schema, which is to be meant.
 * @throws BusbarError schema_breaks, with the events.
 */
export async function requireNothingBroken(
  tools: BreakingTools,
  topic: Topic,
  schema: TopicSchema | undefined,
): Promise<void> {
  if (schema === undefined || JSON.stringify(schema) === JSON.stringify(topic.schema)) return;
  const breaking = await tryTopicSchema(tools, topic, schema);
  const [first] = breaking.samples;
  if (first === undefined) return;
  const errors = first.errors.map(({ path, detail }) => `${path} ${detail}`).join('; ');
  throw new BusbarError(
    'schema_breaks',
    `The new schema would refuse ${breaking.refused} of the latest ${breaking.events} events of the topic ${topic.topic}, which it accepts now. The latest is ${first.id} of ${first.source}: ${errors}. Change the schema, or repeat the call with ?force=true (busbar topics … --force) when their producers have changed.`,
    { members: { breaking } },
  );
}
