import { BusbarError } from '../../core/kernel/errors.ts';
import type { Topic } from '../../core/registry/topic.ts';
import type { SchemaChecker } from '../../runtime/schema.ts';

/**
 * Checks data against the schema of a topic that has one.
 * @param text the data as JSON, which has its numbers exactly.
 * @throws BusbarError schema_mismatch, naming each field.
 */
export function checkSchema(schemas: SchemaChecker, topic: Topic, data: unknown, text?: string): void {
  if (topic.schema === undefined) return;
  const errors = schemas.errorsOf(topic.schema, data ?? null, text);
  if (errors.length === 0) return;
  const detail = errors.map((error) => `${error.path} ${error.detail}`).join('; ');
  throw new BusbarError(
    'schema_mismatch',
    `The data does not match the schema of the topic ${topic.topic}: ${detail}.`,
    {
      fields: errors,
    },
  );
}
