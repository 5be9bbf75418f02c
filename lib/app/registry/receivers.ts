import type { CheckRules } from '../../connectors/kind.ts';
import { type Principal, requireOwner } from '../../core/access/access.ts';
import { incarnationOf } from '../../core/access/acting.ts';
import { requireFreeName } from '../../core/access/application.ts';
import { totalPosts } from '../../core/deliver/lane-plan.ts';
import { BusbarError, declaredConflict, invalidField } from '../../core/kernel/errors.ts';
import type { Patch } from '../../core/kernel/merge-patch.ts';
import { createSecret } from '../../core/kernel/signature.ts';
import { type Consent, consentOfAdmin } from '../../core/registry/consent.ts';
import { isFlowing, keptFlow, patchedFlow } from '../../core/registry/flow.ts';
import { withValidation } from '../../core/registry/handshake.ts';
import { sharedFields, showReceiver } from '../../core/registry/kinds.ts';
import { registryChangeRoundsMax, secretOverlapSecondsDefault } from '../../core/registry/limits.ts';
import { handedOver } from '../../core/registry/owned.ts';
import { patchedReceiver } from '../../core/registry/patch.ts';
import type { Receiver, ReceiverSpec } from '../../core/registry/receiver.ts';
import { replaceSecret, type Secrets } from '../../core/registry/secret.ts';
import type { ValidateMode } from '../../core/registry/validation.ts';
import { orderAttribute } from '../../core/routing/order.ts';
import type { DeadLetterStore } from '../../runtime/stores/dead-letters.ts';
import type { SecretStore } from '../../runtime/stores/secrets.ts';
import type { WaitingStore } from '../../runtime/stores/waiting.ts';
import type { Parts, Tools } from '../../runtime/tools.ts';
import { leavePlace, type PlaceTools } from '../access/places.ts';
import { noteTransfer } from '../list/note-waiting.ts';
import { type AdminTools, newIncarnation, ownerOf, type Put, takeOwned, unknownReceiver } from './admin.ts';
import { type ConsentTools, findConsent } from './consent.ts';
import { type ForgetTools, forgetReceiver } from './forget.ts';
import { type HandOverTools, settleReceiver } from './hand-over.ts';
import { leaveOutage } from './move.ts';
import { changeKeepingSecret } from './secrets.ts';
import { expectValidation, type ValidateTools, validateWritten } from './validate.ts';

export interface ReceiverTools
  extends AdminTools,
    PlaceTools,
    ValidateTools,
    ForgetTools,
    HandOverTools,
    ConsentTools,
    Omit<CheckRules, 'mayCall'> {
  readonly secrets: SecretStore;
  readonly waiting: WaitingStore;
  /** Whether the operator demands that owners agree. */
  readonly validate: ValidateMode;
  /** The most requests at once that a receiver may ask for. */
  readonly receiverConcurrencyMax: number;
}

type Shown = ReturnType<typeof showReceiver>;

/** @throws BusbarError unknown_receiver. */
export async function findReceiver(tools: Pick<AdminTools, 'registry'>, name: string): Promise<Receiver> {
  const receiver = await tools.registry.receiver(name);
  if (receiver !== undefined) return receiver;
  throw unknownReceiver(name);
}

/**
 * Creates or changes a receiver. A disabled one becomes active again, a paused one stays paused. The answer has the
 * secret only when it is new: made by the bus, or given in this call. A secret that it replaces also signs for a day.
 * @param ownHosts further hosts under which the bus is reached.
 */
export function putReceiver(
  tools: ReceiverTools,
  principal: Principal,
  name: string,
  spec: ReceiverSpec,
  ownHosts: readonly string[],
): Promise<Put<Shown & { secret?: string }>> {
  return writeReceiver(tools, principal, name, ownHosts, {
    specOf: () => spec,
    validate: validateOf,
    flow: keptFlow,
  });
}

