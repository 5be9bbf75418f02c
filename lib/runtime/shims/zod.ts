import { loadPart } from '../part.ts';

/**
 * In place of zod in the bundles of functions that seldom parse what people write (`lib/stacks/bundle.ts`): a schema is
 * noted, and made with the real zod, a file of its own beside the bundle, when it parses something for the first time. To
 * make all schemas of the registry takes longer than a delivery.
 */
type Make = () => object;

/** How each schema that was noted is made, once. */
const makers = new WeakMap<object, Make>();

/** The methods that make a schema of a schema; any other needs the real one. */
const chained: ReadonlySet<string> = new Set([
  'array',
  'catch',
  'check',
  'default',
  'describe',
  'extend',
  'int',
  'length',
  'max',
  'meta',
  'min',
  'nullable',
  'omit',
  'optional',
  'or',
  'partial',
  'pick',
  'pipe',
  'readonly',
  'refine',
  'regex',
  'safeExtend',
  'strict',
  'superRefine',
  'transform',
  'trim',
]);

function noted(make: Make): object {
  let made: object | undefined;
  const real = () => {
    made ??= make();
    return made;
  };
  const schema = new Proxy(() => undefined, {
    get(_, name) {
      if (typeof name === 'string' && chained.has(name)) {
        return (...given: unknown[]) => noted(() => call(real(), name, given));
      }
      const value: unknown = Reflect.get(real(), name);
      return typeof value === 'function' ? value.bind(real()) : value;
    },
    has: (_, name) => Reflect.has(real(), name),
  });
  makers.set(schema, real);
  return schema;
}

function call(on: object, name: string, given: readonly unknown[]): object {
  return (Reflect.get(on, name) as (...given: unknown[]) => object).apply(on, given.map(realOf));
}

/** What is given to zod, with the real schemas in it: a shape, or a list of choices. */
function realOf(given: unknown): unknown {
  if (typeof given === 'function') return makers.get(given)?.() ?? given;
  if (Array.isArray(given)) return given.map(realOf);
  if (typeof given !== 'object' || given === null || Object.getPrototypeOf(given) !== Object.prototype) {
    return given;
  }
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [name, realOf(value)]));
}

const named =
  (name: keyof ReturnType<typeof zod>) =>
  (...given: unknown[]) =>
    noted(() => call(zod(), name, given));

const zod = () => loadPart('zod');

export const array = named('array');
export const boolean = named('boolean');
export const discriminatedUnion = named('discriminatedUnion');
export const int = named('int');
export const literal = named('literal');
export const looseObject = named('looseObject');
export const number = named('number');
export const object = named('object');
export const record = named('record');
export const strictObject = named('strictObject');
export const string = named('string');
export const union = named('union');
export const unknown = named('unknown');
export const iso = { datetime: (...given: unknown[]) => noted(() => call(zod().iso, 'datetime', given)) };

const oneOf = named('enum');

export { oneOf as enum };
