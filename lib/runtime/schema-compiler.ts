import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import type { DataValidationCxt } from 'ajv/dist/types/index.js';
import addFormats from 'ajv-formats';
import type { FieldError } from '../core/kernel/errors.ts';
import {
  checkSchemaBounds,
  escapePointer,
  refKeywords,
  SchemaProblem,
  type Subschema,
} from '../core/registry/schema.ts';
import { linearPattern } from './regular-expression.ts';
import { addNumberKeywords, createNumbers, integerKeyword, type Numbers } from './schema-numbers.ts';

// This file is loaded by `loadPart`: it has classes of its own, so only plain data passes in and out.

/**
 * Steps that one check may take: some for everybody, more for larger data. A step is a subschema that looks at a value, a
 * name that is looked up, or ten instructions of a pattern, and takes some tens of nanoseconds.
 */
const stepsMin = 50_000;
const stepsPerCharacter = 20;
/** Text that is written or compared as a whole takes less than what is looked at piece by piece. */
const charactersPerStep = 10;

/** Thrown through the compiled schema. */
class TooManySteps extends Error {}

/** What a check has left to spend. */
interface Budget {
  spend(steps: number): void;
}

/** A compiled schema: what is wrong with data, whose text has its exact numbers; empty when it conforms; `too-many-steps` when that was not found out. */
export type Validate = (data: unknown, text?: string) => readonly FieldError[] | 'too-many-steps';

/** Compiles a JSON Schema (draft 2020-12, formats included); a text says what is wrong with it, as in `The schema …`. */
export function compileSchema(schema: unknown): Validate | string {
  let validate: ValidateFunction;
  let budget: Budget = { spend: () => undefined };
  const spend = (steps: number) => budget.spend(steps);
  const numbers = createNumbers();
  try {
    const subschemas = checkSchemaBounds(schema);
    const ajv = createAjv(spend, numbers);
    validate = ajv.compile(weighed(schema, subschemas));
    // Such a schema answers by a promise, which would pass for an agreement.
    if ('$async' in validate) throw new SchemaProblem('has $async, which is not supported');
  } catch (error) {
    return error instanceof SchemaProblem
      ? error.message
      : `is not a JSON Schema (draft 2020-12) that compiles: ${(error as Error).message}`;
  }
  return (data, text) => {
    budget = budgetFor(data);
    try {
      return validate(numbers.read(data, text)) ? [] : (validate.errors ?? []).slice(0, 10).map(fieldError);
    } catch (error) {
      if (error instanceof TooManySteps || error instanceof RangeError) return 'too-many-steps';
      throw error;
    }
  };
}

/** The size of the data is looked at only once the steps that everybody has are spent. */
function budgetFor(data: unknown): Budget {
  let left = stepsMin;
  let isMeasured = false;
  return {
    spend(steps) {
      left -= steps;
      if (left >= 0) return;
      if (!isMeasured) {
        isMeasured = true;
        left += stepsPerCharacter * (JSON.stringify(data)?.length ?? 0);
      }
      if (left < 0) throw new TooManySteps();
    },
  };
}

/** The keyword that is put into every subschema: what looking at a value costs there. */
const stepsKeyword = 'x-busbar-steps';

function createAjv(spend: (steps: number) => void, numbers: Numbers): Ajv2020 {
  const regExp = Object.assign(
    (source: string) => {
      const pattern = linearPattern(source);
      return {
        // What the compiler tells two patterns apart by.
        toString: () => `linear:${source}`,
        test(text: string) {
          spend(1 + text.length * pattern.stepsPerCharacter);
          return pattern.test(text);
        },
      };
    },
    { code: 'linearPattern' },
  );
  // An instance each, because schemas of two topics may carry the same $id.
  // Strict about what is misspelt, and not about style: a tuple may be open, a type left out.
  const ajv = new Ajv2020({
    allErrors: true,
    strict: true,
    strictRequired: false,
    strictTuples: false,
    strictTypes: false,
    // `constructor` is a name like any other.
    ownProperties: true,
    inlineRefs: false,
    code: { regExp },
  });
  addFormats.default(ajv);
  // It resolves anchors, but takes the keyword for a misspelt one.
  ajv.addKeyword('$anchor');
  ajv.addKeyword({
    keyword: stepsKeyword,
    schemaType: 'object',
    errors: false,
    validate: ({ steps, stepsPerMember }: Steps, data: unknown) => {
      const members = typeof data === 'object' && data !== null ? countOf(data) : 0;
      spend(steps + stepsPerMember * members);
      return true;
    },
  });
  addNumberKeywords(ajv, numbers);
  const canonicalText = (value: unknown, at = '') => {
    const text = canonical(value, numbers, at);
    spend(1 + text.length / charactersPerStep);
    return text;
  };
  // Its own compares every item with every other.
  ajv.removeKeyword('uniqueItems');
  ajv.addKeyword({
    keyword: 'uniqueItems',
    type: 'array',
    schemaType: 'boolean',
    error: { message: 'must NOT have duplicate items' },
    validate: (isDemanded: boolean, items: readonly unknown[], _: unknown, place?: DataValidationCxt) =>
      !isDemanded ||
      new Set(items.map((item, at) => canonicalText(item, `${place?.instancePath ?? ''}/${at}`))).size ===
        items.length,
  });
  // Its own compares numbers as doubles.
  ajv.removeKeyword('const');
  ajv.addKeyword({
    keyword: 'const',
    error: { message: 'must be equal to constant' },
    compile(value: unknown) {
      const wanted = canonical(value);
      return (data: unknown, place?: DataValidationCxt) =>
        canonicalText(data, place?.instancePath) === wanted;
    },
  });
  // Its own compares the value with each of the list.
  ajv.removeKeyword('enum');
  ajv.addKeyword({
    keyword: 'enum',
    schemaType: 'array',
    error: { message: 'must be equal to one of the allowed values' },
    compile(values: readonly unknown[]) {
      const allowed = new Set(values.map((value) => canonical(value)));
      const mayBeObject = values.some((value) => typeof value === 'object' && value !== null);
      return (value: unknown, place?: DataValidationCxt) =>
        (mayBeObject || typeof value !== 'object' || value === null) &&
        allowed.has(canonicalText(value, place?.instancePath));
    },
  });
  return ajv;
}

