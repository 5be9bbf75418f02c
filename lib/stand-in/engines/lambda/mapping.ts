import type { Host, Input, Permission } from '../engine.ts';
import { inUse, notFound } from './errors.ts';
import type { MappingState, Runner, StoredMapping } from './mapping-model.ts';
import { functionArn, isQueueArn, mappingArn } from './names.ts';
import { pause } from './pause.ts';

const table = 'lambda.mappings';

export interface Mappings {
  all(): Iterable<StoredMapping>;
  /** Throws `ResourceNotFoundException`. */
  find(uuid: unknown): StoredMapping;
  /** The same; throws `ResourceInUseException` while the mapping is in a transition. */
  findSettled(uuid: unknown, purpose: 'update' | 'delete'): StoredMapping;
  /**
   * The permission for a call on one mapping. IAM sees the mapping, and through `lambda:FunctionArn` its function.
   */
  permission(action: string, input: Input): Permission;
  create(mapping: Omit<StoredMapping, 'state' | 'lastModifiedMs'>): StoredMapping;
  /** Applies new settings: the readers drain, and restart with them if the mapping is enabled. */
  update(changed: StoredMapping): StoredMapping;
  delete(uuid: string): StoredMapping;
  tag(uuid: string, tags: Readonly<Record<string, string>>): void;
  /** The EventSourceMappingConfiguration of the API. */
  describe(mapping: StoredMapping): Readonly<Record<string, unknown>>;
  resume(): void;
  close(): Promise<void>;
}

/**
 * Keeps the event source mappings and takes each through its states. No reader runs before `resume`, so a mapping
 * does not poll a queue that is still being deployed.
 */
export function createMappings(
  host: Host,
  startRunner: (mapping: StoredMapping) => Runner,
  onDeleted: (uuid: string) => void,
): Mappings {
  const byUuid = new Map<string, StoredMapping>();
  const runners = new Map<string, Runner>();
  const transitions = new Set<Promise<void>>();
  const closing = new AbortController();
  let resumed = false;

  for (const [uuid, row] of host.store.load(table)) {
    const mapping = row as StoredMapping;
    // A process that died during a transition has no reader left to wait for, so the transition is complete.
    if (mapping.state === 'Deleting') host.store.delete(table, uuid);
    else byUuid.set(uuid, { ...mapping, state: restingState(mapping) });
  }

  function put(mapping: StoredMapping): StoredMapping {
    byUuid.set(mapping.uuid, mapping);
    host.store.put(table, mapping.uuid, mapping);
    return mapping;
  }

  function settle(mapping: StoredMapping): void {
    runners.delete(mapping.uuid);
    if (mapping.state === 'Deleting') {
      byUuid.delete(mapping.uuid);
      host.store.delete(table, mapping.uuid);
      onDeleted(mapping.uuid);
      return;
    }
    const settled = put({ ...mapping, state: restingState(mapping) });
    if (resumed && settled.state === 'Enabled') runners.set(settled.uuid, startRunner(settled));
  }

  /** AWS answers with the transitional state; the mapping reaches its final state in a later turn. */
  function pass(mapping: StoredMapping): StoredMapping {
    put(mapping);
    if (!resumed) {
      settle(mapping);
      return mapping;
    }
    const transition = pause(host.clock, 0, closing.signal).then(async () => {
      await runners.get(mapping.uuid)?.stop();
      const latest = byUuid.get(mapping.uuid);
      if (latest !== undefined && !closing.signal.aborted) settle(latest);
    });
    const tracked = transition.finally(() => transitions.delete(tracked));
    transitions.add(tracked);
    return mapping;
  }

  function find(uuid: unknown): StoredMapping {
    const found = typeof uuid === 'string' ? byUuid.get(uuid) : undefined;
    if (found === undefined) throw notFound('The resource you requested does not exist.');
    return found;
  }

  return {
    permission(action, { UUID }) {
      const uuid = typeof UUID === 'string' ? UUID : '*';
      const found = byUuid.get(uuid);
      return {
        action: `lambda:${action}`,
        resource: mappingArn(host, uuid),
        ...(found !== undefined && {
          context: { 'lambda:FunctionArn': functionArn(host, found.functionName) },
        }),
      };
    },
    all: () => byUuid.values(),
    find,
    findSettled(uuid, purpose) {
      const found = find(uuid);
      if (found.state !== 'Enabled' && found.state !== 'Disabled') {
        throw inUse(`Cannot ${purpose} the event source mapping because it is in use.`);
      }
      return found;
    },
    create: (mapping) => pass({ ...mapping, state: 'Creating', lastModifiedMs: host.clock.now() }),
    update(changed) {
      const before = find(changed.uuid);
      return pass({
        ...changed,
        state: before.enabled === changed.enabled ? 'Updating' : changed.enabled ? 'Enabling' : 'Disabling',
        lastModifiedMs: host.clock.now(),
      });
    },
    delete: (uuid) => pass({ ...find(uuid), state: 'Deleting', lastModifiedMs: host.clock.now() }),
    tag: (uuid, tags) => void put({ ...find(uuid), tags }),
    describe: (mapping) => describe(host, mapping, runners.get(mapping.uuid)?.lastProcessingResult()),
    resume() {
      if (resumed) return;
      resumed = true;
      for (const mapping of [...byUuid.values()]) settle(mapping);
    },
    async close() {
      closing.abort();
      await Promise.all([...[...runners.values()].map((runner) => runner.stop()), ...transitions]);
      runners.clear();
    },
  };
}

function restingState(mapping: StoredMapping): MappingState {
  return mapping.enabled ? 'Enabled' : 'Disabled';
}

function describe(host: Host, mapping: StoredMapping, lastResult: string | undefined) {
  const common = {
    UUID: mapping.uuid,
    EventSourceMappingArn: mappingArn(host, mapping.uuid),
    EventSourceArn: mapping.eventSourceArn,
    FunctionArn: functionArn(host, mapping.functionName),
    State: mapping.state,
    StateTransitionReason: 'USER_INITIATED',
    LastModified: mapping.lastModifiedMs / 1000,
    LastProcessingResult: lastResult,
    BatchSize: mapping.batchSize,
    MaximumBatchingWindowInSeconds: mapping.batchingWindowSeconds,
    FunctionResponseTypes: mapping.reportBatchItemFailures ? ['ReportBatchItemFailures'] : [],
    FilterCriteria:
      mapping.filters.length === 0
        ? undefined
        : { Filters: mapping.filters.map((pattern) => ({ Pattern: pattern })) },
  };
  if (isQueueArn(mapping.eventSourceArn)) {
    return {
      ...common,
      ScalingConfig:
        mapping.maximumConcurrency === undefined
          ? undefined
          : { MaximumConcurrency: mapping.maximumConcurrency },
    };
  }
  return {
    ...common,
    StartingPosition: mapping.startingPosition,
    MaximumRetryAttempts: mapping.maximumRetryAttempts,
    MaximumRecordAgeInSeconds: mapping.maximumRecordAgeSeconds,
    BisectBatchOnFunctionError: mapping.bisectBatchOnFunctionError,
    ParallelizationFactor: 1,
    TumblingWindowInSeconds: 0,
    DestinationConfig: {
      OnFailure: mapping.onFailureArn === undefined ? {} : { Destination: mapping.onFailureArn },
    },
  };
}
