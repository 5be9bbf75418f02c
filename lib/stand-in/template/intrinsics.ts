import { TemplateError, type TemplateValue } from './template.ts';

/** Where intrinsic functions look up values. */
export interface Scope {
  /** Pseudo parameters (`AWS::Region`, …) and the values of the parameters. */
  readonly parameters: ReadonlyMap<string, string | readonly string[]>;
  readonly mappings: Readonly<
    Record<string, Readonly<Record<string, Readonly<Record<string, TemplateValue>>>>>
  >;
  condition(name: string): boolean;
  /** The `Ref` of a resource; undefined when the template has no such resource. */
  ref(logicalId: string): TemplateValue | undefined;
  /** The `Fn::GetAtt` of a resource; undefined when there is no such resource or attribute. */
  attribute(logicalId: string, name: string): TemplateValue | undefined;
}

/** `Ref: AWS::NoValue`: removes the property or the element. */
const noValue = Symbol('AWS::NoValue');
type Resolved = TemplateValue | typeof noValue;

/** Resolves every intrinsic function in a value. `where` is its path for errors, such as `Queue.Properties.Name`. */
export function resolve(value: TemplateValue, scope: Scope, where: string): TemplateValue | undefined {
  const resolved = resolveValue(value, scope, where);
  return resolved === noValue ? undefined : resolved;
}

export function resolveValue(value: TemplateValue, scope: Scope, where: string): Resolved {
  if (Array.isArray(value)) {
    return value
      .map((item: TemplateValue, index) => resolveValue(item, scope, `${where}[${index}]`))
      .filter((item): item is TemplateValue => item !== noValue);
  }
  if (typeof value !== 'object' || value === null) return value;
  const call = intrinsicCall(value as Readonly<Record<string, TemplateValue>>, where);
  if (call !== undefined) return call.resolve(call.argument, scope, `${where}.${call.name}`);
  const object: Record<string, TemplateValue> = {};
  for (const [name, item] of Object.entries(value)) {
    const resolved = resolveValue(item, scope, `${where}.${name}`);
    if (resolved !== noValue) object[name] = resolved;
  }
  return object;
}

type Intrinsic = (argument: TemplateValue, scope: Scope, where: string) => Resolved;

/** An object with the single member `Ref`, `Condition` or `Fn::…` is a function call; anything else is data. */
function intrinsicCall(
  value: Readonly<Record<string, TemplateValue>>,
  where: string,
): { name: string; argument: TemplateValue; resolve: Intrinsic } | undefined {
  const [entry, ...rest] = Object.entries(value);
  if (entry === undefined || rest.length > 0) return undefined;
  const [name, argument] = entry;
  if (name !== 'Ref' && !name.startsWith('Fn::')) return undefined;
  const found = intrinsics.get(name);
  if (found === undefined) {
    throw new TemplateError(
      `${where} calls ${name}, which the stand-in does not resolve. Use another function, or add it to lib/stand-in/template/intrinsics.ts.`,
    );
  }
  return { name, argument, resolve: found };
}

const intrinsics: ReadonlyMap<string, Intrinsic> = new Map<string, Intrinsic>([
  ['Ref', (argument, scope, where) => reference(text(argument, where), scope, where)],
  [
    'Fn::GetAtt',
    (argument, scope, where) => {
      const [logicalId, name] = attributePath(argument, where);
      return attribute(logicalId, name, scope, where);
    },
  ],
  [
    'Fn::Join',
    (argument, scope, where) => {
      const [separator, parts] = pair(argument, where);
      return texts(resolveValue(parts, scope, where), where).join(text(separator, where));
    },
  ],
  ['Fn::Sub', substitute],
  [
    'Fn::Select',
    (argument, scope, where) => {
      const [index, list] = pair(argument, where);
      const items = resolveValue(list, scope, where);
      const position = Number(resolveValue(index, scope, where));
      if (!Array.isArray(items)) throw new TemplateError(`${where} selects from a value that is not a list.`);
      const item: TemplateValue | undefined = items[position];
      if (item === undefined) {
        throw new TemplateError(`${where} selects element ${position} of a list of ${items.length}.`);
      }
      return item;
    },
  ],
  [
    'Fn::Split',
    (argument, scope, where) => {
      const [separator, source] = pair(argument, where);
      return text(resolveValue(source, scope, where), where).split(text(separator, where));
    },
  ],
  [
    'Fn::If',
    (argument, scope, where) => {
      const branch = takenBranch(argument, scope, where);
      return resolveValue(branch, scope, where);
    },
  ],
  [
    'Fn::FindInMap',
    (argument, scope, where) => {
      const path = texts(resolveValue(argument, scope, where), where);
      const [map = '', top = '', second = ''] = path;
      const found = scope.mappings[map]?.[top]?.[second];
      if (path.length !== 3 || found === undefined) {
        throw new TemplateError(`${where} finds nothing at ${path.join('.')} in the Mappings.`);
      }
      return found;
    },
  ],
  [
    'Fn::Base64',
    (argument, scope, where) =>
      Buffer.from(text(resolveValue(argument, scope, where), where), 'utf8').toString('base64'),
  ],
  [
    'Fn::ImportValue',
    (_argument, _scope, where) => {
      throw new TemplateError(
        `${where} imports a value of another stack, and the stand-in runs only one. Pass the value as a parameter.`,
      );
    },
  ],
]);

