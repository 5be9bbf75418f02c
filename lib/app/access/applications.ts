import { owns, type Principal } from '../../core/access/access.ts';
import {
  type Application,
  type ApplicationPatch,
  type ApplicationSpec,
  applicationSchema,
  checkParent,
  type FormerApplication,
  requireFreeName,
  requireNotOfOthers,
} from '../../core/access/application.ts';
import { checkWithinParent, type PlaceKind, placeKinds } from '../../core/access/quotas.ts';
import type { StoredQuota } from '../../core/access/stored.ts';
import { BusbarError, declaredConflict } from '../../core/kernel/errors.ts';
import { mergePatch } from '../../core/kernel/merge-patch.ts';
import { parseSpec } from '../../core/kernel/spec.ts';
import { listLimitMax } from '../../core/list/limits.ts';
import type { Portion } from '../../core/list/portion.ts';
import type { ApplicationChange } from '../../runtime/stores/applications.ts';
import type { Tools } from '../../runtime/tools.ts';
import { type NamedPageQuery, pageOf, prefixPart } from '../list/page.ts';
import { type EndAccessTools, endAccess } from './end-access.ts';
import type { PlaceTools } from './places.ts';

export type ApplicationTools = PlaceTools & EndAccessTools;

/** The result of a put, as the registry's. */
interface PutApplication {
  readonly created: boolean;
  readonly document: Application;
}

/** @throws BusbarError unknown_application. */
export async function requireApplication(
  tools: Pick<ApplicationTools, 'applications'>,
  name: string,
): Promise<Application> {
  const application = await tools.applications.find(name);
  if (application !== undefined) return application;
  throw new BusbarError(
    'unknown_application',
    `There is no application ${name}. An admin creates it with PUT /v1/applications/${name}.`,
  );
}

/** What a caller sees: its own application, its children, and everything for an admin. */
export async function listApplications(
  tools: ApplicationTools,
  principal: Principal,
  query: NamedPageQuery,
): Promise<{ applications: Application[]; cursor?: string }> {
  const { prefix = '' } = query;
  const { role, application: own, children = [] } = principal;
  const read =
    role === 'admin'
      ? (after: string, limit: number) => tools.applications.after(after, limit, prefix)
      : (after: string) =>
          family(
            tools,
            [own, ...children].filter((name) => name.startsWith(prefix)),
            after,
          );
  const { items: applications, ...rest } = await pageOf(
    ['applications', role === 'admin' ? '' : own, ...prefixPart(query.prefix)],
    query,
    read,
    (application) => (owns(principal, application.application) ? application : undefined),
  );
  return { applications, ...rest };
}

/** Few enough to be read one by one, rather than among all others. */
async function family(
  tools: ApplicationTools,
  names: readonly string[],
  after: string,
): Promise<Portion<Application>> {
  const found = await Promise.all(
    names
      .filter((name) => name > after)
      .sort()
      .map((name) => tools.applications.find(name)),
  );
  const items = found
    .filter((application) => application !== undefined)
    .map((application) => ({ key: application.application, item: application }));
  return { items, last: undefined };
}

/** An application with what it has of what its quotas bound, those of its children included. */
export type ApplicationAndUsage = Application & {
  readonly usage: Readonly<Record<PlaceKind | StoredQuota, number>>;
};

/** Its use is as those know it who enforce the quotas: what was declared or left by a crash shows after they compared. */
export async function getApplication(
  tools: ApplicationTools & Tools<'usage'>,
  principal: Principal,
  name: string,
): Promise<ApplicationAndUsage> {
  requireManaged(principal, name);
  const application = await requireApplication(tools, name);
  const [places, stored] = await Promise.all([tools.places.used(name), tools.usage.total(name)]);
  const { events: delayedEvents, bytes: storedBytes } = stored;
  return { ...application, usage: { ...places, delayedEvents, storedBytes } };
}

/** Whether the application is the caller's, or a child of that. @throws BusbarError forbidden. */
export function requireManaged(principal: Principal, name: string): void {
  if (owns(principal, name)) return;
  throw new BusbarError(
    'forbidden',
    `This key belongs to ${principal.application}, which is neither ${name} nor its parent. Ask an admin.`,
  );
}

/** @param isDeclared by the stack; otherwise it stays what it is. */
export function putApplication(
  tools: ApplicationTools,
  principal: Principal,
  name: string,
  spec: ApplicationSpec,
  isDeclared = false,
): Promise<PutApplication> {
  return changeApplication(tools, principal, name, () => spec, isDeclared);
}

