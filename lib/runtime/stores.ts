import { trustPartOf } from '../core/kernel/trust.ts';
import { dynamodb } from './aws/clients.ts';
import { createProvision } from './aws/provision.ts';
import { createTable } from './aws/table/table.ts';
import { createWaitingCounts } from './aws/waiting.ts';
import { systemHostLookup } from './http/host-lookup.ts';
import type { World } from './open.ts';
import { createApplicationStore } from './stores/applications.ts';
import { createAttentionStore } from './stores/attention.ts';
import { createAuditStore } from './stores/audit.ts';
import { createBreakerStore } from './stores/breakers.ts';
import { createCheckSecretStore } from './stores/check-secrets.ts';
import { createClaimStore } from './stores/claims.ts';
import { createDeadLetterStore } from './stores/dead-letters.ts';
import { createDelayedStore } from './stores/delayed.ts';
import { createDeliveryStore } from './stores/deliveries.ts';
import { createGrantStore } from './stores/grants.ts';
import { createHeldStore } from './stores/held.ts';
import { createHighBacklogStore } from './stores/high-backlogs.ts';
import { createHoldStore } from './stores/holds.ts';
import { createKeptStore } from './stores/kept.ts';
import { createKeyStore } from './stores/keys.ts';
import { createLaneTypes } from './stores/lane-types.ts';
import { createLookStore } from './stores/looks.ts';
import { createOffloadStore } from './stores/offloads.ts';
import { createOutboxStore } from './stores/outbox.ts';
import { createPaceStore } from './stores/pace.ts';
import { createPlaceStore } from './stores/places.ts';
import { createRateStore } from './stores/rates.ts';
import { createRecent } from './stores/recent.ts';
import { createRecurrenceStore } from './stores/recurrences.ts';
import { createRedriveStore } from './stores/redrives.ts';
import { createRefusedStore } from './stores/refused.ts';
import { createRegistryStore } from './stores/registry.ts';
import { createRequestStore } from './stores/requests.ts';
import { createSecretStore } from './stores/secrets.ts';
import { createSightingStore } from './stores/sightings.ts';
import { createSignInLinkStore } from './stores/sign-in-links.ts';
import { createSkipStore } from './stores/skips.ts';
import { createSlots } from './stores/slots.ts';
import { createStatisticsStore } from './stores/statistics.ts';
import { createSystemEventStore } from './stores/system-events.ts';
import { createTraceStore } from './stores/traces.ts';
import { createTransactionStore } from './stores/transactions.ts';
import { createUsageStore } from './stores/usage.ts';
import { createWaitingStore } from './stores/waiting.ts';
import { createWrongKeys } from './stores/wrong-keys.ts';
import { createSpans } from './telemetry/spans.ts';

// Every part that a use case may need, by the name under which it gets it: `open` makes those that a function names.
// They are exported one by one, and not as members of one object, so that the bundler drops those a function leaves out.

const trustPart =
  ({ random }: World) =>
  () =>
    trustPartOf(random.next());

const busTable = (world: World) => createTable(world, world.use(dynamodb), world.config.table);
const traceTable = (world: World) => createTable(world, world.use(dynamodb), world.config.traceTable);

export const applications = (world: World) =>
  createApplicationStore(world.use(busTable), world.clock, world.use(trustPart));
export const attention = (world: World) => createAttentionStore(world.use(busTable), world.clock);
export const audit = (world: World) => createAuditStore(world.use(busTable));
export const breakers = (world: World) => createBreakerStore(world.use(busTable), world.clock);
export const checkSecrets = (world: World) => createCheckSecretStore(world.use(busTable));
export const claims = (world: World) => createClaimStore(world.use(busTable));
export const deadLetters = (world: World) => createDeadLetterStore(world.use(busTable));
export const delayed = (world: World) => createDelayedStore(world.use(busTable));
export const deliveries = (world: World) => createDeliveryStore(world.use(busTable));
export const grants = (world: World) =>
  createGrantStore(world.use(busTable), world.clock, world.use(trustPart));