/**
 * Changes the fields that a merge patch names; secrets stay, unless the endpoint moves to another origin. A disabled
 * receiver becomes active again when its endpoint changes.
 * @throws BusbarError unknown_receiver, and what a put is refused with.
 */
export async function patchReceiver(
  tools: ReceiverTools,
  principal: Principal,
  name: string,
  patch: Patch,
  ownHosts: readonly string[],
): Promise<Shown & { secret?: string }> {
  const specOf = (existing: Receiver | undefined) => {
    if (existing === undefined) throw unknownReceiver(name);
    requireOwner(principal, existing.owner, `The receiver ${name}`);
    return patchedReceiver(tools.sinks, existing, patch);
  };
  // What an admin has waived stays waived while nobody asks for something else.
  const validate: typeof validateOf = (...asked) =>
    Object.hasOwn(patch, 'validate') ? validateOf(...asked) : asked[2];
  const how: Writing = { specOf, validate, flow: patchedFlow };
  for (let round = 1; round <= registryChangeRoundsMax; round++) {
    try {
      const { document } = await writeReceiver(tools, principal, name, ownHosts, how);
      return document;
    } catch (error) {
      if (!(error instanceof ChangedMeanwhile)) throw error;
    }
  }
  throw new BusbarError(
    'conflict',
    `${name} is changed by others faster than this change could be written. Nothing was changed by it; try again.`,
    { retryAfterSeconds: 1 },
  );
}

/** Thrown when the settings that a patch gives are not those that were checked. */
class ChangedMeanwhile extends Error {}

/** In what a put and a patch differ. */
interface Writing {
  readonly specOf: (existing: Receiver | undefined) => ReceiverSpec;
  readonly validate: typeof validateOf;
  readonly flow: typeof patchedFlow;
}

async function writeReceiver(
  tools: ReceiverTools,
  principal: Principal,
  name: string,
  ownHosts: readonly string[],
  { specOf, validate: validated, flow }: Writing,
): Promise<Put<Shown & { secret?: string }>> {
  const before = await tools.registry.receiver(name);
  if (before === undefined) requireFreeName(name);
  const spec = specOf(before);
  requireConcurrency(tools, spec, before);
  const sink = tools.sinks.of(spec);
  const { endpoints, endpointPorts, lookup, env } = tools;
  let consent: Consent | undefined;
  await sink.check(spec, {
    endpoints,
    endpointPorts,
    lookup,
    env,
    ownHosts: [...tools.ownHosts, ...ownHosts],
    mayCall: async (url) => {
      if (tools.validate !== 'handshake') return true;
      consent = await consentFor(tools, principal, url, spec.owner ?? before?.owner, before);
      return consent !== undefined;
    },
  });
  const validate = sink.isAsked ? validated(tools, principal, spec.validate) : undefined;
  await expectValidation(tools, { receiver: name, validate });
  const nowMs = tools.clock.now();
  const now = new Date(nowMs).toISOString();
  const made = createSecret(tools.random);
  const fresh = newIncarnation(tools.random);
  const overlapSeconds = secretOverlapSecondsDefault;
  await takePlaces(tools, principal, name, spec, before);
  if ((await tools.registry.receiver(name)) === undefined) await forgetReceiver(tools, name);
  // The registry before the mapping: a consumed receiver must be known.
  const { was, now: written } = await changeKeepingSecret(tools, name, (existing, earlierId) => {
    if (existing !== undefined) requireOwner(principal, existing.owner, `The receiver ${name}`);
    if (JSON.stringify(specOf(existing)) !== JSON.stringify(spec)) throw new ChangedMeanwhile();
    const { secret: given, ...shared } = sharedFields(tools.sinks, spec);
    const kind = sink.keep(spec, existing);
    const owner = ownerOf(principal, spec.owner, existing, `The receiver ${name}`);
    const put: Receiver = {
      receiver: name,
      ...shared,
      ...kind,
      ...(validate !== undefined && { validate }),
      ...(consent !== undefined && { consent }),
      owner,
      ...handedOver(existing, owner, now),
      ...incarnationOf(existing, fresh),
      ...secretsOf(existing),
      ...flow(existing, kind.endpoint),
      declared: existing?.declared ?? false,
      createdAt: existing?.createdAt ?? now,
      updatedAt: now,
    };
    return withValidation(put, existing, nowMs);

    function secretsOf(was: Receiver | undefined): Secrets {
      if (!sink.isSigned) return { secret: '' };
      if (was === undefined || !tools.sinks.of(was).isSigned) return { secret: given ?? made };
      return replaceSecret(was, { secret: given ?? was.secret, earlierId, overlapSeconds }, nowMs);
    }
  });
  if (was !== undefined && was.owner !== written.owner) await leavePlaces(tools, was.owner, name);
  const settled = await settleReceiver(tools, written);
  const receiver = await validateWritten(tools, settled.document);
  await leaveOutage(tools, receiver);
  await provision(tools, receiver);
  const { ended } = settled;
  const shown = {
    ...showReceiver(tools.sinks, receiver, nowMs),
    ...(ended.length > 0 && { endedSubscriptions: ended }),
  };
  return {
    created: was === undefined,
    document:
      receiver.secret === was?.secret || receiver.secret === ''
        ? shown
        : { ...shown, secret: receiver.secret },
  };
}

