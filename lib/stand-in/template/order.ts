import { TemplateError } from './template.ts';

/**
 * Orders resources so that each comes after what it depends on; otherwise the order of the template is kept. Throws
 * `TemplateError`, which names a cycle.
 */
export function dependencyOrder(dependencies: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const ordered: string[] = [];
  const done = new Set<string>();
  const path: string[] = [];

  function visit(logicalId: string): void {
    if (done.has(logicalId)) return;
    const start = path.indexOf(logicalId);
    if (start >= 0) {
      throw new TemplateError(
        `The resources ${[...path.slice(start), logicalId].join(' -> ')} depend on each other in a circle.`,
      );
    }
    path.push(logicalId);
    for (const dependency of dependencies.get(logicalId) ?? []) visit(dependency);
    path.pop();
    done.add(logicalId);
    ordered.push(logicalId);
  }

  for (const logicalId of dependencies.keys()) visit(logicalId);
  return ordered;
}
