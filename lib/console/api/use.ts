import {
  keepPreviousData,
  type QueryKey,
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query';
import { useRef } from 'react';
import { CallError, type CallOptions, call, type Method, type Query } from './call.ts';

/** Reads of the API for components: kept, shared between them and asked again while the page is seen. */

interface Reading {
  readonly query?: Query;
  /** Asks again after so long, and less often while nothing changes; once when left out. */
  readonly pollSeconds?: number;
  readonly enabled?: boolean;
  /** Shows what was read for other parameters until this is there. */
  readonly keep?: boolean;
}

/** A poll slows down to this part of its rate while the answers are the same, and stops in a hidden tab. */
const slowestTimes = 6;

export function useRead<Answer>(
  at: string,
  { query, pollSeconds, enabled = true, keep = false }: Reading = {},
) {
  const slowed = useSlowingPoll(pollSeconds);
  return useQuery<Answer, CallError>({
    queryKey: [at, query ?? {}],
    queryFn: ({ signal }) => call<Answer>('GET', at, { query, signal }),
    refetchInterval: slowed,
    enabled,
    ...(keep && { placeholderData: keepPreviousData }),
  });
}

interface Paged {
  readonly cursor?: string;
}

/** A list, page after page; `items` of all pages that were read, and whether there is `more`. */
export function useList<Answer extends Paged, Item>(
  at: string,
  itemsOf: (page: Answer) => readonly Item[],
  { query, pollSeconds, enabled = true, limit = 100 }: Reading & { readonly limit?: number } = {},
) {
  const slowed = useSlowingPoll(pollSeconds);
  const result = useInfiniteQuery<Answer, CallError, { pages: Answer[] }, QueryKey, string | undefined>({
    queryKey: [at, { ...query, limit }, 'pages'],
    queryFn: ({ pageParam, signal }) =>
      call<Answer>('GET', at, { query: { ...query, limit, cursor: pageParam }, signal }),
    initialPageParam: undefined,
    getNextPageParam: (page) => page.cursor,
    // Asking again for many pages would cost more than anyone reads.
    refetchInterval: (own) => ((own.state.data?.pages.length ?? 0) > 1 ? false : slowed(own)),
    enabled,
  });
  const items = useItems(result.data?.pages, itemsOf);
  const more = {
    hasMore: result.hasNextPage,
    busy: result.isFetchingNextPage,
    load: () => void result.fetchNextPage(),
  };
  return { ...result, items, more };
}

function useItems<Answer, Item>(pages: Answer[] | undefined, itemsOf: (page: Answer) => readonly Item[]) {
  const kept = useRef<{ pages: Answer[] | undefined; items: readonly Item[] }>({
    pages: undefined,
    items: [],
  });
  if (kept.current.pages !== pages)
    kept.current = { pages, items: pages?.flatMap((page) => [...itemsOf(page)]) ?? [] };
  return kept.current.items;
}

/** The interval of a poll in ms: twice as long after each answer that is the same as before. */
export function useSlowingPoll(pollSeconds: number | undefined) {
  const seen = useRef<{ data: unknown; updates: number; times: number }>({
    data: undefined,
    updates: 0,
    times: 1,
  });
  return ({
    state,
  }: {
    state: { data: unknown; dataUpdateCount: number; error: unknown };
  }): number | false => {
    if (pollSeconds === undefined) return false;
    const { current } = seen;
    if (state.dataUpdateCount !== current.updates) {
      const times = state.data === current.data ? Math.min(current.times * 2, slowestTimes) : 1;
      seen.current = { data: state.data, updates: state.dataUpdateCount, times };
    }
    // What is refused is asked for rarely.
    const times = state.error === null ? seen.current.times : slowestTimes;
    return pollSeconds * 1000 * times;
  };
}

interface Lifetime {
  /** Where that is which a call makes: what is there already is not replaced without being asked for. */
  readonly absent?: string;
  /** Where that was which a call deletes: it is not read again. */
  readonly gone?: string;
}

async function requireAbsent(at: string): Promise<void> {
  const found = await call('GET', at).then(
    () => true,
    (error: CallError) => {
      if (error.status === 404) return false;
      // Another's: the bus says so itself.
      if (error.status === 403) return false;
      throw error;
    },
  );
  if (!found) return;
  throw new CallError(409, {
    code: 'conflict',
    detail: `There is one of this name already: ${at.slice(1)}. Open it to change it, or take another name.`,
  });
}

/** Changes something, and reads again what it may have changed: every read whose path begins with one of `touches`. */
export function useChange<Input, Answer = unknown>(
  describe: (input: Input) => { readonly method: Method; readonly at: string } & CallOptions & Lifetime,
  touches: (input: Input) => readonly string[],
) {
  const client = useQueryClient();
  return useMutation<Answer, CallError, Input>({
    mutationFn: async (input) => {
      const { method, at, absent, gone: _, ...options } = describe(input);
      if (absent !== undefined) await requireAbsent(absent);
      return call<Answer>(method, at, options);
    },
    // Also after a failure: it may have happened all the same.
    onSettled: async (_answer, error, input) => {
      const paths = touches(input);
      const { gone } = describe(input);
      const isGone = (at: string) =>
        error === null && gone !== undefined && (at === gone || at.startsWith(`${gone}/`));
      await client.invalidateQueries({
        predicate: ({ queryKey: [at] }) =>
          typeof at === 'string' && !isGone(at) && paths.some((prefix) => at.startsWith(prefix)),
      });
    },
  });
}