/** @throws BusbarError unknown_application, and what a put is refused with. */
export async function patchApplication(
  tools: ApplicationTools,
  principal: Principal,
  name: string,
  patch: ApplicationPatch,
): Promise<Application> {
  await requireApplication(tools, name);
  const { document } = await changeApplication(tools, principal, name, (was) => {
    const { description, contacts, parent, quotas } = was ?? {};
    return parseSpec(applicationSchema, mergePatch({ description, contacts, parent, quotas }, patch));
  });
  return document;
}

const roundsMax = 10;

async function changeApplication(
  tools: ApplicationTools,
  principal: Principal,
  name: string,
  specOf: (was: Application | undefined) => ApplicationSpec,
  isDeclared = false,
): Promise<PutApplication> {
  requireFreeName(name);
  for (let round = 1; round <= roundsMax; round++) {
    const was = await tools.applications.find(name);
    const spec = specOf(was);
    const former = was === undefined ? await tools.applications.former(name) : undefined;
    requireMayChange(principal, name, was, spec, former);
    if (was === undefined && principal.role !== 'admin') await requireOwnerless(tools, name);
    const at = new Date(tools.clock.now()).toISOString();
    const now: Application = {
      application: name,
      ...spec,
      ...(was?.children !== undefined && { children: was.children }),
      ...((isDeclared || was?.declared === true) && { declared: true }),
      createdAt: was?.createdAt ?? at,
      updatedAt: at,
    };
    const changes: ApplicationChange[] = [{ was, now }, ...(await parentChanges(tools, was, now))];
    // What was granted while it was being deleted is not for this one.
    if (former !== undefined) await endAccess(tools, name);
    if (await tools.applications.change(changes, former)) {
      // What the child has counts for its new parent, too: all is counted anew.
      if (was?.parent !== now.parent && now.parent !== undefined) {
        for (const kind of placeKinds) await tools.places.forget(now.parent, kind);
      }
      return { created: was === undefined, document: now };
    }
  }
  throw changedByOthers(name);
}

const changedByOthers = (name: string) =>
  new BusbarError(
    'conflict',
    `The application ${name} is changed by others faster than this change could be written. Try again.`,
    { retryAfterSeconds: 1 },
  );

/**
 * An admin may change everything. A member of the parent creates its children and sets their quotas, which stay within
 * its own; a member changes what its application says of itself, and neither its quotas nor its parent.
 */
function requireMayChange(
  principal: Principal,
  name: string,
  was: Application | undefined,
  spec: ApplicationSpec,
  former: FormerApplication | undefined,
): void {
  if (principal.role === 'admin') return;
  const { application } = principal;
  const isOfParent = (was === undefined || was.parent === application) && spec.parent === application;
  if (isOfParent && name !== application) {
    requireNotOfOthers(former, application);
    return;
  }
  if (name === application && was !== undefined) {
    for (const field of ['quotas', 'parent'] as const) {
      if (JSON.stringify(spec[field]) === JSON.stringify(was[field])) continue;
      const detail = `of ${name} is set by an admin`;
      throw new BusbarError('forbidden', `${field} ${detail}. Send it unchanged, or ask an admin.`, {
        fields: [{ path: field, detail }],
      });
    }
    return;
  }
  if (was?.parent === application) {
    const detail = `of ${name} is ${application}, which an admin alone changes`;
    throw new BusbarError('forbidden', `parent ${detail}. Send it unchanged, or ask an admin.`, {
      fields: [{ path: 'parent', detail }],
    });
  }
  throw new BusbarError(
    'forbidden',
    was === undefined
      ? `Only an admin creates applications; a member creates those with its own as \`parent\`: ${application}.`
      : `The application ${name} is managed by its own members, those of its parent, and admins; this key belongs to ${application}.`,
  );
}

/** An admin may give something to an application that has no row; whoever made that row would get it. @throws BusbarError forbidden. */
async function requireOwnerless(tools: ApplicationTools, name: string): Promise<void> {
  const owned = await ownedBy(tools, { application: name });
  if (owned.length === 0) return;
  throw new BusbarError(
    'forbidden',
    `Something belongs to an application ${name} already, though nobody made it. Choose another name, or ask an admin to make it.`,
  );
}

