import { useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useState } from 'react';
import { type CallError, call, type Query } from '../../api/call.ts';
import type { Deliveries } from '../../api/types.ts';
import { useList, useSlowingPoll } from '../../api/use.ts';

export type Delivery = Deliveries['deliveries'][number];

export const deliveryKey = ({ deliveryId, attempt, at }: Delivery): string =>
  `${deliveryId} ${attempt} ${at}`;

/** An attempt appears when its batch is over, which may be so long after others that are known. */
const overlapMs = 30_000;
const followSeconds = 3;
/** More than anybody reads; older ones are found by the filters. */
const followedMax = 1000;

/** The latest attempts of a query, and those that come while it is followed: only what is new is asked for. */
export function useDeliveries(query: Query, isFollowed: boolean) {
  const list = useList<Deliveries, Delivery>('/deliveries', ({ deliveries }) => deliveries, { query });
  const slowed = useSlowingPoll(isFollowed ? followSeconds : undefined);
  const tail = useQuery<readonly Delivery[], CallError>({
    queryKey: ['/deliveries', query, 'tail'],
    queryFn: async ({ signal }) => {
      const since = new Date(Date.now() - overlapMs).toISOString();
      const page = await call<Deliveries>('GET', '/deliveries', {
        query: { ...query, since, limit: followedMax },
        signal,
      });
      return page.deliveries;
    },
    refetchInterval: slowed,
    enabled: isFollowed && list.isSuccess,
  });
  const [followed, setFollowed] = useState<readonly Delivery[]>([]);
  const { data: latest } = tail;
  useEffect(() => {
    if (latest === undefined || latest.length === 0) return;
    setFollowed((before) => together(latest, before).slice(0, followedMax));
  }, [latest]);
  const rows = useMemo(() => together(followed, list.items), [followed, list.items]);
  return { list, rows, error: list.error ?? tail.error, notRecorded: list.data?.pages[0]?.notRecorded };
}

/** The new ones, and behind them those of the others that are not among them. */
function together(fresh: readonly Delivery[], others: readonly Delivery[]): readonly Delivery[] {
  const known = new Set(fresh.map(deliveryKey));
  return [...fresh, ...others.filter((each) => !known.has(deliveryKey(each)))];
}
