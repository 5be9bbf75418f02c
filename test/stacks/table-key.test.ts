import { AwsSolutionsChecks } from 'cdk-nag';
import { describe, expect, it } from 'vitest';
import declaration from '../../busbar.config.ts';
import { type JsonObject, resourcesOf, synthesize } from './synth.ts';

const keyArn = 'arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const { app, template } = synthesize(declaration, { tableKeyArn: keyArn });

/** The statements of each role's policies. */
const statements = resourcesOf(template, 'AWS::IAM::Policy').map(([, { Properties }]) => {
  const { Statement } = Properties.PolicyDocument as JsonObject;
  return (Statement as readonly JsonObject[]).map((statement) => ({
    ...statement,
    actions: [statement.Action].flat().map(String),
  }));
});
const withAction = (prefix: string) =>
  statements.filter((policy) =>
    policy.some(({ actions }) => actions.some((action) => action.startsWith(prefix))),
  );

describe('a bus with a key of the team', () => {
  it('encrypts every table with it', () => {
    const tables = resourcesOf(template, 'AWS::DynamoDB::Table');
    expect(tables.length).toBeGreaterThanOrEqual(2);
    for (const [, { Properties }] of tables) {
      expect(Properties.SSESpecification).toEqual({
        SSEEnabled: true,
        SSEType: 'KMS',
        KMSMasterKeyId: keyArn,
      });
    }
  });

  it('lets exactly the functions with a table use it, and only through DynamoDB', () => {
    expect(withAction('kms:')).toEqual(withAction('dynamodb:'));
    expect(withAction('kms:').length).toBeGreaterThan(3);
    for (const statement of withAction('kms:').flat()) {
      if (!statement.actions.some((action) => action.startsWith('kms:'))) continue;
      expect(statement).toMatchObject({
        Resource: keyArn,
        Condition: {
          StringEquals: {
            'kms:ViaService': {
              'Fn::Join': ['', ['dynamodb.', { Ref: 'AWS::Region' }, '.', { Ref: 'AWS::URLSuffix' }]],
            },
          },
        },
      });
      expect(statement.actions).not.toContain('kms:*');
    }
  });

  it('needs no more exceptions from the AWS Solutions rules than a bus without it', () => {
    const { violations } = new AwsSolutionsChecks(app).validateScope(app);
    expect(violations).toEqual([]);
  });
});
