/**
 * One page of items, ordered by key. The marker is the key of the last item returned, so the next page starts at the
 * right place even if that item was deleted.
 */
export function pageOf<T>(
  all: Iterable<T>,
  keyOf: (item: T) => string,
  marker: string | undefined,
  size: number,
): { items: readonly T[]; next: string | undefined } {
  const after = marker === undefined ? undefined : Buffer.from(marker, 'base64url').toString('utf8');
  const rest = [...all]
    .filter((item) => after === undefined || keyOf(item) > after)
    .sort((left, right) => (keyOf(left) < keyOf(right) ? -1 : 1));
  const items = rest.slice(0, size);
  const last = items.at(-1);
  const next =
    rest.length > size && last !== undefined ? Buffer.from(keyOf(last)).toString('base64url') : undefined;
  return { items, next };
}