/** The changes of the rows of the parents, which name their children. */
async function parentChanges(
  tools: ApplicationTools,
  was: Application | undefined,
  now: Application,
): Promise<ApplicationChange[]> {
  if (was?.parent === now.parent) {
    const parent = now.parent === undefined ? undefined : await requireApplication(tools, now.parent);
    if (parent !== undefined) checkWithinParent(now.quotas, parent);
    return [];
  }
  const changes: ApplicationChange[] = [];
  if (now.parent !== undefined) {
    const parent = await requireApplication(tools, now.parent);
    checkParent(now, parent);
    checkWithinParent(now.quotas, parent);
    changes.push({
      was: parent,
      now: { ...parent, children: [...(parent.children ?? []), now.application].sort() },
    });
  }
  const left = was?.parent === undefined ? undefined : await tools.applications.find(was.parent);
  if (left !== undefined) changes.push({ was: left, now: withoutChild(left, now.application) });
  return changes;
}

function withoutChild(parent: Application, child: string): Application {
  const { children = [], ...rest } = parent;
  const others = children.filter((name) => name !== child);
  return others.length === 0 ? rest : { ...rest, children: others };
}

/**
 * Deletes an application that owns nothing any more, and ends what it was granted and asks for.
 * @param byStack whether the stack deletes what it declared before.
 * @throws BusbarError unknown_application, forbidden, declared, in_use, which says what it owns.
 */
export async function deleteApplication(
  tools: ApplicationTools,
  principal: Principal,
  name: string,
  byStack = false,
): Promise<void> {
  for (let round = 1; round <= roundsMax; round++) {
    requireManaged(principal, name);
    const was = await requireApplication(tools, name);
    if (principal.role !== 'admin' && was.parent !== principal.application) {
      throw new BusbarError('forbidden', `An admin deletes ${name}, or a member of its parent.`);
    }
    if (was.declared === true && !byStack) throw declaredConflict(`The application ${name}`);
    const owned = await ownedBy(tools, was);
    if (owned.length > 0) {
      throw new BusbarError(
        'in_use',
        `The application ${name} still owns ${owned.join('; ')}. Delete these, or give them to another owner.`,
      );
    }
    await endAccess(tools, name);
    const parent = was.parent === undefined ? undefined : await tools.applications.find(was.parent);
    const changes = [
      { was, now: undefined },
      ...(parent === undefined ? [] : [{ was: parent, now: withoutChild(parent, name) }]),
    ];
    if (await tools.applications.change(changes)) return;
  }
  throw changedByOthers(name);
}

/** How many names of a kind a refusal lists. */
const namesShownMax = 5;

/** What goes together with an application. */
export interface Leaving {
  readonly topics: readonly string[];
  readonly receivers: readonly string[];
  readonly applications: readonly string[];
}

/** What an application owns, as text for each kind, but for what leaves together with it. */
export async function ownedBy(
  tools: ApplicationTools,
  { application, children = [] }: Pick<Application, 'application' | 'children'>,
  leaving: Leaving = { topics: [], receivers: [], applications: [] },
): Promise<string[]> {
  const { registry, recurrences, keys } = tools;
  const own = (item: { readonly owner: string }) => item.owner === application;
  const kinds = await Promise.all([
    named('the topics', registry.topicsAfter, (topic) => own(topic) && !leaving.topics.includes(topic.topic)),
    named(
      'the receivers',
      registry.receiversAfter,
      (receiver) => own(receiver) && !leaving.receivers.includes(receiver.receiver),
    ),
    named('the schedules', recurrences.after, ({ recurrence }) => own(recurrence)),
    named(
      'the keys',
      (after, limit) => keys.after(application, after, limit),
      ({ record }) => record.session === undefined,
    ),
  ]);
  const staying = children.filter((child) => !leaving.applications.includes(child));
  return [...kinds, listed('the children', staying)].filter((text) => text !== '');
}

/** A kind and the names of its items that meet a condition, as text; empty when there are none. */
async function named<Item>(
  kind: string,
  read: (after: string, limit: number) => Promise<Portion<Item>>,
  isMeant: (item: Item) => boolean,
): Promise<string> {
  const names: string[] = [];
  for (let after: string | undefined = ''; after !== undefined && names.length <= namesShownMax; ) {
    const portion: Portion<Item> = await read(after, listLimitMax);
    names.push(...portion.items.filter(({ item }) => isMeant(item)).map(({ key }) => key));
    after = portion.last;
  }
  return listed(kind, names);
}

function listed(kind: string, names: readonly string[]): string {
  if (names.length === 0) return '';
  const shown = names.slice(0, namesShownMax).join(', ');
  return `${kind} ${shown}${names.length > namesShownMax ? ' and more' : ''}`;
}
