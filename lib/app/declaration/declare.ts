import type { CheckRules, Sinks } from '../../connectors/kind.ts';
import { incarnationOf } from '../../core/access/acting.ts';
import { type Declaration as Declared, ownerDefault } from '../../core/declaration/declaration.ts';
import { createSecret } from '../../core/kernel/signature.ts';
import { isFlowing, keptFlow } from '../../core/registry/flow.ts';
import { isPending, withValidation } from '../../core/registry/handshake.ts';
import { sharedFields } from '../../core/registry/kinds.ts';
import { handedOver } from '../../core/registry/owned.ts';
import type { Receiver } from '../../core/registry/receiver.ts';
import { keptSecrets, type Secrets } from '../../core/registry/secret.ts';
import { filterChanges } from '../../core/registry/subscription.ts';
import { schemaVersionOf } from '../../core/registry/topic.ts';
import type { ValidateMode } from '../../core/registry/validation.ts';
import type { Watches } from '../../runtime/aws/watches.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Random } from '../../runtime/random.ts';
import type { SchemaChecker } from '../../runtime/schema.ts';
import type { HeldStore } from '../../runtime/stores/held.ts';
import type { HoldStore } from '../../runtime/stores/holds.ts';
import type { RegistryStore } from '../../runtime/stores/registry.ts';
import type { SecretStore } from '../../runtime/stores/secrets.ts';
import type { WaitingStore } from '../../runtime/stores/waiting.ts';
import { noteTransfer } from '../list/note-waiting.ts';
import { newIncarnation } from '../registry/admin.ts';
import { type ForgetTools, forgetReceiver } from '../registry/forget.ts';
import { leaveOutage } from '../registry/move.ts';
import { followState, type PollingTools } from '../registry/polling.ts';
import { endDrop } from '../registry/subscriptions.ts';
import { keptHold } from '../registry/topics.ts';
import { expectValidation } from '../registry/validate.ts';
import { declareApplications } from './applications.ts';
import { type RetractTools, retract } from './retract.ts';

export interface DeclareTools
  extends PollingTools,
    ForgetTools,
    RetractTools,
    Pick<CheckRules, 'endpoints' | 'endpointPorts' | 'env' | 'ownHosts'> {
  readonly sinks: Sinks;
  readonly holds: HoldStore;
  readonly held: HeldStore;
  readonly holdWatches: Watches;
  readonly registry: RegistryStore;
  readonly secrets: SecretStore;
  readonly waiting: WaitingStore;
  readonly schemas: SchemaChecker;
  readonly clock: Clock;
  readonly random: Random;
  readonly validate: ValidateMode;
  readonly validations: Watches;
}

/** Bridges are functions of the stack; the registry does not know them. */
type Declaration = Omit<Declared, 'bridges' | 'members' | 'dropWaitingOf'> &
  Partial<Pick<Declared, 'dropWaitingOf'>>;

/**
 * Makes the registry match the stack's declaration, and removes what is no longer declared. The stack itself owns the
 * AWS resources; a receiver keeps the secret that it has.
 * @throws BusbarError invalid_schema, invalid_request; in_use when events of what is no longer declared would be lost.
 */
