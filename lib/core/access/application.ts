import * as z from 'zod';
import { BusbarError } from '../kernel/errors.ts';
import { nameSchema } from '../kernel/spec.ts';
import {
  applicationDescriptionCharactersMax,
  childrenMax,
  contactCharactersMax,
  contactsMax,
} from './limits.ts';
import { quotasSchema } from './quotas.ts';

/** What a team says of an application. */
export const applicationSchema = z.strictObject({
  description: z.string().max(applicationDescriptionCharactersMax).optional(),
  contacts: z.array(z.string().min(1).max(contactCharactersMax)).max(contactsMax).optional(),
  parent: nameSchema.optional(),
  quotas: quotasSchema.optional(),
});
export type ApplicationSpec = z.output<typeof applicationSchema>;

/** An application as the table keeps it. Times are RFC 3339. */
export interface Application extends ApplicationSpec {
  readonly application: string;
  /** The applications whose parent is this one. */
  readonly children?: readonly string[];
  /** Set for one that busbar.config.ts declares. */
  readonly declared?: boolean;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/**
 * What is kept of an application that was deleted, because what it published, asked for and was counted with is kept under
 * its name. RFC 3339.
 */
export interface FormerApplication {
  readonly application: string;
  readonly parent?: string;
  readonly deletedAt: string;
}

/**
 * A member makes no application under the name of a former one of somebody else, whose traces, audit and events that wait
 * would be its own then. An admin does, and the parent that had it.
 * @throws BusbarError forbidden.
 */
export function requireNotOfOthers(former: FormerApplication | undefined, parent: string): void {
  if (former === undefined || former.parent === parent) return;
  throw new BusbarError(
    'forbidden',
    `The name ${former.application} is that of an application that was deleted at ${former.deletedAt}, of which much is kept. Choose another name, or ask an admin to make it.`,
  );
}

/**
 * A merge patch (RFC 7396) of the fields; what it gives is parsed again as a whole. It has a schema of its own so that a
 * null can stand in it.
 */
export const applicationPatchSchema = z.strictObject({
  description: applicationSchema.shape.description.nullable(),
  contacts: applicationSchema.shape.contacts.nullable(),
  parent: applicationSchema.shape.parent.nullable(),
  quotas: z
    .strictObject(
      Object.fromEntries(
        Object.entries(quotasSchema.shape).map(([name, schema]) => [name, schema.nullable()]),
      ) as { [Name in keyof typeof quotasSchema.shape]: z.ZodNullable<(typeof quotasSchema.shape)[Name]> },
    )
    .nullable()
    .optional(),
});
export type ApplicationPatch = z.output<typeof applicationPatchSchema>;

/** @throws BusbarError forbidden: names that begin with `busbar` are the bus's own. */
export function requireFreeName(name: string): void {
  if (!name.startsWith('busbar')) return;
  throw new BusbarError('forbidden', `Names beginning with busbar are reserved. Give ${name} another name.`);
}

/**
 * Whether an application may get this parent. Two levels, and no more: then there are no cycles, and whoever looks at an
 * application reads at most one other.
 * @throws BusbarError invalid_request, in_use.
 */
export function checkParent(child: Pick<Application, 'application' | 'children'>, parent: Application): void {
  const { application } = child;
  if (parent.application === application) throw wrongParent('is the application itself');
  if (parent.parent !== undefined) {
    throw wrongParent(`is ${parent.application}, which has a parent, ${parent.parent}, of its own`);
  }
  if ((child.children ?? []).length > 0) {
    throw wrongParent(`cannot be given to ${application}, which has children: ${child.children?.join(', ')}`);
  }
  const siblings = parent.children ?? [];
  if (!siblings.includes(application) && siblings.length >= childrenMax) {
    throw new BusbarError(
      'in_use',
      `${parent.application} has ${childrenMax} children, which is the most. Delete one, or give ${application} another parent.`,
    );
  }
}

function wrongParent(detail: string): BusbarError {
  return new BusbarError(
    'invalid_request',
    `parent ${detail}. An application has either a parent or children.`,
    {
      fields: [{ path: 'parent', detail }],
    },
  );
}
