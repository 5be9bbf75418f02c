import { BusbarError, type FieldError } from '../core/kernel/errors.ts';
import { loadPart } from './part.ts';
import type { Validate } from './schema-compiler.ts';

/** Checks data by the JSON Schemas of topics (draft 2020-12, formats included). */
export interface SchemaChecker {
  /** @throws BusbarError invalid_schema when the schema does not compile, or is not bounded. */
  check(schema: unknown): void;
  /**
   * What is wrong with the data; empty when it conforms. Paths are dotted, below `data`. Data that takes more steps to
   * check than its size allows does not conform.
   * @param text the data as JSON, which has its numbers exactly.
   */
  errorsOf(schema: unknown, data: unknown, text?: string): FieldError[];
}

const compiledMax = 500;

/** The compiler is loaded by the first schema: a bus without schemas never pays for it. */
export function createSchemaChecker(): SchemaChecker {
  const compiled = new Map<string, Validate>();
  /** A topic that is cached brings the same object for each of its events, which need not be written out. */
  const recent = new WeakMap<object, Validate>();

  function find(schema: unknown): Validate {
    if (typeof schema !== 'object' || schema === null) return cached(schema);
    const validate = recent.get(schema) ?? cached(schema);
    recent.set(schema, validate);
    return validate;
  }

  function cached(schema: unknown): Validate {
    const text = JSON.stringify(schema);
    const known = compiled.get(text);
    if (known !== undefined) return known;
    const made = compile(schema);
    if (compiled.size >= compiledMax) compiled.clear();
    compiled.set(text, made);
    return made;
  }

  return {
    check: (schema) => void cached(schema),
    errorsOf(schema, data, text) {
      const errors = find(schema)(data, text);
      if (errors !== 'too-many-steps') return [...errors];
      const detail =
        'takes too many steps to check against the schema. Simplify the schema, or send less data';
      return [{ path: 'data', detail }];
    },
  };
}

function compile(schema: unknown): Validate {
  const made = loadPart('schema-compiler').compileSchema(schema);
  if (typeof made === 'function') return made;
  throw new BusbarError('invalid_schema', `The schema ${made}.`, {
    fields: [{ path: 'schema', detail: made }],
  });
}