export async function declare(tools: DeclareTools, declaration: Declaration): Promise<void> {
  const { registry, endpoints, endpointPorts, env, ownHosts } = tools;
  const nowMs = tools.clock.now();
  const now = new Date(nowMs).toISOString();
  await declareApplications(tools, declaration.applications);
  await noteTransfers(tools, declaration);
  for (const [name, { owner = ownerDefault, ...spec }] of Object.entries(declaration.topics)) {
    if (spec.schema !== undefined) tools.schemas.check(spec.schema);
    const fresh = newIncarnation(tools.random);
    await registry.changeTopic(name, (existing) => ({
      ...spec,
      topic: name,
      owner,
      // Nobody ends subscriptions here: until the topic is put by a call, `deliver` checks what comes by them.
      ...handedOver(existing, owner, now),
      ...incarnationOf(existing, fresh),
      ...schemaVersionOf(existing, spec.schema, now),
      ...keptHold(existing),
      ...dates(existing, now),
    }));
    if (spec.holdWhen !== undefined) await tools.holdWatches.start(name);
  }
  for (const [name, declared] of Object.entries(declaration.receivers)) {
    const { owner = ownerDefault, ...shared } = sharedFields(tools.sinks, declared);
    const sink = tools.sinks.of(declared);
    // The operator declares it, and consents by that.
    const mayCall = async () => true;
    await sink.check(declared, { endpoints, endpointPorts, env, ownHosts, mayCall, lookup: undefined });
    const made = createSecret(tools.random);
    const fresh = newIncarnation(tools.random);
    const demanded = sink.isAsked && tools.validate === 'handshake' ? 'handshake' : undefined;
    const validate = shared.validate ?? demanded;
    await expectValidation(tools, { receiver: name, validate });
    if ((await registry.receiver(name)) === undefined) await forgetReceiver(tools, name);
    const { was, now: written } = await registry.changeReceiver(name, (existing) => {
      const put: Receiver = {
        ...shared,
        ...(validate !== undefined && { validate }),
        receiver: name,
        owner,
        ...handedOver(existing, owner, now),
        ...incarnationOf(existing, fresh),
        ...sink.keepDeclared(declared, existing),
        // Of the token URL, which a deployment keeps as well.
        ...(existing?.consent !== undefined && { consent: existing.consent }),
        ...secretsOf(existing),
        ...keptFlow(existing),
        ...dates(existing, now),
      };
      return withValidation(put, existing, nowMs);

      function secretsOf(kept: Receiver | undefined): Secrets {
        if (!sink.isSigned) return { secret: '' };
        return kept === undefined || !tools.sinks.of(kept).isSigned
          ? { secret: made }
          : keptSecrets(kept, nowMs);
      }
    });
    // The endpoint is asked within minutes, so a deployment does not wait for a third party.
    if (isPending(written)) await expectValidation(tools, written);
    if (was !== undefined) await leaveOutage(tools, written);
    // The stack does not know that a mapping was stopped after a 410, and would leave it stopped. It starts a changed
    // mapping although the receiver is paused, and stops one although its endpoint has agreed.
    if ((was !== undefined && !isFlowing(was)) || validate === 'handshake') await followState(tools, written);
  }
  for (const [topic, receivers] of Object.entries(declaration.subscriptions)) {
    for (const [receiver, { filter }] of Object.entries(receivers)) {
      await endDrop(tools, topic, receiver, nowMs);
      await registry.changeSubscription(topic, receiver, (existing) => ({
        topic,
        receiver,
        ...(filter !== undefined && { filter }),
        ...filterChanges(existing, filter, now),
        ...dates(existing, now),
      }));
    }
  }
  await retract(tools, declaration);
}

/** The owner of what is declared under a name, which may be that of a member of every object. */
const ownerIn = (
  declared: Readonly<Record<string, { readonly owner?: string | undefined }>>,
  name: string,
) => (Object.hasOwn(declared, name) ? (declared[name]?.owner ?? ownerDefault) : undefined);

/** What waits for a target whose declared owner is another one now is found by that one. */
async function noteTransfers(tools: DeclareTools, { topics, receivers }: Declaration): Promise<void> {
  for (const { topic, owner: before } of await tools.registry.topics()) {
    const after = ownerIn(topics, topic);
    if (after !== undefined && after !== before) await noteTransfer(tools, { topic }, after);
  }
  for (const { receiver, owner: before } of await tools.registry.receivers()) {
    const after = ownerIn(receivers, receiver);
    if (after !== undefined && after !== before) await noteTransfer(tools, { receiver }, after);
  }
}

function dates(existing: { readonly createdAt: string } | undefined, now: string) {
  return { declared: true, createdAt: existing?.createdAt ?? now, updatedAt: now };
}
