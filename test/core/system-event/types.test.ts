import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  countedFields,
  startOf,
  systemEventNames,
  systemEventTypes,
} from '../../../lib/core/system-event/types.ts';

const page = readFileSync(new URL('../../../docs/alerts.md', import.meta.url), 'utf8');
const counted: ReadonlySet<string> = new Set(Object.keys(countedFields));

describe.each(systemEventNames)('the type %s', (name) => {
  const { data, example, endedBy, subject, when, severity } = systemEventTypes[name];

  it('has an example that its schema accepts', () => {
    expect(data.parse(example)).toEqual(example);
    expect(Object.hasOwn(example, 'count')).toBe(counted.has(name));
  });

  it('is ended by a type of the same subject, which ends no other', () => {
    expect(endedBy === undefined || startOf(endedBy) === name).toBe(true);
    expect(endedBy === undefined || systemEventTypes[endedBy].subject === subject).toBe(true);
  });

  it('is in docs/alerts.md', () => {
    expect(page).toContain(`| \`${name}\` | ${when} | \`${subject}/…\` | ${severity} |`);
    expect(page).toContain(JSON.stringify(example));
  });
});
