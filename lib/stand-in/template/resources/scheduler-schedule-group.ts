import { z } from 'zod';
import { resourceType, unlessGone, waived } from '../resource.ts';

const properties = z.strictObject({
  Name: z.string().optional(),
  Tags: waived('No supported policy reads the tags of a schedule group.'),
});

export const schedulerScheduleGroup = resourceType<z.infer<typeof properties>>({
  type: 'AWS::Scheduler::ScheduleGroup',
  properties,
  replacedBy: ['Name'],
  nameProperty: 'Name',
  async create(wanted, { account, name }) {
    const Name = wanted.Name ?? name({ maxLength: 64 });
    await account.call('scheduler', 'CreateScheduleGroup', { Name });
    return { physicalId: Name };
  },
  update: async (placed) => placed,
  async delete(placed, _properties, { account }) {
    await unlessGone(
      () => account.call('scheduler', 'DeleteScheduleGroup', { Name: placed.physicalId }),
      ['ResourceNotFoundException'],
    );
  },
  values: async (placed, _properties, { account }) => ({
    ref: placed.physicalId,
    attributes: {
      Arn: `arn:aws:scheduler:${account.region}:${account.account}:schedule-group/${placed.physicalId}`,
    },
  }),
});
