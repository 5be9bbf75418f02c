import type { ResourceContext, ResourceValues } from './resource.ts';

/** A resource type that is read but not created, because it has no effect on this machine. */
export interface Waiver {
  readonly reason: string;
  /** The attributes that other resources may read of it. */
  attributes?(ref: string, context: ResourceContext): ResourceValues['attributes'];
}

export const waivers: ReadonlyMap<string, Waiver> = new Map<string, Waiver>([
  ['AWS::CDK::Metadata', { reason: 'It tells AWS which constructs a stack is made of.' }],
  [
    'AWS::Logs::LogGroup',
    {
      reason: 'Functions log to the standard output of the process; nothing is stored or expires.',
      attributes: (ref, { account }) => ({
        Arn: `arn:aws:logs:${account.region}:${account.account}:log-group:${ref}:*`,
      }),
    },
  ],
  [
    'AWS::Logs::MetricFilter',
    { reason: 'There is no CloudWatch here; the log lines it counts are printed.' },
  ],
  [
    'AWS::CloudWatch::Alarm',
    {
      reason: 'There is no CloudWatch here; what would raise an alarm is printed, or counted by the meter.',
      attributes: (ref, { account }) => ({
        Arn: `arn:aws:cloudwatch:${account.region}:${account.account}:alarm:${ref}`,
      }),
    },
  ],
  ['AWS::CloudWatch::CompositeAlarm', { reason: 'It combines alarms, and there are none here.' }],
  ['AWS::CloudWatch::Dashboard', { reason: 'There is no CloudWatch here.' }],
]);
