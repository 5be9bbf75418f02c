import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { BusbarError, type FieldError } from '../core/kernel/errors.ts';

/** Checks data by the JSON Schemas of topics (draft 2020-12, formats included). */
export interface SchemaChecker {
  /** @throws BusbarError invalid_schema when the schema does not compile. */
  check(schema: unknown): void;
  /** What is wrong with the data; empty when it conforms. Paths are dotted, below `data`. */
  errorsOf(schema: unknown, data: unknown): FieldError[];
}

const compiledMax = 500;

export function createSchemaChecker(): SchemaChecker {
  const compiled = new Map<string, ValidateFunction>();
  /** A topic that is remembered brings the same object for each of its events, which need not be written out. */
  const recent = new WeakMap<object, ValidateFunction>();

  function find(schema: unknown): ValidateFunction {
    if (typeof schema !== 'object' || schema === null) return compile(schema);
    const validate = recent.get(schema) ?? compile(schema);
    recent.set(schema, validate);
    return validate;
  }

  function compile(schema: unknown): ValidateFunction {
    const text = JSON.stringify(schema);
    const known = compiled.get(text);
    if (known !== undefined) return known;
    // An instance each, because schemas of two topics may carry the same $id.
    // Strict about what is misspelt, and not about style: a tuple may be open, a type left out.
    const ajv = new Ajv2020({
      allErrors: true,
      strict: true,
      strictRequired: false,
      strictTuples: false,
      strictTypes: false,
    });
    addFormats.default(ajv);
    let validate: ValidateFunction;
    try {
      validate = ajv.compile(schema as object | boolean);
      // Such a schema answers by a promise, which would pass for an agreement.
      if ('$async' in validate) throw new Error('$async is not supported');
    } catch (error) {
      throw new BusbarError(
        'invalid_schema',
        `The schema is no JSON Schema (draft 2020-12) that compiles: ${(error as Error).message}.`,
        { fields: [{ path: 'schema', detail: (error as Error).message }], cause: error },
      );
    }
    if (compiled.size >= compiledMax) compiled.clear();
    compiled.set(text, validate);
    return validate;
  }

  return {
    check: (schema) => void compile(schema),
    errorsOf(schema, data) {
      const validate = find(schema);
      return validate(data) ? [] : (validate.errors ?? []).slice(0, 10).map(fieldError);
    },
  };
}

function fieldError(error: ErrorObject): FieldError {
  const path = `data${error.instancePath.replaceAll('/', '.')}`;
  const extra = 'additionalProperty' in error.params ? ` (${error.params.additionalProperty})` : '';
  return { path, detail: `${error.message ?? error.keyword}${extra}` };
}
