import type { Host, Input, Permission } from '../engine.ts';
import type { Members } from '../members.ts';
import { invalid } from './errors.ts';
import { schedulerLimits } from './limits.ts';
import type { Group } from './model.ts';
import type { Schedules } from './scheduler.ts';

/** Only schedule groups have tags. */
export function taggedGroup(host: Host, schedules: Schedules, arn: string): Group {
  const prefix = `arn:aws:scheduler:${host.region}:${host.account}:schedule-group/`;
  if (!arn.startsWith(prefix)) throw invalid(`Not a valid ARN of a schedule group: ${arn}`);
  return schedules.groups.find(arn.slice(prefix.length));
}

export function tagPermission(action: string, input: Input): Permission {
  return {
    action: `scheduler:${action}`,
    resource: typeof input.ResourceArn === 'string' ? input.ResourceArn : '*',
  };
}

export function readTagList(members: Members): Readonly<Record<string, string>> {
  const tags: Record<string, string> = {};
  for (const tag of members.structures('Tags') ?? []) {
    tag.only('Key', 'Value');
    tags[tag.requiredString('Key')] = tag.string('Value') ?? '';
  }
  if (Object.keys(tags).length > schedulerLimits.tags) {
    throw invalid(`A schedule group has at most ${schedulerLimits.tags} tags.`);
  }
  return tags;
}
