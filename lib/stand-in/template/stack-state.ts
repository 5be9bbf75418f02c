import type { Store } from '../engines/engine.ts';

/** A resource as the last deployment left it. */
export interface StackResource {
  readonly logicalId: string;
  readonly type: string;
  readonly physicalId: string;
  readonly data?: Readonly<Record<string, unknown>> | undefined;
  /** Resolved, and parsed by the schema of the type. */
  readonly properties: Readonly<Record<string, unknown>>;
  /** Logical ids, for the order of deletion. */
  readonly dependsOn: readonly string[];
  readonly deletionPolicy: string | undefined;
  readonly updateReplacePolicy: string | undefined;
}

/** The resources of a stack, stored so that a restart with another template is an update. */
export interface StackState {
  resource(logicalId: string): StackResource | undefined;
  resources(): StackResource[];
  put(resource: StackResource): void;
  forget(logicalId: string): void;
  /** The number for the next physical name of a logical id; each call consumes one. */
  nextGeneration(logicalId: string): number;
  currentGeneration(logicalId: string): number;
  /** What replacements left behind, to be deleted at the end of the deployment; survives a crash in between. */
  leftovers(): StackResource[];
  putLeftover(resource: StackResource): void;
  forgetLeftover(resource: StackResource): void;
}

export function loadStackState(store: Store, stackName: string): StackState {
  const prefix = `${stackName}/`;
  const ofStack = <T>(table: string) =>
    new Map(
      [...store.load(table)]
        .filter(([key]) => key.startsWith(prefix))
        .map(([key, value]): [string, T] => [key.slice(prefix.length), value as T]),
    );
  const resources = ofStack<StackResource>('cloudformation.resources');
  const generations = ofStack<number>('cloudformation.generations');
  const leftovers = ofStack<StackResource>('cloudformation.leftovers');
  const leftoverKey = ({ logicalId, physicalId }: StackResource) => `${logicalId}/${physicalId}`;

  return {
    resource: (logicalId) => resources.get(logicalId),
    resources: () => [...resources.values()],
    put(resource) {
      resources.set(resource.logicalId, resource);
      store.put('cloudformation.resources', prefix + resource.logicalId, resource);
    },
    forget(logicalId) {
      resources.delete(logicalId);
      store.delete('cloudformation.resources', prefix + logicalId);
    },
    nextGeneration(logicalId) {
      const next = (generations.get(logicalId) ?? -1) + 1;
      generations.set(logicalId, next);
      store.put('cloudformation.generations', prefix + logicalId, next);
      return next;
    },
    currentGeneration: (logicalId) => generations.get(logicalId) ?? 0,
    leftovers: () => [...leftovers.values()],
    putLeftover(resource) {
      leftovers.set(leftoverKey(resource), resource);
      store.put('cloudformation.leftovers', prefix + leftoverKey(resource), resource);
    },
    forgetLeftover(resource) {
      leftovers.delete(leftoverKey(resource));
      store.delete('cloudformation.leftovers', prefix + leftoverKey(resource));
    },
  };
}
