import { attributePath, type Scope, subPlaceholder, takenBranch } from './intrinsics.ts';
import type { TemplateValue } from './template.ts';

/** The resources that a value refers to, within the branches of `Fn::If` that are taken. */
export function referencedResources(
  value: TemplateValue,
  scope: Pick<Scope, 'condition'>,
  isResource: (name: string) => boolean,
): Set<string> {
  const found = new Set<string>();
  const add = (name: string) => {
    if (isResource(name)) found.add(name);
  };
  const walk = (part: TemplateValue): void => {
    if (Array.isArray(part)) {
      part.forEach(walk);
    } else if (typeof part === 'object' && part !== null) {
      const [entry, ...rest] = Object.entries(part);
      if (entry === undefined) return;
      const [name, argument] = entry;
      if (rest.length === 0 && name === 'Ref' && typeof argument === 'string') add(argument);
      else if (rest.length === 0 && name === 'Fn::GetAtt') add(attributePath(argument, name)[0]);
      else if (rest.length === 0 && name === 'Fn::If') walk(takenBranch(argument, scope, name));
      else {
        if (rest.length === 0 && name === 'Fn::Sub') {
          const pattern = Array.isArray(argument) ? argument[0] : argument;
          for (const [, placeholder = ''] of String(pattern).matchAll(subPlaceholder)) {
            add(placeholder.split('.')[0] ?? '');
          }
        }
        Object.values(part).forEach(walk);
      }
    }
  };
  walk(value);
  return found;
}
