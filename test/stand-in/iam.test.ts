import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  AwsError,
  type Caller,
  type Permission,
  type PolicyDocument,
  type PolicyStatement,
} from '../../lib/stand-in/engines/engine.ts';
import { createIam, type Iam } from '../../lib/stand-in/iam/iam.ts';
import { matchesAction, matchesArn, matchesPattern, matchesResource } from '../../lib/stand-in/iam/match.ts';
import { memoryStore } from '../../lib/stand-in/store.ts';

const queueArn = 'arn:aws:sqs:us-east-1:000000000000:orders';
const roleArn = 'arn:aws:iam::000000000000:role/publisher';
const publisher: Caller = { kind: 'role', roleArn };
const trust: PolicyDocument = {
  Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: 'lambda.amazonaws.com' } }],
};

function iamWith(
  statements: readonly PolicyStatement[],
  options: {
    resourcePolicy?: PolicyDocument;
    managed?: readonly string[];
    store?: ReturnType<typeof memoryStore>;
  } = {},
): Iam {
  const iam = createIam({
    account: '000000000000',
    region: 'us-east-1',
    store: options.store ?? memoryStore(),
    resourcePolicy: (_service, arn) => (arn === queueArn ? options.resourcePolicy : undefined),
  });
  iam.putRole({
    name: 'publisher',
    trust,
    inlinePolicies: { inline: { Statement: statements } },
    managedPolicyArns: options.managed ?? [],
  });
  return iam;
}

function decision(iam: Iam, permission: Partial<Permission> = {}, caller: Caller = publisher): string {
  try {
    iam.authorize(caller, [{ action: 'sqs:SendMessage', resource: queueArn, ...permission }]);
    return 'allowed';
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    expect(error.status).toBe(403);
    return error.message;
  }
}

const allow = (more: Partial<PolicyStatement> = {}): PolicyStatement => ({
  Effect: 'Allow',
  Action: 'sqs:SendMessage',
  Resource: queueArn,
  ...more,
});

describe('a role', () => {
  test('may do what an identity policy allows, and root may do everything', () => {
    const iam = iamWith([allow()]);
    expect(decision(iam)).toBe('allowed');
    expect(decision(iam, { action: 'sqs:DeleteQueue' }, { kind: 'root' })).toBe('allowed');
  });

  test('is rejected in the words of AWS, with the code of the service', () => {
    const iam = iamWith([]);
    iam.nameSession(roleArn, 'publish');
    expect(decision(iam)).toBe(
      `User: arn:aws:sts::000000000000:assumed-role/publisher/publish is not authorized to perform: sqs:SendMessage on resource: ${queueArn} because no identity-based policy allows the sqs:SendMessage action`,
    );
    const codeOf = (action: string) => {
      try {
        iam.authorize(publisher, [{ action, resource: '*' }]);
      } catch (error) {
        return (error as AwsError).code;
      }
      return 'allowed';
    };
    expect(['sqs:SendMessage', 'sns:Publish', 'dynamodb:PutItem'].map(codeOf)).toEqual([
      'AccessDenied',
      'AuthorizationError',
      'AccessDeniedException',
    ]);
  });

  test('needs all permissions of a call', () => {
    const iam = iamWith([allow()]);
    expect(() =>
      iam.authorize(publisher, [
        { action: 'sqs:SendMessage', resource: queueArn },
        { action: 'iam:PassRole', resource: roleArn },
      ]),
    ).toThrow(/iam:PassRole/);
  });

  test('is rejected by an explicit deny, despite any allow', () => {
    const iam = iamWith([allow({ Action: '*', Resource: '*' }), allow({ Effect: 'Deny' })]);
    expect(decision(iam)).toMatch(/with an explicit deny in an identity-based policy$/);
    expect(decision(iam, { action: 'sqs:ReceiveMessage' })).toBe('allowed');
  });

  test('that does not exist is rejected', () => {
    expect(
      decision(iamWith([]), {}, { kind: 'role', roleArn: 'arn:aws:iam::000000000000:role/ghost' }),
    ).toMatch(/because the role does not exist/);
  });

  test('loses a permission at once when a policy is detached', () => {
    const iam = iamWith([]);
    iam.attachPolicy('publisher', 'extra', { Statement: [allow()] });
    expect(decision(iam)).toBe('allowed');
    iam.detachPolicy('publisher', 'extra');
    expect(decision(iam)).toMatch(/no identity-based policy/);
  });

  test('NotAction and NotResource apply to everything else', () => {
    const { Action: _a, Resource: _r, ...bare } = allow();
    const iam = iamWith([{ ...bare, NotAction: 'sqs:DeleteQueue', NotResource: 'arn:aws:sqs:*:*:secret' }]);
    expect(decision(iam)).toBe('allowed');
    expect(decision(iam, { action: 'sqs:DeleteQueue' })).not.toBe('allowed');
    expect(decision(iam, { resource: 'arn:aws:sqs:us-east-1:000000000000:secret' })).not.toBe('allowed');
  });

  test('survives a restart with its policies', async () => {
    const store = memoryStore();
    const before = iamWith([], { store });
    before.putManagedPolicy({
      arn: 'arn:aws:iam::000000000000:policy/send',
      document: { Statement: [allow()] },
    });
    before.attachManagedPolicy('publisher', 'arn:aws:iam::000000000000:policy/send');
    await store.committed();
    const after = createIam({
      account: '000000000000',
      region: 'us-east-1',
      store,
      resourcePolicy: () => undefined,
    });
    expect(decision(after)).toBe('allowed');
  });
});

