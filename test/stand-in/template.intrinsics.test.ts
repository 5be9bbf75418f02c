// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Fn::Sub writes its placeholders in plain strings.
import { describe, expect, test } from 'vitest';
import { evaluateConditions } from '../../lib/stand-in/template/conditions.ts';
import { resolve, type Scope } from '../../lib/stand-in/template/intrinsics.ts';
import { parameterValues } from '../../lib/stand-in/template/parameters.ts';
import { referencedResources } from '../../lib/stand-in/template/references.ts';
import type { TemplateValue } from '../../lib/stand-in/template/template.ts';

const stack = { stackName: 'Busbar', account: '000000000000', region: 'us-east-1' };
const scope: Scope = {
  parameters: parameterValues(
    {
      Name: { Type: 'String', Default: 'orders' },
      Zones: { Type: 'CommaDelimitedList', Default: 'a, b' },
    },
    {},
    stack,
  ),
  mappings: { Sizes: { 'us-east-1': { big: 'xl' } } },
  condition: (name) => name === 'Yes',
  ref: (logicalId) => (logicalId === 'Queue' ? 'http://queue' : undefined),
  attribute: (logicalId, name) =>
    new Map([
      ['Queue.Arn', 'arn:queue'],
      ['Queue.Nested.Name', 'n'],
    ]).get(`${logicalId}.${name}`),
};

describe('an intrinsic function resolves as CloudFormation resolves it', () => {
  const rows: [string, TemplateValue, unknown][] = [
    ['Ref of a parameter', { Ref: 'Name' }, 'orders'],
    ['Ref of a list parameter', { Ref: 'Zones' }, ['a', 'b']],
    ['Ref of a resource', { Ref: 'Queue' }, 'http://queue'],
    ['Ref of a pseudo parameter', { Ref: 'AWS::Region' }, 'us-east-1'],
    ['AWS::URLSuffix', { Ref: 'AWS::URLSuffix' }, 'amazonaws.com'],
    [
      'AWS::StackId',
      { Ref: 'AWS::StackId' },
      'arn:aws:cloudformation:us-east-1:000000000000:stack/Busbar/local',
    ],
    ['GetAtt as a list', { 'Fn::GetAtt': ['Queue', 'Arn'] }, 'arn:queue'],
    ['GetAtt as a string with a nested attribute', { 'Fn::GetAtt': 'Queue.Nested.Name' }, 'n'],
    ['Join', { 'Fn::Join': ['-', ['a', { Ref: 'Name' }, 3]] }, 'a-orders-3'],
    ['Join of a list parameter', { 'Fn::Join': ['+', { Ref: 'Zones' }] }, 'a+b'],
    [
      'Sub',
      { 'Fn::Sub': '${AWS::AccountId}/${Name}/${Queue.Arn}/${!Kept}' },
      '000000000000/orders/arn:queue/${Kept}',
    ],
    ['Sub with variables', { 'Fn::Sub': ['${x}-${Name}', { x: { Ref: 'AWS::Partition' } }] }, 'aws-orders'],
    ['Select and Split', { 'Fn::Select': ['1', { 'Fn::Split': [':', 'a:b:c'] }] }, 'b'],
    ['FindInMap', { 'Fn::FindInMap': ['Sizes', { Ref: 'AWS::Region' }, 'big'] }, 'xl'],
    ['If, taken', { 'Fn::If': ['Yes', 1, { Ref: 'Nowhere' }] }, 1],
    ['If, not taken', { 'Fn::If': ['No', { Ref: 'Nowhere' }, [2]] }, [2]],
    ['NoValue removes a property', { a: 1, b: { Ref: 'AWS::NoValue' } }, { a: 1 }],
    ['NoValue removes an element', [1, { 'Fn::If': ['No', 2, { Ref: 'AWS::NoValue' }] }, 3], [1, 3]],
    ['Base64', { 'Fn::Base64': 'hi' }, 'aGk='],
    ['ordinary data', { Condition: { Bool: { x: 'true' } } }, { Condition: { Bool: { x: 'true' } } }],
  ];
  test.each(rows)('%s', (_name, value, expected) => {
    expect(resolve(value, scope, 'here')).toEqual(expected);
  });
});

