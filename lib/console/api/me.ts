import { path } from './call.ts';
import type { Application, Me } from './types.ts';
import { useRead } from './use.ts';

/** What the signed-in caller may be offered. It only hides what would be refused: the API decides. */
export interface Rights {
  readonly me: Me | undefined;
  readonly isAdmin: boolean;
  /** Whether it changes anything at all. */
  readonly acts: boolean;
  /** Whether what an application owns is its own, to read at least. */
  readonly owns: (owner: string) => boolean;
  /** Whether it changes what an application owns. */
  readonly manages: (owner: string) => boolean;
}

export function useRights(): Rights {
  const me = useRead<Me>('/me').data;
  const own = useRead<Application>(path`/applications/${me?.application ?? ''}`, {
    enabled: me?.role === 'member',
  }).data;
  const acts = me !== undefined && me.role !== 'viewer' && (me.scopes?.includes('manage') ?? true);
  const isAdmin = me?.role === 'admin';
  const owns = (owner: string) =>
    isAdmin || owner === me?.application || (own?.children?.includes(owner) ?? false);
  return { me, isAdmin, acts, owns, manages: (owner) => acts && owns(owner) };
}