describe('managed policies', () => {
  test('of AWS for logs are waived', () => {
    const iam = iamWith([], {
      managed: ['arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole'],
    });
    expect(decision(iam)).not.toBe('allowed');
  });
  test('of AWS for anything else are rejected by name', () => {
    expect(() => iamWith([], { managed: ['arn:aws:iam::aws:policy/AdministratorAccess'] })).toThrow(
      /AdministratorAccess, which the local IAM does not have/,
    );
  });
  test('cannot be deleted while a role has them', () => {
    const iam = iamWith([]);
    const arn = 'arn:aws:iam::000000000000:policy/send';
    iam.putManagedPolicy({ arn, document: { Statement: [allow()] } });
    iam.attachManagedPolicy('publisher', arn);
    expect(() => iam.deleteManagedPolicy(arn)).toThrow(/attached to the role publisher/);
  });
});

describe('conditions', () => {
  const judged = (condition: NonNullable<PolicyStatement['Condition']>, context?: Permission['context']) =>
    decision(iamWith([allow({ Condition: condition })]), context === undefined ? {} : { context }) ===
    'allowed';
  const keys = 'dynamodb:LeadingKeys';

  test.each<[string, NonNullable<PolicyStatement['Condition']>, Permission['context'], boolean]>([
    ['StringEquals, one of several', { StringEquals: { [keys]: ['a', 'b'] } }, { [keys]: 'b' }, true],
    ['StringEquals, absent key', { StringEquals: { [keys]: 'a' } }, undefined, false],
    ['StringEqualsIfExists, absent key', { StringEqualsIfExists: { [keys]: 'a' } }, undefined, true],
    ['StringNotEquals', { StringNotEquals: { [keys]: ['a', 'b'] } }, { [keys]: 'b' }, false],
    ['StringNotEquals, absent key', { StringNotEquals: { [keys]: 'a' } }, undefined, true],
    ['StringLike', { StringLike: { [keys]: 'topic#*' } }, { [keys]: 'topic#1' }, true],
    ['StringNotLike', { StringNotLike: { [keys]: 'topic#*' } }, { [keys]: 'topic#1' }, false],
    ['ArnLike', { ArnLike: { 'aws:PrincipalArn': 'arn:aws:iam::*:role/pub*' } }, undefined, true],
    ['ArnEquals', { ArnEquals: { 'aws:PrincipalArn': 'arn:aws:iam::1:role/x' } }, undefined, false],
    ['Bool', { Bool: { 'aws:SecureTransport': 'true' } }, undefined, true],
    ['Bool as a boolean', { Bool: { 'aws:SecureTransport': false } }, undefined, false],
    ['Null true', { Null: { [keys]: 'true' } }, undefined, true],
    ['Null false', { Null: { [keys]: 'false' } }, { [keys]: 'a' }, true],
    ['NumericLessThan', { NumericLessThan: { 'sqs:Count': '10' } }, { 'sqs:Count': '9' }, true],
    [
      'NumericGreaterThanEquals',
      { NumericGreaterThanEquals: { 'sqs:Count': '10' } },
      { 'sqs:Count': '9' },
      false,
    ],
    ['ForAllValues', { 'ForAllValues:StringLike': { [keys]: ['a*', 'b'] } }, { [keys]: ['a1', 'b'] }, true],
    [
      'ForAllValues, one off',
      { 'ForAllValues:StringEquals': { [keys]: ['a'] } },
      { [keys]: ['a', 'c'] },
      false,
    ],
    ['ForAllValues, absent key', { 'ForAllValues:StringEquals': { [keys]: ['a'] } }, undefined, true],
    ['ForAnyValue', { 'ForAnyValue:StringEquals': { [keys]: ['a'] } }, { [keys]: ['a', 'c'] }, true],
    ['ForAnyValue, absent key', { 'ForAnyValue:StringEquals': { [keys]: ['a'] } }, undefined, false],
    [
      'every condition must hold',
      { StringEquals: { [keys]: 'a' }, Bool: { 'aws:SecureTransport': 'false' } },
      { [keys]: 'a' },
      false,
    ],
  ])('%s', (_name, condition, context, expected) => {
    expect(judged(condition, context)).toBe(expected);
  });

  test('are evaluated again at each call', () => {
    const iam = iamWith([allow({ Condition: { StringEquals: { [keys]: 'a' } } })]);
    expect(decision(iam, { context: { [keys]: 'a' } })).toBe('allowed');
    expect(decision(iam, { context: { [keys]: 'b' } })).not.toBe('allowed');
  });

  test.each<[NonNullable<PolicyStatement['Condition']>, RegExp]>([
    [{ IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } }, /aws:SourceIp/],
    [{ DateLessThan: { 'dynamodb:x': '2030' } }, /DateLessThan/],
  ])('that cannot be evaluated are rejected by name when the policy is stored: %j', (condition, message) => {
    expect(() => iamWith([allow({ Condition: condition })])).toThrow(message);
  });
});

