import { App, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { AttributeType, StreamViewType, Table } from 'aws-cdk-lib/aws-dynamodb';
import { AccountRootPrincipal, Role } from 'aws-cdk-lib/aws-iam';
import { describe, expect, it } from 'vitest';
import { grantOutbox, OutboxIntake } from '../../lib/stacks/producer.ts';

const partitionKey = { name: 'orderId', type: AttributeType.STRING };

describe('a producer', () => {
  it('may put entries of its own application, and nothing else', () => {
    const stack = new Stack(new App(), 'Shop');
    grantOutbox(new Role(stack, 'Role', { assumedBy: new AccountRootPrincipal() }), stack, {
      application: 'shop',
    });
    const policies = Object.values(Template.fromStack(stack).findResources('AWS::IAM::Policy'));
    expect(policies).toHaveLength(1);
    const [policy] = policies;
    expect(policy?.Properties.PolicyDocument.Statement).toEqual([
      {
        Effect: 'Allow',
        Action: 'dynamodb:PutItem',
        Resource: { 'Fn::Join': ['', expect.arrayContaining([':table/busbar-outbox'])] },
        Condition: {
          'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['outbox#shop#*'] },
          Null: { 'dynamodb:LeadingKeys': 'false' },
        },
      },
    ]);
  });

  it('with its own table gets a function that moves its entries', () => {
    const stack = new Stack(new App(), 'Shop');
    const table = new Table(stack, 'Orders', { partitionKey, stream: StreamViewType.NEW_IMAGE });
    new OutboxIntake(stack, 'Intake', { table, application: 'shop' });
    const template = Template.fromStack(stack);
    template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      FilterCriteria: {
        Filters: [
          {
            Pattern: JSON.stringify({
              eventName: ['INSERT', 'MODIFY'],
              dynamodb: { NewImage: { busbarEvent: { S: [{ exists: true }] } } },
            }),
          },
        ],
      },
    });
    template.hasResourceProperties('AWS::Lambda::Function', {
      Environment: {
        Variables: Match.objectLike({ BUSBAR_APPLICATION: 'shop', BUSBAR_OWN_KEYS: 'orderId' }),
      },
    });
    template.hasResourceProperties('AWS::Events::Rule', { ScheduleExpression: 'rate(12 hours)' });
  });

  it('without a stream on its table gets an error', () => {
    const stack = new Stack(new App(), 'Shop');
    const table = new Table(stack, 'Orders', { partitionKey });
    expect(() => new OutboxIntake(stack, 'Intake', { table, application: 'shop' })).toThrow('has no stream');
  });
});