export const held = (world: World) => createHeldStore(world.use(busTable), world);
export const holds = (world: World) => createHoldStore(world.use(busTable), world.clock);
export const kept = (world: World) => createKeptStore(world.use(traceTable), world);
export const keys = (world: World) => createKeyStore(world.use(busTable), world.clock, world.use(trustPart));
export const laneTypes = (world: World) => createLaneTypes(world.clock);
/** What an instance of the API has seen of receivers, for the overview. */
export const seen = (world: World) => createRecent(world.clock, { remembersAbsence: true });
export const looks = (world: World) => createLookStore(world.use(busTable));
export const offloads = (world: World) => createOffloadStore(world.use(busTable), world.clock);
export const outbox = (world: World) => createOutboxStore(world.use(dynamodb), world.config);
export const pace = (world: World) => createPaceStore(world.use(busTable));
export const places = (world: World) => createPlaceStore(world.use(busTable), world.clock);
export const rates = (world: World) => createRateStore(world.use(busTable), world.clock);
export const usage = (world: World) => createUsageStore(world.use(busTable), world.clock);
export const recurrences = (world: World) => createRecurrenceStore(world.use(busTable));
export const redrives = (world: World) => createRedriveStore(world.use(busTable));
export const refused = (world: World) => createRefusedStore(world.use(busTable));
export const registry = (world: World) =>
  createRegistryStore(world.use(busTable), world.clock, world.use(trustPart));
export const requests = (world: World) => createRequestStore(world.use(busTable), world.clock);
export const secrets = (world: World) => createSecretStore(world.use(busTable), world.clock);
export const sightings = (world: World) => createSightingStore(world.use(busTable));
export const signInLinks = (world: World) => createSignInLinkStore(world.use(busTable));
export const skips = (world: World) => createSkipStore(world.use(busTable));
export const slots = (world: World) => createSlots(world.use(busTable));
export const highBacklogs = (world: World) => createHighBacklogStore(world.use(busTable), world.clock);
export const statistics = (world: World) => createStatisticsStore(world.use(traceTable), world);
export const systemEvents = (world: World) => createSystemEventStore(world.use(busTable));
export const traces = (world: World) => createTraceStore(world.use(traceTable), world);
export const waiting = (world: World) => createWaitingStore(world.use(busTable), world.clock);
export const transactions = (world: World) => createTransactionStore(world.use(busTable), world.clock);
export const waitingCounts = (world: World) => createWaitingCounts(world);
export const wrongKeys = (world: World) => createWrongKeys(world.clock);

/** Undefined unless the operator named a collector: then nothing of it runs. */
export const spans = (world: World) =>
  world.config.otlpEndpoint === undefined ? undefined : createSpans(world);

/** Which function consumes the lanes of a receiver depends on its kind, which this room does not know. */
export const provision = (world: World & { readonly senderOf: (receiver: object) => string }) =>
  createProvision(world, world.senderOf);

export { createBacklogs as backlogs } from './aws/backlogs.ts';
export { createDeadLetterQueues as deadLetterQueues } from './aws/dead-letter-queue.ts';
export { createMappings as mappings } from './aws/mappings.ts';
export { createQueues as queues } from './aws/queues.ts';
export { createSchedules as schedules } from './aws/schedules.ts';
export { createSecretReader as readSecret } from './aws/secrets-manager.ts';
export { createTopicSender as topics } from './aws/topics.ts';
export { createWake as wake } from './aws/wake.ts';
export {
  createHoldWatches as holdWatches,
  createOffloadWatches as offloadWatches,
  createPauseWatches as pauseWatches,
  createProbes as probes,
  createValidations as validations,
} from './aws/watches.ts';
export const lookup = () => systemHostLookup;
export { createSchemaChecker as schemas } from './schema.ts';
export { createTokens as tokens } from './tokens.ts';