describe('a resource policy', () => {
  const topicArn = 'arn:aws:sns:us-east-1:000000000000:events';
  const sns: Caller = { kind: 'service', service: 'sns.amazonaws.com', sourceArn: topicArn };
  const forSns: PolicyStatement = {
    ...allow(),
    Principal: { Service: 'sns.amazonaws.com' },
    Condition: {
      ArnEquals: { 'aws:SourceArn': topicArn },
      StringEquals: { 'AWS:SourceAccount': '000000000000' },
    },
  };

  test('allows a service for the resource that it names', () => {
    const iam = iamWith([], { resourcePolicy: { Statement: [forSns] } });
    expect(decision(iam, {}, sns)).toBe('allowed');
    expect(decision(iam, {}, { ...sns, sourceArn: `${topicArn}2` })).toMatch(
      /no resource-based policy allows/,
    );
    expect(decision(iam, {}, { ...sns, service: 'events.amazonaws.com' })).not.toBe('allowed');
  });

  test('is required by a service', () => {
    expect(decision(iamWith([]), {}, sns)).toMatch(/no resource-based policy allows/);
  });

  test('can allow or deny a role of the account by itself', () => {
    const open: PolicyStatement = { ...allow(), Principal: { AWS: roleArn } };
    expect(decision(iamWith([], { resourcePolicy: { Statement: [open] } }))).toBe('allowed');
    const closed: PolicyStatement = { ...open, Effect: 'Deny', Principal: '*' };
    expect(decision(iamWith([allow()], { resourcePolicy: { Statement: [closed] } }))).toMatch(
      /explicit deny in a resource-based policy/,
    );
  });

  test('that names the account delegates to identity policies', () => {
    const delegating: PolicyStatement = { ...allow(), Principal: { AWS: 'arn:aws:iam::000000000000:root' } };
    expect(decision(iamWith([], { resourcePolicy: { Statement: [delegating] } }))).not.toBe('allowed');
  });

  test('of a new SNS topic allows services of the account, but no role', () => {
    const owned: PolicyStatement = {
      ...allow(),
      Principal: { AWS: '*' },
      Condition: { StringEquals: { 'AWS:SourceOwner': '000000000000' } },
    };
    const iam = iamWith([], { resourcePolicy: { Statement: [owned] } });
    expect(decision(iam, {}, sns)).toBe('allowed');
    expect(decision(iam)).toMatch(/no identity-based policy/);
  });

  test('that denies plain HTTP denies nothing here, because no call leaves the machine', () => {
    const enforceSsl: PolicyStatement = {
      Effect: 'Deny',
      Action: 'sqs:*',
      Resource: queueArn,
      Principal: { AWS: '*' },
      Condition: { Bool: { 'aws:SecureTransport': 'false' } },
    };
    expect(decision(iamWith([allow()], { resourcePolicy: { Statement: [enforceSsl] } }))).toBe('allowed');
  });
});

test('a role must trust the service that assumes it', () => {
  const iam = iamWith([]);
  const functionArn = 'arn:aws:lambda:us-east-1:000000000000:function:publish';
  expect(() => iam.assertTrusts(roleArn, 'lambda.amazonaws.com', functionArn)).not.toThrow();
  expect(() => iam.assertTrusts(roleArn, 'scheduler.amazonaws.com', functionArn)).toThrow(
    /cannot be assumed by/,
  );
});

