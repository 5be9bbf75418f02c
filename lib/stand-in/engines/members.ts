import { AwsError, type Input } from './engine.ts';

/** Reads the members of a decoded input one by one, so no operation trusts a shape that it has not checked. */
export interface Members {
  string(name: string): string | undefined;
  requiredString(name: string): string;
  boolean(name: string): boolean | undefined;
  /** An integer in [min, max]. A string of digits, as in query parameters, is accepted too. */
  integer(name: string, min: number, max: number): number | undefined;
  /** A structure, as members. Its error messages name the outer member. */
  structure(name: string): Members | undefined;
  structures(name: string): readonly Members[] | undefined;
  strings(name: string): readonly string[] | undefined;
  stringMap(name: string): Readonly<Record<string, string>> | undefined;
  /** Whether the member was sent. */
  has(name: string): boolean;
  /** Fails closed: rejects a member that is not in the list, and names it. */
  only(...known: readonly string[]): void;
}

/** `invalid` creates the error of the service, such as its validation exception. */
export function membersOf(
  input: Input,
  invalid: (message: string) => AwsError,
  action: string,
  prefix = '',
): Members {
  const bad = (name: string, want: string) => invalid(`${prefix}${name} must be ${want}.`);

  function string(name: string): string | undefined {
    const value = input[name];
    if (value === undefined || value === null) return undefined;
    if (typeof value !== 'string') throw bad(name, 'a string');
    return value;
  }

  return {
    string,
    requiredString(name) {
      const value = string(name);
      if (value === undefined || value === '') throw invalid(`${prefix}${name} is required.`);
      return value;
    },
    boolean(name) {
      const value = input[name];
      if (value === undefined || value === null) return undefined;
      if (typeof value !== 'boolean') throw bad(name, 'true or false');
      return value;
    },
    integer(name, min, max) {
      const value = input[name];
      if (value === undefined || value === null) return undefined;
      const number = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value;
      if (typeof number !== 'number' || !Number.isInteger(number) || number < min || number > max) {
        throw bad(name, `an integer from ${min} to ${max}`);
      }
      return number;
    },
    structure(name) {
      const value = input[name];
      if (value === undefined || value === null) return undefined;
      if (!isObject(value)) throw bad(name, 'a structure');
      return membersOf(value, invalid, action, `${prefix}${name}.`);
    },
    structures(name) {
      const value = input[name];
      if (value === undefined || value === null) return undefined;
      if (!Array.isArray(value) || !value.every(isObject)) throw bad(name, 'a list of structures');
      return value.map((item, index) => membersOf(item, invalid, action, `${prefix}${name}[${index}].`));
    },
    strings(name) {
      const value = input[name];
      if (value === undefined || value === null) return undefined;
      if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) {
        throw bad(name, 'a list of strings');
      }
      return value;
    },
    stringMap(name) {
      const value = input[name];
      if (value === undefined || value === null) return undefined;
      if (!isObject(value)) throw bad(name, 'a map of strings');
      const map: Record<string, string> = {};
      for (const [key, item] of Object.entries(value)) {
        if (typeof item !== 'string') throw bad(name, 'a map of strings');
        map[key] = item;
      }
      return map;
    },
    has: (name) => input[name] !== undefined && input[name] !== null,
    only(...known) {
      for (const name of Object.keys(input)) {
        if (input[name] !== undefined && !known.includes(name)) {
          throw new AwsError(
            'NotImplemented',
            `The stand-in does not support the member ${prefix}${name} of ${action}. Leave it out, or implement it in the engine.`,
            { status: 501 },
          );
        }
      }
    },
  };
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
