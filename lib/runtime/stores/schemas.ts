import { utf8Bytes } from '../../core/event/event.ts';
import { schemaCacheBytesMax } from '../../core/registry/limits.ts';
import { schemaHashOf, type TopicSchema } from '../../core/registry/topic.ts';
import type { Table } from '../aws/table/table.ts';

/**
 * The schemas of topics, each in a row that is named by its hash. A hash never changes its meaning, so what was read once
 * is right for ever, and topics with the same schema share a row. No row is deleted (docs/decisions/133-schema-rows.md).
 */
export interface SchemaRows {
  /** @throws Error when there is no such row: a topic whose schema is unknown must not take events unchecked. */
  read(hash: string): Promise<TopicSchema>;
  /** Keeps a schema, before a topic names it. Returns its hash. */
  keep(schema: TopicSchema): Promise<string>;
}

const schemaKey = (hash: string) => ({ pk: `schema#${hash}`, sk: 'schema' });

export function createSchemaRows(table: Table): SchemaRows {
  /** In the order of their last use. The same object for the same hash lets a checker be found without its text. */
  const recent = new Map<string, { readonly schema: TopicSchema; readonly bytes: number }>();
  let bytesKept = 0;

  function remember(hash: string, schema: TopicSchema, bytes: number): void {
    if (recent.has(hash)) return;
    recent.set(hash, { schema, bytes });
    bytesKept += bytes;
    for (const [oldest, { bytes }] of recent) {
      if (bytesKept <= schemaCacheBytesMax) break;
      recent.delete(oldest);
      bytesKept -= bytes;
    }
  }

  /** The row never changes, so a read at half the price is right as soon as it finds the row. */
  const find = async (hash: string) =>
    (await table.get(schemaKey(hash))) ?? (await table.get(schemaKey(hash), { consistent: true }));

  return {
    async read(hash) {
      const known = recent.get(hash);
      if (known !== undefined) {
        recent.delete(hash);
        recent.set(hash, known);
        return known.schema;
      }
      const row = await find(hash);
      if (row === undefined) {
        throw new Error(
          `The row schema#${hash} is missing, though a topic names it. Restore it, or put the topic's schema again.`,
        );
      }
      const schema = row.document as TopicSchema;
      remember(hash, schema, utf8Bytes(JSON.stringify(schema)));
      return schema;
    },

    async keep(schema) {
      const hash = schemaHashOf(schema);
      await table.put({ ...schemaKey(hash), document: schema });
      return hash;
    },
  };
}
