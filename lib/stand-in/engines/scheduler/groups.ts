import type { Host } from '../engine.ts';
import { seconds } from './definition.ts';
import type { Group } from './model.ts';
import { groupArn } from './names.ts';

export function describeGroup(host: Host, group: Group): Readonly<Record<string, unknown>> {
  return {
    Arn: groupArn(host, group.name),
    Name: group.name,
    State: 'ACTIVE',
    CreationDate: seconds(group.createdMs),
    LastModificationDate: seconds(group.modifiedMs),
  };
}