function reference(name: string, scope: Scope, where: string): Resolved {
  if (name === 'AWS::NoValue') return noValue;
  const found = scope.parameters.get(name) ?? scope.ref(name);
  if (found === undefined) {
    throw new TemplateError(`${where} refers to ${name}, which is neither a parameter nor a resource here.`);
  }
  return found;
}

function attribute(logicalId: string, name: string, scope: Scope, where: string): TemplateValue {
  const found = scope.attribute(logicalId, name);
  if (found === undefined) {
    throw new TemplateError(
      `${where} reads the attribute ${name} of ${logicalId}, which has no such attribute in the stand-in.`,
    );
  }
  return found;
}

/** `Fn::Sub`: `${Name}`, `${Resource.Attribute}`, and `${!Literal}` for a literal `${Literal}`. */
function substitute(argument: TemplateValue, scope: Scope, where: string): string {
  const [pattern, variables] = typeof argument === 'string' ? [argument, {}] : pair(argument, where);
  const own = resolveValue(variables, scope, where) as Readonly<Record<string, TemplateValue>>;
  return text(pattern, where).replaceAll(subPlaceholder, (_match, name: string) => {
    if (name.startsWith('!')) return `\${${name.slice(1)}}`;
    const variable = own[name];
    if (variable !== undefined) return text(variable, where);
    const dot = name.indexOf('.');
    return dot < 0
      ? text(reference(name, scope, where), where)
      : text(attribute(name.slice(0, dot), name.slice(dot + 1), scope, where), where);
  });
}
export const subPlaceholder = /\$\{([^}]+)\}/g;

export function takenBranch(
  argument: TemplateValue,
  scope: Pick<Scope, 'condition'>,
  where: string,
): TemplateValue {
  const [condition, whenTrue, whenFalse] = Array.isArray(argument) ? (argument as TemplateValue[]) : [];
  if (whenTrue === undefined || whenFalse === undefined) {
    throw new TemplateError(`${where} needs a condition and two values.`);
  }
  return scope.condition(text(condition ?? '', where)) ? whenTrue : whenFalse;
}

export function attributePath(
  argument: TemplateValue,
  where: string,
): readonly [logicalId: string, name: string] {
  if (typeof argument === 'string') {
    const dot = argument.indexOf('.');
    if (dot > 0) return [argument.slice(0, dot), argument.slice(dot + 1)];
  }
  if (Array.isArray(argument) && argument.length === 2) {
    const [logicalId, name] = argument as TemplateValue[];
    if (typeof logicalId === 'string' && typeof name === 'string') return [logicalId, name];
  }
  throw new TemplateError(`${where} needs a resource and an attribute.`);
}

export function pair(argument: TemplateValue, where: string): readonly [TemplateValue, TemplateValue] {
  if (Array.isArray(argument) && argument.length === 2) {
    const [first, second] = argument as TemplateValue[];
    if (first !== undefined && second !== undefined) return [first, second];
  }
  throw new TemplateError(`${where} needs a list of two.`);
}

export function text(value: Resolved, where: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new TemplateError(`${where} needs a string and got ${describe(value)}.`);
}

function texts(value: Resolved, where: string): string[] {
  if (!Array.isArray(value)) throw new TemplateError(`${where} needs a list and got ${describe(value)}.`);
  return value.map((item: TemplateValue) => text(item, where));
}

export function describe(value: Resolved): string {
  return value === noValue ? 'AWS::NoValue' : JSON.stringify(value);
}
