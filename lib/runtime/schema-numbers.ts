import type { Ajv2020 } from 'ajv/dist/2020.js';
import type { DataValidationCxt } from 'ajv/dist/types/index.js';
import { compareNumbers, inexactNumbers, isMultiple } from '../core/kernel/exact-numbers.ts';

/** The numbers of the data that is being checked: a schema compares them as they are written, and not as doubles. */
export interface Numbers {
  /** @returns the data to check, in which no number is infinite. */
  read(data: unknown, text: string | undefined): unknown;
  /** The number at a place, if a double would round it. */
  textAt(pointer: string): string | undefined;
  readonly areExact: boolean;
}

export function createNumbers(): Numbers {
  let inexact: ReadonlyMap<string, string> | undefined;
  return {
    read(data, text) {
      inexact = text === undefined ? undefined : inexactNumbers(text);
      return inexact === undefined || text === undefined ? data : JSON.parse(text, finite);
    },
    textAt: (pointer) => inexact?.get(pointer),
    get areExact() {
      return inexact === undefined;
    },
  };
}

/** The compiler takes no other for a number; its value is that of its text. */
const finite = (_: string, value: unknown) =>
  typeof value === 'number' && !Number.isFinite(value) ? Math.sign(value) * Number.MAX_VALUE : value;

/** What the bus adds to subschemas of the type `integer`. */
export const integerKeyword = 'x-busbar-integer';

/** Replaces the keywords that compare numbers. The compiler's own divide doubles: 19.99 would be no multiple of 0.01. */
export function addNumberKeywords(ajv: Ajv2020, numbers: Numbers): void {
  const add = (
    keyword: string,
    message: (limit: number) => string,
    test: (data: number, limit: number) => boolean,
    testTexts: (data: string, limit: string) => boolean,
  ) => {
    ajv.removeKeyword(keyword);
    ajv.addKeyword({
      keyword,
      type: 'number',
      schemaType: 'number',
      error: { message: ({ schema }) => message(schema as number) },
      validate(limit: number, data: number, _: unknown, place?: DataValidationCxt) {
        const text = numbers.areExact ? undefined : numbers.textAt(place?.instancePath ?? '');
        return text === undefined ? test(data, limit) : testTexts(text, String(limit));
      },
    });
  };
  add(
    'maximum',
    (max) => `must be <= ${max}`,
    (n, max) => n <= max,
    (n, max) => compareNumbers(n, max) <= 0,
  );
  add(
    'minimum',
    (min) => `must be >= ${min}`,
    (n, min) => n >= min,
    (n, min) => compareNumbers(n, min) >= 0,
  );
  add(
    'exclusiveMaximum',
    (max) => `must be < ${max}`,
    (n, max) => n < max,
    (n, max) => compareNumbers(n, max) < 0,
  );
  add(
    'exclusiveMinimum',
    (min) => `must be > ${min}`,
    (n, min) => n > min,
    (n, min) => compareNumbers(n, min) > 0,
  );
  add(
    'multipleOf',
    (divisor) => `must be multiple of ${divisor}`,
    (n, divisor) =>
      Number.isSafeInteger(n) && Number.isSafeInteger(divisor)
        ? n % divisor === 0
        : isMultiple(String(n), String(divisor)),
    isMultiple,
  );
  ajv.addKeyword({
    keyword: integerKeyword,
    type: 'number',
    error: { message: 'must be integer' },
    validate(_: boolean, __: number, ___: unknown, place?: DataValidationCxt) {
      const text = numbers.areExact ? undefined : numbers.textAt(place?.instancePath ?? '');
      return text === undefined || isMultiple(text, '1');
    },
  });
}
