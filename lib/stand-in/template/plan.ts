import type { z } from 'zod';
import { evaluateConditions } from './conditions.ts';
import { resolve, type Scope } from './intrinsics.ts';
import { dependencyOrder } from './order.ts';
import { parameterValues, type StackIdentity } from './parameters.ts';
import { referencedResources } from './references.ts';
import { findResourceType, supportedTypes } from './registry.ts';
import type { AnyResourceType } from './resource.ts';
import { checkTemplate, type Template, TemplateError, type TemplateResource } from './template.ts';
import { type Waiver, waivers } from './waivers.ts';

/** A resource of the template under the given parameters, and its type. */
export interface PlannedResource {
  readonly logicalId: string;
  readonly definition: TemplateResource;
  /** Undefined when the type is waived. */
  readonly type: AnyResourceType | undefined;
  readonly waiver: Waiver | undefined;
  readonly dependsOn: ReadonlySet<string>;
}

export interface Plan {
  /** In the order of their dependencies. */
  readonly resources: readonly PlannedResource[];
  readonly parameters: Scope['parameters'];
  readonly mappings: Scope['mappings'];
  readonly condition: Scope['condition'];
}

/**
 * Plans a deployment before anything is changed. Every type and property that is neither supported nor waived is
 * found here, and one error names them all.
 */
export function planDeployment(
  template: Template,
  overrides: Readonly<Record<string, string>>,
  stack: StackIdentity,
): Plan {
  checkTemplate(template);
  const parameters = parameterValues(template.Parameters ?? {}, overrides, stack);
  const mappings = template.Mappings ?? {};
  const condition = evaluateConditions(template.Conditions ?? {}, {
    parameters,
    mappings,
    ref: () => undefined,
    attribute: () => undefined,
  });
  const active = new Map(
    Object.entries(template.Resources).filter(
      ([, { Condition }]) => Condition === undefined || condition(Condition),
    ),
  );

  const dependencies = new Map<string, ReadonlySet<string>>();
  for (const [logicalId, { DependsOn, Properties }] of active) {
    const found = referencedResources(Properties ?? {}, { condition }, (name) => active.has(name));
    for (const name of [DependsOn ?? []].flat()) {
      if (template.Resources[name] === undefined) {
        throw new TemplateError(
          `The resource ${logicalId} depends on ${name}, which the template does not have.`,
        );
      }
      if (active.has(name)) found.add(name);
    }
    dependencies.set(logicalId, found);
  }

  const problems: string[] = [];
  const resources = dependencyOrder(dependencies).map((logicalId): PlannedResource => {
    const definition = active.get(logicalId) ?? { Type: '' };
    const type = findResourceType(definition.Type);
    const waiver = waivers.get(definition.Type);
    if (type === undefined && waiver === undefined) {
      problems.push(
        `${logicalId} has the type ${definition.Type}, which the stand-in neither supports nor waives. ` +
          `It supports ${supportedTypes.join(', ')}. Add a file to lib/stand-in/template/resources, or a reason to waivers.ts.`,
      );
    }
    return { logicalId, definition, type, waiver, dependsOn: dependencies.get(logicalId) ?? new Set() };
  });

  // The values of other resources are not known yet; an ARN takes their place so that names can be checked.
  const standIn = 'arn:aws:service:region:000000000000:part/part/part';
  const scope: Scope = {
    parameters,
    mappings,
    condition,
    ref: (name) => (active.has(name) ? standIn : undefined),
    attribute: (name) => (active.has(name) ? standIn : undefined),
  };
  for (const { logicalId, definition, type } of resources) {
    if (type === undefined) continue;
    const properties = resolve(definition.Properties ?? {}, scope, `${logicalId}.Properties`);
    problems.push(...unknownProperties(logicalId, definition.Type, type, properties));
  }
  if (problems.length > 0) {
    throw new TemplateError(`The stand-in cannot run this template faithfully:\n- ${problems.join('\n- ')}`);
  }
  return { resources, parameters, mappings, condition };
}

function unknownProperties(
  logicalId: string,
  typeName: string,
  type: AnyResourceType,
  properties: unknown,
): string[] {
  const parsed = type.properties.safeParse(properties);
  return (parsed.error?.issues ?? []).flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map(
          (key) =>
            `${logicalId} (${typeName}) has the property ${[...issue.path, key].join('.')}, which the stand-in does not support. ` +
            'Leave it out, or support or waive it in the file of the type in lib/stand-in/template/resources.',
        )
      : [],
  );
}

/** The resolved properties, parsed by the schema of the type. Errors give the path. */
export function parseProperties(
  { logicalId, definition, type }: PlannedResource,
  scope: Scope,
): Readonly<Record<string, unknown>> {
  const resolved = resolve(definition.Properties ?? {}, scope, `${logicalId}.Properties`);
  const parsed = type?.properties.safeParse(resolved);
  if (parsed?.success !== true) {
    const issues = (parsed?.error?.issues ?? []).map(describeIssue).join('; ');
    throw new TemplateError(`${logicalId} (${definition.Type}) has invalid properties: ${issues}`);
  }
  // Through JSON, to have the same form as the copy in the store.
  return JSON.parse(JSON.stringify(parsed.data)) as Readonly<Record<string, unknown>>;
}

function describeIssue(issue: z.core.$ZodIssue): string {
  return `${issue.path.length === 0 ? 'Properties' : issue.path.join('.')}: ${issue.message}`;
}
