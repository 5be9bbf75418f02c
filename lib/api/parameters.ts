import { parseTimestamp } from '../core/event/event.ts';
import { releasePerSecondMax, releasePerSecondMin } from '../core/hold/limits.ts';
import { invalidField } from '../core/kernel/errors.ts';
import { nameSchema } from '../core/kernel/spec.ts';
import { listLimitDefault, listLimitMax } from '../core/list/limits.ts';

/** What a call takes beside its path and body, in its query or a header: text that the entry reads once. */
export interface Parameter<Value> {
  /** What it is for. */
  readonly text: string;
  /** Its JSON Schema. */
  readonly schema: Readonly<Record<string, unknown>>;
  readonly required?: true;
  /** @returns the value, or what is wrong with it. */
  readonly read: (text: string | undefined) => Read<Value>;
}

type Read<Value> = { readonly value: Value } | { readonly problem: string };
export type Parameters = Readonly<Record<string, Parameter<unknown>>>;
export type ParameterValues<Of extends Parameters> = {
  readonly [Name in keyof Of]: Of[Name] extends Parameter<infer Value> ? Value : never;
};

/** @throws BusbarError invalid_request, naming the parameter. */
export function readParameters<Of extends Parameters>(
  parameters: Of,
  given: Readonly<Record<string, string | undefined>>,
): ParameterValues<Of> {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, parameter]) => {
      const read = parameter.read(given[name]);
      if ('problem' in read) throw invalidField(name, read.problem);
      return [name, read.value];
    }),
  ) as ParameterValues<Of>;
}

/** The same of a query, where no other parameter may be. */
export function readQuery<Of extends Parameters>(
  parameters: Of,
  given: Readonly<Record<string, string | undefined>>,
): ParameterValues<Of> {
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(parameters, name));
  if (unknown !== undefined) {
    const known = Object.keys(parameters).join(', ');
    throw invalidField(unknown, `is not a parameter here; there are ${known}`);
  }
  return readParameters(parameters, given);
}

/** Any text. */
export const text = (description: string): Parameter<string | undefined> => ({
  text: description,
  schema: { type: 'string' },
  read: (value) => ({ value }),
});

/** The name of a topic, receiver or the like, as in a path. */
export const named = (description: string): Parameter<string | undefined> => ({
  text: description,
  schema: { type: 'string' },
  read(value) {
    if (value === undefined) return { value };
    const parsed = nameSchema.safeParse(value);
    if (parsed.success) return { value: parsed.data };
    return { problem: parsed.error.issues[0]?.message ?? 'is not a valid name' };
  },
});

/** A whole number. */
export const integer = (
  description: string,
  bounds: { readonly min: number; readonly max: number; readonly preset: number },
): Parameter<number> => ({
  text: description,
  schema: { type: 'integer', minimum: bounds.min, maximum: bounds.max, default: bounds.preset },
  read(given) {
    if (given === undefined) return { value: bounds.preset };
    const value = /^\d{1,9}$/.test(given) ? Number(given) : -1;
    return value >= bounds.min && value <= bounds.max
      ? { value }
      : { problem: `is ${JSON.stringify(given)}; it is a whole number from ${bounds.min} to ${bounds.max}` };
  },
});

/** What every list takes. A page may have fewer items than asked for, and only the last one has no cursor. */
export const page = {
  limit: integer('How many at most. A page may have fewer; there are more while it has a `cursor`.', {
    min: 1,
    max: listLimitMax,
    preset: listLimitDefault,
  }),
  cursor: text('Of the page before, to go on behind it.'),
} as const;

/** What lists of things that have names take. */
export const namedPage = {
  prefix: named('Only those whose names begin with this.'),
  ...page,
} as const;

export const flag = (description: string): Parameter<boolean> => ({
  text: description,
  schema: { enum: ['true', 'false'], default: 'false' },
  read: (given = 'false') =>
    given === 'true' || given === 'false'
      ? { value: given === 'true' }
      : { problem: `is ${JSON.stringify(given)}; it is true or false` },
});

/** A rate of released events. */
export const releaseRate = (description: string): Parameter<number | undefined> => ({
  text: description,
  schema: { type: 'number', minimum: releasePerSecondMin, maximum: releasePerSecondMax },
  read(given) {
    if (given === undefined) return { value: undefined };
    const value = /^\d+(\.\d+)?$/.test(given) ? Number(given) : Number.NaN;
    return value >= releasePerSecondMin && value <= releasePerSecondMax
      ? { value }
      : {
          problem: `is ${JSON.stringify(given)}; it is a rate of ${releasePerSecondMin} to ${releasePerSecondMax} events a second`,
        };
  },
});

/** A point in time, which is read as epoch milliseconds. */
export const time = (description: string): Parameter<number | undefined> => ({
  text: description,
  schema: { type: 'string', format: 'date-time' },
  read(given) {
    const value = given === undefined ? undefined : parseTimestamp(given);
    return Number.isNaN(value)
      ? { problem: 'is not an RFC 3339 time such as 2026-01-31T12:00:00Z' }
      : { value };
  },
});

/** One of a few words or numbers. */
export const choice = <const Value extends string | number>(
  description: string,
  values: readonly Value[],
): Parameter<Value | undefined> => ({
  text: description,
  schema: { enum: values },
  read(given) {
    const value = values.find((each) => String(each) === given);
    return given === undefined || value !== undefined
      ? { value }
      : { problem: `is ${JSON.stringify(given)}; it is one of ${values.join(', ')}` };
  },
});

/** Text that must be there. @param missing what is wrong without it. */
export const required = (description: string, missing: string): Parameter<string> => ({
  text: description,
  schema: { type: 'string', minLength: 1 },
  required: true,
  read: (value) => (value === undefined || value === '' ? { problem: missing } : { value }),
});
