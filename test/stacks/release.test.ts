import { describe, expect, it } from 'vitest';
import declaration from '../../busbar.config.ts';
import { brokenNames, lastRelease, type ReleaseNames, releaseNames } from './release.ts';
import { synthesize } from './synth.ts';

const { template } = synthesize(declaration);

describe('an upgrade from the last release', () => {
  it('keeps every logical id, physical name, parameter and output', () => {
    const last = lastRelease();
    expect(Object.keys(last.resources).length).toBeGreaterThan(100);
    expect(brokenNames(last, releaseNames(template))).toEqual([]);
  });

  it('reports every resource, parameter and output that is gone, renamed or of another type', () => {
    const last: ReleaseNames = {
      resources: {
        Queue: 'AWS::SQS::Queue busbar-delay',
        Table: 'AWS::DynamoDB::Table busbar',
        Role: 'AWS::IAM::Role',
      },
      parameters: ['Trace'],
      outputs: ['ApiUrl'],
    };
    const next: ReleaseNames = {
      resources: {
        Queue: 'AWS::SQS::Queue busbar-later',
        Role: 'AWS::IAM::ManagedPolicy',
        New: 'AWS::SNS::Topic x',
      },
      parameters: [],
      outputs: ['Url'],
    };
    expect(brokenNames(last, next)).toEqual([
      'Queue was AWS::SQS::Queue busbar-delay and is AWS::SQS::Queue busbar-later',
      'Table (AWS::DynamoDB::Table busbar) is gone',
      'Role was AWS::IAM::Role and is AWS::IAM::ManagedPolicy',
      'The parameter Trace is gone',
      'The output ApiUrl is gone',
    ]);
  });
});
