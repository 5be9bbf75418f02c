import { useState } from 'react';

/** Which columns of a table are hidden: as chosen in this browser, else those that are extra. */
export function useKeptColumns(
  table: string,
  columns: readonly { readonly id: string; readonly extra?: boolean }[],
): readonly [readonly string[], (column: string, hidden: boolean) => void] {
  const place = `busbar.columns.${table}`;
  const [hidden, setHidden] = useState<readonly string[]>(
    () => read(place) ?? columns.filter(({ extra = false }) => extra).map(({ id }) => id),
  );
  const change = (column: string, hide: boolean) => {
    const next = hide ? [...hidden, column] : hidden.filter((each) => each !== column);
    setHidden(next);
    localStorage.setItem(place, JSON.stringify(next));
  };
  return [hidden, change];
}

function read(place: string): readonly string[] | undefined {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(place) ?? 'null');
    return Array.isArray(kept) ? kept.filter((each) => typeof each === 'string') : undefined;
  } catch {
    return undefined;
  }
}