function countOf(data: object): number {
  if (Array.isArray(data)) return data.length;
  let count = 0;
  for (const _ in data) count++;
  return count;
}

/** The same text for equal JSON values, whatever the order of their members. */
function canonical(value: unknown, numbers?: Numbers, at = ''): string {
  if (typeof value === 'number') return numbers?.textAt(at) ?? JSON.stringify(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  // Places matter only where numbers are inexact.
  const isPlaced = numbers?.areExact === false;
  const below = (name: string | number) => (isPlaced ? `${at}/${escapePointer(String(name))}` : at);
  if (Array.isArray(value)) {
    return `[${value.map((item, index) => canonical(item, numbers, below(index))).join(',')}]`;
  }
  const members = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${members
    .map(([name, member]) => `${JSON.stringify(name)}:${canonical(member, numbers, below(name))}`)
    .join(',')}}`;
}

/** The schema with the steps of each subschema written into it, and references as pointers. */
function weighed(schema: unknown, subschemas: ReadonlyMap<string, Subschema>): object | boolean {
  const known = new Map<unknown, Subschema>();
  for (const subschema of subschemas.values()) {
    for (const keyword of [stepsKeyword, integerKeyword]) {
      if (Object.hasOwn(subschema.schema, keyword)) {
        throw new SchemaProblem(`has the unknown keyword ${keyword}`);
      }
    }
    known.set(subschema.schema, subschema);
  }
  const copy = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map(copy);
    const subschema = known.get(value);
    const written = subschema === undefined ? value : withPointers(subschema);
    const members = Object.entries(written).map(([name, member]) => [name, copy(member)]);
    if (subschema !== undefined) {
      members.push([stepsKeyword, stepsOf(subschema.schema, known.size)]);
      if (wantsInteger(subschema.schema.type)) members.push([integerKeyword, true]);
    }
    return Object.fromEntries(members);
  };
  return copy(schema) as object | boolean;
}

const wantsInteger = (type: unknown) => {
  const types = [type].flat();
  return types.includes('integer') && !types.includes('number');
};

/**
 * The compiler does not find the anchor of a root, and follows a dynamic reference to the root where its anchor was not
 * passed before.
 */
function withPointers({ schema, refs }: Subschema): Subschema['schema'] {
  if (refs.length === 0) return schema;
  const uris = refs.map((pointer) => `#${pointer.slice(1).split('/').map(encodeURIComponent).join('/')}`);
  const others = Object.entries(schema).filter(([name]) => !refKeywords.includes(name));
  if (uris.length === 1) return Object.fromEntries([...others, ['$ref', uris[0]]]);
  const allOf = Array.isArray(schema.allOf) ? schema.allOf : [];
  return Object.fromEntries([...others, ['allOf', [...allOf, ...uris.map(($ref) => ({ $ref }))]]]);
}

/** What one look at a value may cost beside the subschemas below. */
interface Steps {
  /** Names that are looked up, values that are compared. */
  readonly steps: number;
  /** For each member or item of the value. */
  readonly stepsPerMember: number;
}

function stepsOf(schema: Subschema['schema'], subschemas: number): Steps {
  let steps = 1;
  for (const keyword of ['required', 'properties', 'dependentRequired', 'dependentSchemas']) {
    const value = schema[keyword];
    if (typeof value === 'object' && value !== null) steps += Object.keys(value).length;
  }
  if (schema.const !== undefined) steps += Math.ceil(JSON.stringify(schema.const).length / charactersPerStep);
  // What was evaluated is put together from all subschemas that looked at the value.
  const isMerged = schema.unevaluatedProperties !== undefined || schema.unevaluatedItems !== undefined;
  return { steps, stepsPerMember: isMerged ? 5 * subschemas : 1 };
}

function fieldError(error: ErrorObject): FieldError {
  const path = `data${error.instancePath.replaceAll('/', '.')}`;
  const extra = 'additionalProperty' in error.params ? ` (${error.params.additionalProperty})` : '';
  return { path, detail: `${error.message ?? error.keyword}${extra}` };
}