/** A receiver that had more when the operator set the ceiling keeps it until it asks for another. */
function requireConcurrency(
  { receiverConcurrencyMax: most }: Parts<'receiverConcurrencyMax'>,
  spec: ReceiverSpec,
  existing: Receiver | undefined,
): void {
  const asked = spec.limits?.concurrency;
  if (asked === undefined || asked <= most || asked === existing?.limits?.concurrency) return;
  throw invalidField(
    'limits.concurrency',
    `is ${asked}, and this bus allows ${most}. Ask for less, or have the operator raise the stack's parameter ReceiverConcurrency`,
  );
}

/** A receiver takes a place of its owner, and its concurrency takes some of the owner's. */
async function takePlaces(
  tools: ReceiverTools,
  principal: Principal,
  name: string,
  spec: ReceiverSpec,
  existing: Receiver | undefined,
): Promise<void> {
  const after = ownerOf(principal, spec.owner, existing, `The receiver ${name}`);
  const before = existing?.owner;
  const amount = totalPosts(spec);
  if (before !== after) await takeOwned(tools, principal, 'receivers', name, { before, after });
  if (before !== undefined && before !== after) await noteTransfer(tools, { receiver: name }, after);
  if (before !== after || existing === undefined || totalPosts(existing) !== amount) {
    await takeOwned(tools, principal, 'concurrency', name, { before, after, amount });
  }
}

/** Gives up what a receiver took of its owner's. */
async function leavePlaces(
  tools: Tools<'places' | 'applications'>,
  owner: string,
  name: string,
): Promise<void> {
  await leavePlace(tools, owner, 'receivers', name);
  await leavePlace(tools, owner, 'concurrency', name);
}

/** Who agrees to a URL that is no endpoint. An admin may waive it, and what was waived for the owner stays waived. */
async function consentFor(
  tools: ReceiverTools,
  { role, application }: Principal,
  url: string,
  owner: string = application,
  before: Receiver | undefined,
): Promise<Consent | undefined> {
  const byAdmin = consentOfAdmin(url);
  const { consent: given } = before ?? {};
  const isWaived = given?.by === 'admin' && given.origin === byAdmin?.origin && before?.owner === owner;
  return role === 'admin' || isWaived ? byAdmin : await findConsent(tools, owner, url);
}

/** How a receiver's endpoint is validated. When the operator demands the handshake, only an admin may waive it. */
function validateOf(
  tools: ReceiverTools,
  principal: Principal,
  asked: ValidateMode | undefined,
): ValidateMode | undefined {
  if (tools.validate === 'none' || asked === 'handshake') return asked;
  if (asked === undefined) return 'handshake';
  if (principal.role === 'admin') return asked;
  const detail =
    'is none, but this bus requires that endpoints agree. Leave it out, or have an admin put the receiver';
  throw invalidField('validate', detail, 'forbidden');
}

