import type { Rights } from '../../api/me.ts';
import type { Request } from '../../api/types.ts';
import type { Translate } from '../../app/words.ts';
import type { Tone } from '../../ui/basics.tsx';

export const requestTone = (state: Request['state']): Tone =>
  state === 'approved' ? 'good' : state === 'rejected' ? 'bad' : state === 'open' ? 'warn' : 'quiet';

export const kindName = (
  kind: Request['kind'],
  t: Translate<'subscribe' | 'publish' | 'makeTopic' | 'quotas'>,
): string => t(kind === 'topic' ? 'makeTopic' : kind);

/** Whether a request waits for the caller: who sees one of another application may decide about it. */
export const isToDecide = (
  { application, state }: Pick<Request, 'application' | 'state'>,
  { me, isAdmin, acts }: Rights,
): boolean => state === 'open' && acts && (isAdmin || application !== me?.application);
