import type { Host, Input, Permission } from '../engine.ts';
import { invalid } from './errors.ts';
import { schedulerLimits } from './limits.ts';

type Place = Pick<Host, 'account' | 'region'>;

export const defaultGroup = 'default';

export const scheduleArn = (host: Place, group: string, name: string) =>
  `arn:aws:scheduler:${host.region}:${host.account}:schedule/${group}/${name}`;

export const groupArn = (host: Place, name: string) =>
  `arn:aws:scheduler:${host.region}:${host.account}:schedule-group/${name}`;

export const scheduleKey = (group: string, name: string) => `${group}/${name}`;

export function checkName(member: string, name: string): string {
  if (schedulerLimits.name.test(name)) return name;
  throw invalid(
    `1 validation error detected: Value '${name}' at '${member}' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[0-9a-zA-Z-_.]+$ and have length less than or equal to 64`,
  );
}

/** The permission for an operation on a schedule. Tolerates any input. */
export function schedulePermission(host: Place, action: string, input: Input): Permission {
  const group = typeof input.GroupName === 'string' ? input.GroupName : defaultGroup;
  const name = typeof input.Name === 'string' ? input.Name : '*';
  return { action: `scheduler:${action}`, resource: scheduleArn(host, group, name) };
}

export function groupPermission(host: Place, action: string, input: Input): Permission {
  const name = typeof input.Name === 'string' ? input.Name : '*';
  return { action: `scheduler:${action}`, resource: groupArn(host, name) };
}

/** Setting a target passes its role to Scheduler. */
export function passRole(input: Input): readonly Permission[] {
  const target = input.Target;
  const role =
    typeof target === 'object' && target !== null && 'RoleArn' in target ? target.RoleArn : undefined;
  if (typeof role !== 'string') return [];
  return [
    {
      action: 'iam:PassRole',
      resource: role,
      context: { 'iam:PassedToService': 'scheduler.amazonaws.com' },
    },
  ];
}
