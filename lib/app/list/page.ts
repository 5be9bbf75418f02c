import { utf8Bytes } from '../../core/event/event.ts';
import { type ListName, readCursor, writeCursor } from '../../core/list/cursor.ts';
import { listLimitMax, pageBytesMax, pageReadsMax } from '../../core/list/limits.ts';
import type { Portion } from '../../core/list/portion.ts';

/** What every list of the API takes. */
export interface PageQuery {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** The same of a list of things that have names. */
export interface NamedPageQuery extends PageQuery {
  /** What the names begin with. */
  readonly prefix?: string | undefined;
}

/** The part of the name of a list that says its prefix. */
export const prefixPart = (prefix: string | undefined): string[] =>
  prefix === undefined ? [] : [`prefix ${prefix}`];

export interface Page<Shown> {
  readonly items: Shown[];
  /** Of the next page, when there is one. */
  readonly cursor?: string;
}

/**
 * One page of a list. It has at most `limit` items, fewer when they are large, and fewer (perhaps none) when most of
 * what was read is not for the caller: whoever wants all goes on for as long as there is a cursor. So a call reads a
 * bounded part of the table, whatever others have stored there.
 * @param list the list as this caller sees it; its cursors are not taken by another list.
 * @param read finds items behind a position, which is empty at the start.
 * @param show what the caller sees of an item; undefined when it is not for the caller.
 * @throws BusbarError invalid_request, for a cursor that this list has not returned.
 */
export async function pageOf<Item, Shown>(
  list: ListName,
  { limit, cursor }: PageQuery,
  read: (after: string, limit: number) => Promise<Portion<Item>>,
  show: (item: Item) => Shown | undefined,
): Promise<Page<Shown>> {
  const items: Shown[] = [];
  let bytes = 0;
  let after = readCursor(list, cursor);
  for (let reads = 1; ; reads++) {
    // One more than asked for shows whether there is a next page. Where that is not enough, most is for others.
    const page = await read(after, reads === 1 ? limit + 1 : listLimitMax);
    for (const { key, item } of page.items) {
      const shown = show(item);
      if (shown !== undefined) {
        const size = utf8Bytes(JSON.stringify(shown));
        if (items.length === limit || (items.length > 0 && bytes + size > pageBytesMax)) {
          return { items, cursor: writeCursor(list, after) };
        }
        items.push(shown);
        bytes += size;
      }
      after = key;
    }
    if (page.last === undefined) return { items };
    after = page.last;
    if (reads === pageReadsMax) return { items, cursor: writeCursor(list, after) };
  }
}
