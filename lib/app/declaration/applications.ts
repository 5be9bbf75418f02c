import type { Principal } from '../../core/access/access.ts';
import type { ApplicationSpec } from '../../core/access/application.ts';
import { BusbarError } from '../../core/kernel/errors.ts';
import { listLimitMax } from '../../core/list/limits.ts';
import {
  type ApplicationTools,
  deleteApplication,
  type Leaving,
  ownedBy,
  putApplication,
} from '../access/applications.ts';

type Declared = Readonly<Record<string, ApplicationSpec>>;

/** Whoever deploys the stack may do everything. */
const operator: Principal = { application: 'admin', role: 'admin' };

/**
 * Writes the declared applications, parents before children.
 * @throws BusbarError unknown_application for a parent that is neither declared nor there; invalid_request, in_use.
 */
export async function declareApplications(tools: ApplicationTools, declared: Declared): Promise<void> {
  const all = Object.entries(declared);
  const parentsFirst = [
    ...all.filter(([, { parent }]) => parent === undefined),
    ...all.filter(([, { parent }]) => parent !== undefined),
  ];
  for (const [name, spec] of parentsFirst) await putApplication(tools, operator, name, spec, true);
}

/** The applications that were declared and are no more, children before parents. */
export async function applicationsGone(tools: ApplicationTools, declared: Declared): Promise<string[]> {
  const gone: { readonly name: string; readonly isChild: boolean }[] = [];
  for (let after: string | undefined = ''; after !== undefined; ) {
    const page: Awaited<ReturnType<typeof tools.applications.after>> = await tools.applications.after(
      after,
      listLimitMax,
    );
    for (const { key, item } of page.items) {
      if (item.declared === true && !Object.hasOwn(declared, key))
        gone.push({ name: key, isChild: item.parent !== undefined });
    }
    after = page.last;
  }
  return [...gone.filter(({ isChild }) => isChild), ...gone.filter(({ isChild }) => !isChild)].map(
    ({ name }) => name,
  );
}

/**
 * Before anything is removed, since then the update fails as a whole.
 * @throws BusbarError in_use, which says what they own.
 */
export async function requireOwningNothing(tools: ApplicationTools, leaving: Leaving): Promise<void> {
  for (const name of leaving.applications) {
    const application = await tools.applications.find(name);
    const owned = application === undefined ? [] : await ownedBy(tools, application, leaving);
    if (owned.length === 0) continue;
    throw new BusbarError(
      'in_use',
      `The application ${name} is no longer declared, but still owns ${owned.join('; ')}. Delete these, give them to another owner, or declare ${name} again.`,
    );
  }
}

export async function removeApplications(tools: ApplicationTools, names: readonly string[]): Promise<void> {
  for (const name of names) await deleteApplication(tools, operator, name, true);
}
