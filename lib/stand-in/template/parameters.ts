import { type Template, TemplateError, type TemplateParameter } from './template.ts';

export interface StackIdentity {
  readonly stackName: string;
  readonly account: string;
  readonly region: string;
}

/** The stack's ARN. Its last part is a fixed word: there is one stack of a name on this machine at a time. */
export const stackId = ({ stackName, account, region }: StackIdentity): string =>
  `arn:aws:cloudformation:${region}:${account}:stack/${stackName}/local`;

/**
 * The values of pseudo parameters and parameters. An override that no parameter takes, a parameter without a
 * value, and a value outside its constraints are errors that name the parameter.
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
      // Its default is the name of an SSM parameter of the account, which is not here. It has a value only
      // when one is given; a Ref to it is an error otherwise, so nothing runs on a made-up value.
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
      `The parameter ${name} is ${parameter.NoEcho === undefined ? JSON.stringify(value) : 'not acceptable'}: ` +
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
        `The parameter ${name} has the type ${parameter.Type}, which the local target does not honour. Use String.`,
      );
  }
}

const isList = (parameter: TemplateParameter) =>
  parameter.Type === 'CommaDelimitedList' || parameter.Type.startsWith('List<');
