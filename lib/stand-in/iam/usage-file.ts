import { randomUUID } from 'node:crypto';
import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Grant, RoleUsage, Use } from './usage.ts';

/** A line of a usage file: what a role of a stack was granted, or that it used some of it. */
export type UsageLine =
  | {
      readonly kind: 'role';
      readonly role: string;
      readonly stack: string;
      readonly logicalId: string;
      readonly granted: readonly Grant[];
    }
  | ({ readonly kind: 'use'; readonly role: string } & Use);

/** Records which grants roles have and use, for a report over all stacks of a test run. */
export interface UsageFile {
  used(role: string, use: Use): void;
  /** @param resources the logical ids of the stack's resources, with their physical ids */
  deployed(stack: string, resources: Readonly<Record<string, string>>, usages: readonly RoleUsage[]): void;
}

/** All stacks of this process write to one file of a directory, each line once. */
const filesByDirectory = new Map<string, UsageFile>();

/**
 * The file of this process in `directory`. Each line is written before the call continues that it records, so a
 * process that is killed has recorded what it did. There are as many lines as grants, however many calls.
 */
export function usageFile(directory: string): UsageFile {
  const known = filesByDirectory.get(directory);
  if (known !== undefined) return known;
  mkdirSync(directory, { recursive: true });
  const file = join(directory, `${process.pid}-${randomUUID()}.jsonl`);
  const written = new Set<string>();
  const write = (line: UsageLine) => {
    // The first resource differs from stack to stack, and is not part of the key.
    const key =
      line.kind === 'use' ? JSON.stringify([line.role, line.action, line.by]) : JSON.stringify(line);
    if (written.has(key)) return;
    written.add(key);
    appendFileSync(file, `${JSON.stringify(line)}\n`);
  };
  const made: UsageFile = {
    used: (role, use) => write({ kind: 'use', role, ...use }),
    deployed(stack, resources, usages) {
      const logicalIds = new Map(Object.entries(resources).map(([logical, physical]) => [physical, logical]));
      for (const { role, granted } of usages) {
        const logicalId = logicalIds.get(role);
        if (logicalId === undefined) continue;
        const grants = granted.map(({ action, resource, condition }) => ({
          action,
          resource,
          ...(condition !== undefined && { condition }),
        }));
        write({ kind: 'role', role, stack, logicalId, granted: grants });
      }
    },
  };
  filesByDirectory.set(directory, made);
  return made;
}