test('the usage report shows which grants were used and which were not', () => {
  const iam = iamWith([
    allow({ Action: ['sqs:Send*', 'sqs:DeleteQueue'] }),
    allow({ Action: 'sns:Publish' }),
  ]);
  decision(iam);
  const [role] = iam.usage();
  expect(role?.used).toEqual([{ action: 'sqs:SendMessage', resources: [queueArn] }]);
  expect(role?.granted.map(({ action, used }) => [action, used])).toEqual([
    ['sqs:Send*', ['sqs:SendMessage']],
    ['sqs:DeleteQueue', []],
    ['sns:Publish', []],
  ]);
});

test('the usage report shows which resource of a statement is unused', () => {
  const other = 'arn:aws:sqs:us-east-1:000000000000:other';
  const pattern = 'arn:aws:sqs:us-east-1:000000000000:*';
  const iam = iamWith([allow({ Resource: [queueArn, other, pattern] })]);
  decision(iam);
  const [role] = iam.usage();
  expect(role?.granted.map(({ resource, used }) => [resource, used])).toEqual([
    [queueArn, ['sqs:SendMessage']],
    [other, []],
    [pattern, ['sqs:SendMessage']],
  ]);
});

test('the use of a grant is reported once, and so is what a statement with NotAction allows', () => {
  const told: unknown[] = [];
  const iam = createIam({
    account: '000000000000',
    region: 'us-east-1',
    store: memoryStore(),
    resourcePolicy: () => undefined,
    onUse: (role, use) => told.push([role, use]),
  });
  iam.putRole({
    name: 'publisher',
    trust: { Statement: [] },
    inlinePolicies: {
      inline: { Statement: [{ Effect: 'Allow', NotAction: 'sqs:DeleteQueue', NotResource: '*:secret' }] },
    },
    managedPolicyArns: [],
  });
  decision(iam);
  decision(iam);
  decision(iam, { resource: `${queueArn}-2` });
  expect(told).toEqual([
    [
      'publisher',
      {
        by: { action: 'NotAction(sqs:DeleteQueue)', resource: 'NotResource(*:secret)' },
        action: 'sqs:SendMessage',
        resource: queueArn,
      },
    ],
  ]);
});

describe('wildcards', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', '.', ':', '/', '(', '$', '+', '\\', 'é') });

  test('a text matches itself, and every pattern with a star in place of a part', () => {
    fc.assert(
      fc.property(word, word, word, (head, middle, tail) => {
        const text = head + middle + tail;
        return (
          matchesPattern(text, text) &&
          matchesPattern(`${head}*${tail}`, text) &&
          matchesPattern(`${head}${'?'.repeat([...middle].length)}${tail}`, text)
        );
      }),
    );
  });

  test('agree with a character-by-character matcher', () => {
    const naive = (pattern: readonly string[], text: readonly string[]): boolean => {
      const [first, ...rest] = pattern;
      if (first === undefined) return text.length === 0;
      if (first === '*') return naive(rest, text) || (text.length > 0 && naive(pattern, text.slice(1)));
      return text.length > 0 && (first === '?' || first === text[0]) && naive(rest, text.slice(1));
    };
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 6 });
    const text = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 8 });
    fc.assert(
      fc.property(pattern, text, (want, have) => matchesPattern(want, have) === naive([...want], [...have])),
    );
  });

  test('actions are case-insensitive; resources are not', () => {
    expect(matchesAction('SQS:send*', 'sqs:SendMessage')).toBe(true);
    expect(matchesResource(queueArn.toUpperCase(), queueArn)).toBe(false);
  });

  test('a star within a resource segment stays in it, and at its end reaches beyond', () => {
    expect(matchesResource('arn:aws:sqs:us-*-1:000000000000:orders', queueArn)).toBe(true);
    expect(matchesResource('arn:aws:s*s:orders', queueArn)).toBe(false);
    expect(matchesResource('arn:aws:sqs:*', queueArn)).toBe(true);
    expect(
      matchesResource('arn:aws:dynamodb:*:*:table/t/index/*', 'arn:aws:dynamodb:us-east-1:0:table/t/index/i'),
    ).toBe(true);
  });

  test('conditions match each part of an ARN separately', () => {
    expect(matchesArn('arn:aws:sqs:*:*:or*', queueArn)).toBe(true);
    expect(matchesArn('arn:aws:*:orders', queueArn)).toBe(false);
    expect(
      matchesArn(
        'arn:aws:execute-api:us-east-1:0:abc/*/*/v1/topics/{topic}/events',
        'arn:aws:execute-api:us-east-1:0:abc/$default/POST/v1/topics/{topic}/events',
      ),
    ).toBe(true);
  });
});
