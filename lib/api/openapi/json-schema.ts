import * as z from 'zod';

/** A JSON Schema (draft 2020-12), as far as this room writes it. */
export type JsonSchema = { [keyword: string]: unknown };

export type Named = Readonly<Record<string, z.ZodType>>;

/**
 * The JSON Schemas of zod schemas, which point to one another by their names.
 * @param io what a call takes is described before it is parsed, what it answers after.
 * @param known what a zod schema checks in code, and JSON Schema can say as well.
 */
export function jsonSchemasOf(
  named: Named,
  io: 'input' | 'output',
  known: ReadonlyMap<z.core.$ZodType, JsonSchema> = new Map(),
): Record<string, JsonSchema> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(named)) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, {
    io,
    target: 'draft-2020-12',
    unrepresentable: 'any',
    uri: (id) => `#/components/schemas/${id}`,
    override({ zodSchema, jsonSchema }) {
      Object.assign(jsonSchema, known.get(zodSchema as z.core.$ZodType));
      // Answers may have more members one day: who reads them leaves alone what it does not know.
      if (io === 'output' && jsonSchema.additionalProperties === false)
        delete jsonSchema.additionalProperties;
    },
  });
  return Object.fromEntries(
    Object.entries(schemas).map(([name, { $schema: _, $id: __, ...schema }]) => [name, schema as JsonSchema]),
  );
}
