import { z } from 'zod';
import { integer, resourceType, unlessGone, waived } from '../resource.ts';

/** CloudFormation writes ISO 8601; the API takes seconds since the epoch. */
const timestamp = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text) / 1000);

const properties = z.strictObject({
  Name: z.string().optional(),
  GroupName: z.string().optional(),
  Description: z.string().optional(),
  ScheduleExpression: z.string(),
  ScheduleExpressionTimezone: z.string().optional(),
  StartDate: timestamp.optional(),
  EndDate: timestamp.optional(),
  State: z.string().optional(),
  FlexibleTimeWindow: z.strictObject({ Mode: z.string(), MaximumWindowInMinutes: integer.optional() }),
  Target: z.strictObject({
    Arn: z.string(),
    RoleArn: z.string(),
    Input: z.string().optional(),
    DeadLetterConfig: z.strictObject({ Arn: z.string().optional() }).optional(),
    RetryPolicy: z
      .strictObject({
        MaximumEventAgeInSeconds: integer.optional(),
        MaximumRetryAttempts: integer.optional(),
      })
      .optional(),
    SqsParameters: z.strictObject({ MessageGroupId: z.string().optional() }).optional(),
  }),
  KmsKeyArn: waived('AWS encrypts at rest; here the data file is on your own disk.'),
});

/** The physical id is the name; with its group it identifies the schedule. */
export const schedulerSchedule = resourceType<z.infer<typeof properties>>({
  type: 'AWS::Scheduler::Schedule',
  properties,
  replacedBy: ['Name', 'GroupName'],
  nameProperty: 'Name',
  async create(wanted, { account, name, uuid }) {
    const Name = wanted.Name ?? name({ maxLength: 64 });
    await account.call('scheduler', 'CreateSchedule', { ...wanted, Name, ClientToken: uuid() });
    return { physicalId: Name };
  },
  async update(placed, wanted, _before, { account, uuid }) {
    // UpdateSchedule replaces the whole schedule, which removes what left the template.
    await account.call('scheduler', 'UpdateSchedule', {
      ...wanted,
      Name: placed.physicalId,
      ClientToken: uuid(),
    });
    return placed;
  },
  async delete(placed, { GroupName }, { account }) {
    await unlessGone(
      () =>
        account.call('scheduler', 'DeleteSchedule', {
          Name: placed.physicalId,
          ...(GroupName === undefined ? {} : { GroupName }),
        }),
      ['ResourceNotFoundException'],
    );
  },
  values: async (placed, { GroupName }, { account }) => ({
    ref: placed.physicalId,
    attributes: {
      Arn: `arn:aws:scheduler:${account.region}:${account.account}:schedule/${GroupName ?? 'default'}/${placed.physicalId}`,
    },
  }),
});
