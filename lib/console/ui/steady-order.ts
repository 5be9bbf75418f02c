import { useRef, useState } from 'react';

/**
 * Keeps rows in their places while somebody points at them or has the focus in them, so that nobody clicks on what has just
 * moved there: values change in place, what is gone stays away, and what is new waits and is counted.
 * @param version of the order: a change of it is asked for, and takes effect at once.
 */
export function useSteadyOrder<Row extends { readonly id: string }>(rows: readonly Row[], version: string) {
  const [held, setHeld] = useState<
    { readonly keys: readonly string[]; readonly version: string } | undefined
  >();
  const latest = useRef<readonly Row[]>(rows);
  latest.current = rows;
  const hold = () => {
    setHeld((before) =>
      before?.version === version ? before : { keys: latest.current.map(({ id }) => id), version },
    );
  };
  const release = () => setHeld(undefined);
  const handlers = {
    onPointerEnter: hold,
    onPointerMove: hold,
    onPointerLeave: release,
    onFocus: hold,
    onBlur: release,
  };
  if (held === undefined || held.version !== version) return { rows, fresh: 0, showFresh: release, handlers };
  const byKey = new Map(rows.map((row) => [row.id, row]));
  const kept = held.keys.flatMap((key) => byKey.get(key) ?? []);
  return {
    rows: kept,
    fresh: rows.length - kept.length,
    showFresh: () => setHeld({ keys: latest.current.map(({ id }) => id), version }),
    handlers,
  };
}
