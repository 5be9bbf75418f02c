import { expect, it } from 'vitest';
import { deployedFunctions } from '../../bench/functions.ts';

it('takes the environment of each function from the template', () => {
  const template = {
    Parameters: { Trace: { Default: 'failures' } },
    Resources: {
      Table: { Type: 'AWS::DynamoDB::Table' },
      Publish: {
        Type: 'AWS::Lambda::Function',
        Metadata: { 'aws:asset:path': 'asset.1' },
        Properties: {
          FunctionName: 'busbar-check-transaction',
          Environment: {
            Variables: {
              BUSBAR_PREFIX: 'busbar',
              BUSBAR_TRACE: { Ref: 'Trace' },
              BUSBAR_TABLE: { Ref: 'Table' },
              BUSBAR_ARN: { 'Fn::GetAtt': ['Table', 'Arn'] },
            },
          },
        },
      },
      Bare: { Type: 'AWS::Lambda::Function', Metadata: { 'aws:asset:path': 'asset.2' } },
    },
  };

  expect(deployedFunctions(template)).toEqual([
    { name: 'Bare', asset: 'asset.2', environment: {} },
    {
      name: 'check-transaction',
      asset: 'asset.1',
      environment: {
        BUSBAR_PREFIX: 'busbar',
        BUSBAR_TRACE: 'failures',
        BUSBAR_TABLE: 'https://x/1/y',
        BUSBAR_ARN: 'https://x/1/y',
      },
    },
  ]);
});
