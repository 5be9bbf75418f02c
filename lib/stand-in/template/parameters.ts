import { type Template, TemplateError, type TemplateParameter } from './template.ts';

export interface StackIdentity {
  readonly stackName: string;
  readonly account: string;
  readonly region: string;
}

/** The ARN of the stack. Its last part is constant, because this machine runs one stack of a name at a time. */
export const stackId = ({ stackName, account, region }: StackIdentity): string =>
  `arn:aws:cloudformation:${region}:${account}:stack/${stackName}/local`;

/**
 * The values of pseudo parameters and parameters. An override without a parameter, a parameter without a value, and a
 * value that violates a constraint are errors that name the parameter.
 */
export function parameterValues(
  declared: NonNullable<Template['Parameters']>,
  overrides: Readonly<Record<string, string>>,
  stack: StackIdentity,
): Map<string, string | readonly string[]> {
  const values = new Map<string, string | readonly string[]>([
    ['AWS::Region', stack.region],
    ['AWS::AccountId', stack.account],
    ['AWS::Partition', 'aws'],
    ['AWS::URLSuffix', 'amazonaws.com'],
    ['AWS::StackName', stack.stackName],
    ['AWS::StackId', stackId(stack)],
  ]);
  for (const name of Object.keys(overrides)) {
    if (declared[name] === undefined) {
      throw new TemplateError(
        `The template has no parameter ${name}; it has ${Object.keys(declared).join(', ') || 'none'}.`,
      );
    }
  }
  for (const [name, parameter] of Object.entries(declared)) {
    const given = overrides[name];
    if (parameter.Type.startsWith('AWS::SSM::Parameter::Value<')) {
      // Its default is the name of an SSM parameter, which does not exist here. It has a value only if one is given;
      // otherwise a Ref to it is an error, so nothing runs on an invented value.
      if (given !== undefined) values.set(name, given);
      continue;
    }
    const value = given ?? parameter.Default;
    if (value === undefined) {
      throw new TemplateError(`The parameter ${name} has no default; give it a value.`);
    }
    values.set(name, checked(name, parameter, String(value)));
  }
  return values;
}

function checked(name: string, parameter: TemplateParameter, value: string): string | readonly string[] {
  const fail = (rule: string) =>
    new TemplateError(
      `The parameter ${name} is ${parameter.NoEcho === undefined ? JSON.stringify(value) : 'not valid'}: ` +
        (parameter.ConstraintDescription ?? rule),
    );
  const items = isList(parameter) ? value.split(',').map((item) => item.trim()) : [value];
  for (const item of items) {
    if (parameter.AllowedValues !== undefined && !parameter.AllowedValues.map(String).includes(item)) {
      throw fail(`it must be one of ${parameter.AllowedValues.join(', ')}.`);
    }
    if (
      parameter.AllowedPattern !== undefined &&
      !new RegExp(`^(?:${parameter.AllowedPattern})$`).test(item)
    ) {
      throw fail(`it must match ${parameter.AllowedPattern}.`);
    }
    if (item.length < Number(parameter.MinLength ?? 0)) {
      throw fail(`it must have at least ${parameter.MinLength} characters.`);
    }
    if (item.length > Number(parameter.MaxLength ?? Number.POSITIVE_INFINITY)) {
      throw fail(`it must have at most ${parameter.MaxLength} characters.`);
    }
    if (parameter.Type === 'Number' || parameter.Type === 'List<Number>') {
      if (item.trim() === '' || !Number.isFinite(Number(item))) throw fail('it must be a number.');
      if (Number(item) < Number(parameter.MinValue ?? Number.NEGATIVE_INFINITY)) {
        throw fail(`it must be at least ${parameter.MinValue}.`);
      }
      if (Number(item) > Number(parameter.MaxValue ?? Number.POSITIVE_INFINITY)) {
        throw fail(`it must be at most ${parameter.MaxValue}.`);
      }
    }
  }
  switch (parameter.Type) {
    case 'String':
    case 'Number':
      return value;
    case 'List<Number>':
    case 'CommaDelimitedList':
      return items;
    default:
      throw new TemplateError(
        `The parameter ${name} has the type ${parameter.Type}, which the stand-in does not support. Use String.`,
      );
  }
}

const isList = (parameter: TemplateParameter) =>
  parameter.Type === 'CommaDelimitedList' || parameter.Type.startsWith('List<');