/**
 * Makes AWS match the registry. Of two concurrent calls the later one at AWS need not be the later one in the registry,
 * so each looks again.
 */
async function provision(tools: AdminTools, receiver: Receiver): Promise<void> {
  /** The parts of a receiver, or its absence, that AWS depends on. */
  const atAws = (of: Receiver | undefined) =>
    JSON.stringify(of && [of.owner, of.limits, of.state, isFlowing(of), tools.sinks.of(of).deliveredBy]);
  let provisioned: Receiver | undefined = receiver;
  for (;;) {
    if (provisioned === undefined) await tools.provision.deleteReceiver(receiver.receiver);
    else await tools.provision.putReceiver(receiver.receiver, provisioned);
    const current = await tools.registry.receiver(receiver.receiver);
    if (atAws(current) === atAws(provisioned)) return;
    provisioned = current;
  }
}

/**
 * Changes a receiver that the caller owns.
 * @throws BusbarError unknown_receiver, forbidden, conflict.
 */
export async function changeOwnReceiver(
  tools: Pick<AdminTools, 'registry'>,
  principal: Principal,
  name: string,
  change: (receiver: Receiver) => Receiver,
): Promise<Receiver> {
  const { now } = await tools.registry.changeReceiver(name, (receiver) => {
    if (receiver === undefined) throw unknownReceiver(name);
    requireOwner(principal, receiver.owner, `The receiver ${name}`);
    return change(receiver);
  });
  return now;
}

export interface DeleteTools
  extends AdminTools,
    ForgetTools,
    Tools<'places' | 'applications' | 'waitingCounts'> {
  readonly deadLetters: DeadLetterStore;
  readonly secrets: SecretStore;
}

/**
 * Deletes a receiver with its subscriptions and queues.
 * @param force also deletes it when events wait in its queues; they are lost.
 */
export async function deleteReceiver(
  tools: DeleteTools,
  principal: Principal,
  name: string,
  force: boolean,
): Promise<void> {
  const { owner } = await findReceiver(tools, name);
  await tools.registry.deleteReceiver(name, (receiver) => unmake(tools, principal, receiver, force));
  // Last: without the receiver they do nothing, and a watch of it ends its own schedule.
  await forgetReceiver(tools, name);
  await leavePlaces(tools, owner, name);
}

async function unmake(
  tools: DeleteTools,
  principal: Principal,
  receiver: Receiver,
  force: boolean,
): Promise<void> {
  const { receiver: name } = receiver;
  requireOwner(principal, receiver.owner, `The receiver ${name}`);
  const all = await tools.registry.subscriptions();
  const subscriptions = all.filter((subscription) => subscription.receiver === name);
  if (receiver.declared || subscriptions.some((subscription) => subscription.declared)) {
    throw declaredConflict(`The receiver ${name}`);
  }
  if (!force) {
    const letters = await tools.deadLetters.all(receiver);
    const waiting = (await tools.waitingCounts.count(name)) + letters.length;
    if (waiting > 0) {
      throw new BusbarError(
        'in_use',
        `About ${waiting} events wait in the queues of ${name}. Let them be delivered, or add ?force=true to lose them.`,
      );
    }
  }
  for (const { topic } of subscriptions) {
    const source = await tools.registry.topic(topic);
    const isOrdered = source !== undefined && orderAttribute(source) !== undefined;
    await tools.provision.deleteSubscription(topic, name, isOrdered);
    await tools.registry.deleteSubscription(topic, name);
  }
  await tools.provision.deleteReceiver(name);
  // A later receiver with the same name is another one.
  await tools.deadLetters.removeAll(receiver);
  await tools.redrives.remove(name);
  await tools.secrets.forget(name, receiver.earlierSecrets);
}