describe('reports the place of what cannot be resolved', () => {
  const rows: [string, TemplateValue, RegExp][] = [
    ['an unknown function', { a: { 'Fn::Cidr': [] } }, /here\.a calls Fn::Cidr/],
    ['ImportValue', { 'Fn::ImportValue': 'x' }, /imports a value of another stack/],
    ['a dangling Ref', { Ref: 'Nowhere' }, /refers to Nowhere/],
    ['an unknown attribute', { 'Fn::GetAtt': ['Queue', 'Colour'] }, /attribute Colour of Queue/],
    ['a Select beyond the list', { 'Fn::Select': [5, ['a']] }, /element 5 of a list of 1/],
    ['a missing mapping', { 'Fn::FindInMap': ['Sizes', 'mars', 'big'] }, /Sizes\.mars\.big/],
    ['an unknown name in Sub', { 'Fn::Sub': '${Nowhere}' }, /refers to Nowhere/],
    ['a Join without a list', { 'Fn::Join': ['-', 'a'] }, /needs a list/],
  ];
  test.each(rows)('%s', (_name, value, message) => {
    expect(() => resolve(value, scope, 'here')).toThrow(message);
  });
});

describe('conditions', () => {
  const evaluate = (conditions: Record<string, TemplateValue>) => evaluateConditions(conditions, scope);

  test.each<[string, TemplateValue, boolean]>([
    ['Equals', { 'Fn::Equals': [{ Ref: 'Name' }, 'orders'] }, true],
    ['Not', { 'Fn::Not': [{ 'Fn::Equals': ['a', 'a'] }] }, false],
    ['And', { 'Fn::And': [{ Condition: 'Base' }, { 'Fn::Equals': ['a', 'b'] }] }, false],
    ['Or', { 'Fn::Or': [{ 'Fn::Equals': ['a', 'b'] }, { Condition: 'Base' }] }, true],
  ])('%s is evaluated', (_name, expression, expected) => {
    expect(evaluate({ Base: { 'Fn::Equals': ['x', 'x'] }, C: expression })('C')).toBe(expected);
  });

  test('names a cycle of conditions', () => {
    expect(() => evaluate({ A: { Condition: 'B' }, B: { Condition: 'A' } })('A')).toThrow(/A -> B -> A/);
  });

  test('names an unknown condition', () => {
    expect(() => evaluate({})('Missing')).toThrow(/no condition Missing/);
  });
});

test('finds references in every form, and only in the branches that are taken', () => {
  const found = referencedResources(
    {
      a: { Ref: 'A' },
      b: { 'Fn::GetAtt': ['B', 'Arn'] },
      c: { 'Fn::Sub': ['${C.Arn} ${x} ${!D}', { x: { Ref: 'E' } }] },
      f: { 'Fn::If': ['Yes', { Ref: 'F' }, { Ref: 'G' }] },
    },
    scope,
    (name) => /^[A-Z]$/.test(name),
  );
  expect([...found].sort()).toEqual(['A', 'B', 'C', 'E', 'F']);
});

describe('parameters', () => {
  const values = (parameter: object, given?: string) =>
    parameterValues(
      { P: { Type: 'String', ...parameter } },
      given === undefined ? {} : { P: given },
      stack,
    ).get('P');

  test('an override wins over the default', () => {
    expect(values({ Default: 'a' }, 'b')).toBe('b');
  });
  test.each<[string, object, string | undefined, RegExp]>([
    ['a missing value', {}, undefined, /P has no default/],
    ['a value that is not allowed', { AllowedValues: ['a', 'b'] }, 'c', /one of a, b/],
    ['a value that violates the pattern', { AllowedPattern: '[a-z]+' }, 'a1', /match \[a-z\]\+/],
    ['a short value', { MinLength: 2 }, 'a', /at least 2/],
    ['a long value', { MaxLength: 1 }, 'aa', /at most 1/],
    ['no number', { Type: 'Number' }, 'x', /must be a number/],
    ['a number out of range', { Type: 'Number', MaxValue: 3 }, '4', /at most 3/],
    ['an unknown type', { Type: 'AWS::EC2::VPC::Id' }, 'x', /AWS::EC2::VPC::Id/],
  ])('%s is rejected by name', (_name, parameter, given, message) => {
    expect(() => values(parameter, given)).toThrow(message);
  });
  test('a secret value is not repeated in the error', () => {
    expect(() => values({ NoEcho: true, MaxLength: 1 }, 'hunter2')).toThrow(/^(?!.*hunter2)/);
  });
  test('an override without a parameter is rejected by name', () => {
    expect(() => parameterValues({}, { Typo: 'x' }, stack)).toThrow(/no parameter Typo/);
  });
  test('an SSM parameter has no value unless one is given', () => {
    expect(values({ Type: 'AWS::SSM::Parameter::Value<String>', Default: '/cdk' })).toBeUndefined();
  });
});
