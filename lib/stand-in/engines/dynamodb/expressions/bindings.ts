import { AwsError, type Input } from '../../engine.ts';
import { type AttributeValue, attributeOf, parseValue, setOwn } from '../attribute.ts';
import { serialization, validation } from '../errors.ts';
import { ExpressionError, type Path } from './syntax.ts';

/**
 * The names and values of a request for the placeholders of its expressions. All expressions of a request share them;
 * one that no expression uses is an error.
 */
export class Bindings {
  readonly #names: Readonly<Record<string, string>>;
  readonly #values: Readonly<Record<string, AttributeValue>>;
  readonly #unusedNames: Set<string>;
  readonly #unusedValues: Set<string>;

  /** Reads `ExpressionAttributeNames` and `ExpressionAttributeValues`. Throws when one is malformed. */
  constructor(input: Input) {
    this.#names = readNames(input.ExpressionAttributeNames);
    this.#values = readValues(input.ExpressionAttributeValues);
    this.#unusedNames = new Set(Object.keys(this.#names));
    this.#unusedValues = new Set(Object.keys(this.#values));
  }

  path(path: Path): Path {
    return path.map((step) => (typeof step === 'string' && step.startsWith('#') ? this.#name(step) : step));
  }

  value(placeholder: string): AttributeValue {
    const value = attributeOf(this.#values, placeholder);
    if (value === undefined) {
      throw new ExpressionError(
        `An expression attribute value used in expression is not defined; attribute value: ${placeholder}`,
      );
    }
    this.#unusedValues.delete(placeholder);
    return value;
  }

  #name(placeholder: string): string {
    const name = Object.hasOwn(this.#names, placeholder) ? this.#names[placeholder] : undefined;
    if (name === undefined) {
      throw new ExpressionError(
        `An expression attribute name used in the document path is not defined; attribute name: ${placeholder}`,
      );
    }
    this.#unusedNames.delete(placeholder);
    return name;
  }

  /** Call this after binding every expression of the request. */
  rejectUnused(): void {
    if (this.#unusedNames.size > 0) throw unused('ExpressionAttributeNames', this.#unusedNames);
    if (this.#unusedValues.size > 0) throw unused('ExpressionAttributeValues', this.#unusedValues);
  }
}

function unused(member: string, keys: ReadonlySet<string>): AwsError {
  return validation(`Value provided in ${member} unused in expressions: keys: {${[...keys].join(', ')}}`);
}

/**
 * Rejects names and values in a request without an expression that could use them. `expressions` are the members of
 * this action that contain an expression; a projection takes no values.
 */
export function rejectStrayBindings(input: Input, expressions: readonly string[]): void {
  if (
    input.ExpressionAttributeNames !== undefined &&
    expressions.every((member) => input[member] === undefined)
  ) {
    throw validation('ExpressionAttributeNames can only be specified when using expressions');
  }
  const withValues = expressions.filter((member) => member !== 'ProjectionExpression');
  if (
    input.ExpressionAttributeValues !== undefined &&
    withValues.every((member) => input[member] === undefined)
  ) {
    throw validation(
      `ExpressionAttributeValues can only be specified when using expressions: ${withValues.join(' and ')} ` +
        `${withValues.length > 1 ? 'are' : 'is'} null`,
    );
  }
}

function readNames(input: unknown): Readonly<Record<string, string>> {
  if (input === undefined || input === null) return {};
  const names: Record<string, string> = {};
  for (const [key, name] of entries(input, 'ExpressionAttributeNames')) {
    checkPlaceholder(key, '#', 'ExpressionAttributeNames');
    if (typeof name !== 'string') throw serialization('An expression attribute name must be a string');
    if (name === '') {
      throw validation(
        `ExpressionAttributeNames contains invalid value: The attribute name must not be empty; key: "${key}"`,
      );
    }
    names[key] = name;
  }
  return names;
}

function readValues(input: unknown): Readonly<Record<string, AttributeValue>> {
  if (input === undefined || input === null) return {};
  const values: Record<string, AttributeValue> = {};
  for (const [key, value] of entries(input, 'ExpressionAttributeValues')) {
    checkPlaceholder(key, ':', 'ExpressionAttributeValues');
    try {
      setOwn(values, key, parseValue(value));
    } catch (error) {
      if (!(error instanceof AwsError) || error.code !== 'ValidationException') throw error;
      throw validation(`ExpressionAttributeValues contains invalid value: ${error.message} for key ${key}`);
    }
  }
  return values;
}

function entries(input: unknown, member: string): readonly (readonly [string, unknown])[] {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw serialization(`Start of structure or map expected at '${member}'`);
  }
  const found = Object.entries(input);
  if (found.length === 0) throw validation(`${member} must not be empty`);
  return found;
}

function checkPlaceholder(key: string, sign: '#' | ':', member: string): void {
  if (!key.startsWith(sign) || !/^.[0-9a-zA-Z_]+$/.test(key)) {
    throw validation(`${member} contains invalid key: Syntax error; key: "${key}"`);
  }
}
