import { isDeepStrictEqual } from 'node:util';
import type { Random, Store } from '../engines/engine.ts';
import { resolve, type Scope } from './intrinsics.ts';
import { physicalName, shortId } from './names.ts';
import { dependencyOrder } from './order.ts';
import type { StackIdentity } from './parameters.ts';
import { type PlannedResource, parseProperties, planDeployment } from './plan.ts';
import { findResourceType } from './registry.ts';
import type { Account, AnyResourceType, Placed, ResourceContext, ResourceValues } from './resource.ts';
import { loadStackState, type StackResource } from './stack-state.ts';
import { type Template, TemplateError, type TemplateValue } from './template.ts';

export interface Deployment {
  readonly outputs: Readonly<Record<string, string>>;
  /** Logical id to physical id of every resource of the stack. */
  readonly resources: Readonly<Record<string, string>>;
  /** What was done, in order, such as `create Queue`; empty when the stack already matched the template. */
  readonly changes: readonly string[];
}

/** A resource that could not be created, changed or deleted. The message names it and contains the cause. */
class DeployError extends Error {
  constructor(action: string, logicalId: string, type: string, cause: unknown) {
    super(
      `${logicalId} (${type}) could not be ${action}: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
    this.name = 'DeployError';
  }
}

/**
 * A small CloudFormation: changes the stack in the store to match the template. It works resource by resource in the
 * order of their dependencies and stores each at once. It does not roll back: the next deployment continues a failed
 * one. Resources that left the template are deleted at the end.
 */
export async function deploy(options: {
  readonly template: Template;
  readonly stackName: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly account: Account;
  readonly store: Store;
  readonly random: Random;
}): Promise<Deployment> {
  const { template, stackName, account, store, random } = options;
  const stack: StackIdentity = { stackName, account: account.account, region: account.region };
  const plan = planDeployment(template, options.parameters, stack);
  const state = loadStackState(store, stackName);
  const values = new Map<string, ResourceValues>();
  const changes: string[] = [];
  const scope: Scope = {
    parameters: plan.parameters,
    mappings: plan.mappings,
    condition: plan.condition,
    ref: (logicalId) => values.get(logicalId)?.ref,
    attribute: (logicalId, name) => values.get(logicalId)?.attributes[name] as TemplateValue | undefined,
  };

  function contextOf(logicalId: string, type: string): ResourceContext {
    return {
      logicalId,
      type,
      stack,
      account,
      uuid: random.uuid,
      name: (name) => physicalName(stackName, logicalId, state.currentGeneration(logicalId), name),
      id: () => shortId(stackName, logicalId, state.currentGeneration(logicalId)),
    };
  }

  for (const planned of plan.resources) values.set(planned.logicalId, await place(planned));
  await deleteWhatLeft(new Set(plan.resources.map(({ logicalId }) => logicalId)));
  const outputs = resolveOutputs();
  await store.committed();
  return {
    outputs,
    resources: Object.fromEntries(
      state.resources().map(({ logicalId, physicalId }) => [logicalId, physicalId]),
    ),
    changes,
  };

  async function place(planned: PlannedResource): Promise<ResourceValues> {
    const { logicalId, definition, type, waiver } = planned;
    const context = contextOf(logicalId, definition.Type);
    if (type === undefined) {
      const ref = waivedRef(planned, context);
      return { ref, attributes: waiver?.attributes?.(ref, context) ?? {} };
    }
    const properties = parseProperties(planned, scope);
    const before = state.resource(logicalId);
    const placed = await bring(planned, type, properties, before, context);
    state.put({
      logicalId,
      type: definition.Type,
      physicalId: placed.physicalId,
      data: placed.data,
      properties,
      dependsOn: [...planned.dependsOn],
      deletionPolicy: definition.DeletionPolicy,
      updateReplacePolicy: definition.UpdateReplacePolicy,
    });
    try {
      return await type.values(placed, properties, context);
    } catch (error) {
      throw new DeployError('read', logicalId, definition.Type, error);
    }
  }

  async function bring(
    { logicalId, definition }: PlannedResource,
    type: AnyResourceType,
    properties: Readonly<Record<string, unknown>>,
    before: StackResource | undefined,
    context: ResourceContext,
  ): Promise<Placed> {
    if (before === undefined) {
      changes.push(`create ${logicalId}`);
      return await create();
    }
    if (before.type === definition.Type && isDeepStrictEqual(before.properties, properties)) return before;
    const replacing = type.replacedBy.find(
      (name) => !isDeepStrictEqual(before.properties[name], properties[name]),
    );
    if (before.type !== definition.Type || replacing !== undefined) {
      changes.push(`replace ${logicalId}`);
      rejectNamedReplacement(type, properties, before, replacing);
      // The replacement is created first and the old one deleted at the end, so dependants move over in between.
      const placed = await create();
      state.putLeftover(before);
      return placed;
    }
    changes.push(`update ${logicalId}`);
    const placed = await type
      .update(before, properties, before.properties, context)
      .catch((error: unknown) => {
        throw new DeployError('updated', logicalId, definition.Type, error);
      });
    if (placed.physicalId !== before.physicalId) state.putLeftover(before);
    return placed;

    async function create(): Promise<Placed> {
      state.nextGeneration(logicalId);
      try {
        return await type.create(properties, context);
      } catch (error) {
        throw new DeployError('created', logicalId, definition.Type, error);
      }
    }
  }

  /** Deletes what replacements left behind and what the template no longer contains, dependants first. */
  async function deleteWhatLeft(wanted: ReadonlySet<string>): Promise<void> {
    for (const leftover of state.leftovers()) {
      if (!isRetained(leftover.updateReplacePolicy)) await remove(leftover);
      state.forgetLeftover(leftover);
    }
    const gone = new Map(
      state
        .resources()
        .filter(({ logicalId }) => !wanted.has(logicalId))
        .map((resource) => [resource.logicalId, resource]),
    );
    const dependencies = new Map(
      [...gone.values()].map(({ logicalId, dependsOn }) => [
        logicalId,
        new Set(dependsOn.filter((name) => gone.has(name))),
      ]),
    );
    for (const logicalId of dependencyOrder(dependencies).reverse()) {
      const resource = gone.get(logicalId);
      if (resource === undefined) continue;
      if (isRetained(resource.deletionPolicy)) changes.push(`retain ${logicalId}`);
      else {
        changes.push(`delete ${logicalId}`);
        await remove(resource);
      }
      state.forget(logicalId);
    }
  }

  async function remove(resource: StackResource): Promise<void> {
    const { logicalId, properties } = resource;
    const type = findResourceType(resource.type);
    if (type === undefined) {
      throw new TemplateError(
        `${logicalId} has the type ${resource.type}, which this version of the stand-in no longer supports, so it cannot be deleted. ` +
          'Start with an empty data directory.',
      );
    }
    try {
      await type.delete(resource, properties, contextOf(logicalId, resource.type));
    } catch (error) {
      throw new DeployError('deleted', logicalId, resource.type, error);
    }
  }

  function waivedRef(planned: PlannedResource, context: ResourceContext): string {
    const { Properties: properties = {} } = planned.definition;
    const named = properties.LogGroupName ?? properties.AlarmName ?? properties.DashboardName;
    const ref = named === undefined ? undefined : resolve(named, scope, `${planned.logicalId}.Properties`);
    return typeof ref === 'string' ? ref : context.name({ maxLength: 255 });
  }

  function resolveOutputs(): Record<string, string> {
    const outputs: Record<string, string> = {};
    for (const [name, { Value, Condition }] of Object.entries(template.Outputs ?? {})) {
      if (Condition !== undefined && !plan.condition(Condition)) continue;
      const value = resolve(Value, scope, `Outputs.${name}`);
      if (value !== undefined) outputs[name] = typeof value === 'string' ? value : JSON.stringify(value);
    }
    return outputs;
  }
}

/** CloudFormation does not replace a named resource either: the new one would need the name of the old one. */
function rejectNamedReplacement(
  type: AnyResourceType,
  properties: Readonly<Record<string, unknown>>,
  before: StackResource,
  replacing: string | undefined,
): void {
  const name = type.nameProperty === undefined ? undefined : properties[type.nameProperty];
  if (type.nameProperty === undefined || name === undefined || name !== before.properties[type.nameProperty])
    return;
  throw new TemplateError(
    `${before.logicalId} (${before.type}) would be replaced because ${replacing ?? 'its type'} changed, but it has the ${type.nameProperty} ${String(name)}. ` +
      'Rename it, and deploy again.',
  );
}

const isRetained = (policy: string | undefined) => policy !== undefined && policy !== 'Delete';
