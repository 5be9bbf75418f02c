import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pageOf } from '../../../lib/app/list/page.ts';
import { pageBytesMax, pageReadsMax } from '../../../lib/core/list/limits.ts';
import type { Portion } from '../../../lib/core/list/portion.ts';

interface Item {
  readonly name: string;
  readonly isMine: boolean;
  readonly text?: string;
}

/** A store of items in order, which reads at most `rowsMax` at once, as DynamoDB does with large ones. */
function storeOf(items: readonly Item[], rowsMax = Number.POSITIVE_INFINITY) {
  const reads: number[] = [];
  return {
    reads,
    async read(after: string, limit: number): Promise<Portion<Item>> {
      const rest = items.filter(({ name }) => name > after);
      const read = rest.slice(0, Math.min(limit, rowsMax));
      reads.push(read.length);
      return {
        items: read.map((item) => ({ key: item.name, item })),
        // Like DynamoDB, it does not look whether anything follows.
        last: read.length < rest.length || read.length === limit ? read.at(-1)?.name : undefined,
      };
    },
  };
}

const nameOf = (n: number) => `n${String(n).padStart(6, '0')}`;
const itemsOf = (mine: readonly boolean[]): Item[] => mine.map((isMine, n) => ({ name: nameOf(n), isMine }));
const mineOnly = (item: Item) => (item.isMine ? item : undefined);

async function readAll(store: ReturnType<typeof storeOf>, limit: number) {
  const pages: Item[][] = [];
  let cursor: string | undefined;
  do {
    const page = await pageOf(['test'], { limit, cursor }, store.read, mineOnly);
    pages.push(page.items);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return pages;
}

describe('the pages of a list', () => {
  it('have every item of the caller once and in order, whatever is between them', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.boolean(), { maxLength: 120 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 5 }),
        async (mine, limit, rowsMax) => {
          const items = itemsOf(mine);
          const pages = await readAll(storeOf(items, rowsMax), limit);
          expect(pages.flat()).toEqual(items.filter(({ isMine }) => isMine));
          for (const page of pages) expect(page.length).toBeLessThanOrEqual(limit);
        },
      ),
    );
  });

  it('end without an empty page when the items are all the caller’s', async () => {
    const pages = await readAll(storeOf(itemsOf(Array.from({ length: 6 }, () => true))), 3);
    expect(pages.map((page) => page.length)).toEqual([3, 3]);
  });

  it('cost a bounded number of reads, although everything is somebody else’s', async () => {
    const store = storeOf(itemsOf(Array.from({ length: 20_000 }, (_, n) => n === 19_999)));
    const page = await pageOf(['test'], { limit: 100 }, store.read, mineOnly);
    expect(page).toEqual({ items: [], cursor: expect.any(String) });
    expect(store.reads).toHaveLength(pageReadsMax);
    expect((await readAll(store, 100)).flat()).toHaveLength(1);
  });

  it('stay below a megabyte, with fewer items when these are large', async () => {
    const text = 'é'.repeat(100_000);
    const items = itemsOf(Array.from({ length: 20 }, () => true)).map((item) => ({ ...item, text }));
    const pages = await readAll(storeOf(items), 1000);
    expect(pages.flat()).toHaveLength(20);
    for (const page of pages) {
      expect(Buffer.byteLength(JSON.stringify(page))).toBeLessThanOrEqual(pageBytesMax + 1000);
    }
    // One that is larger than a page still comes.
    const huge = [{ name: 'a', isMine: true, text: 'x'.repeat(pageBytesMax) }];
    expect((await readAll(storeOf(huge), 10)).flat()).toHaveLength(1);
  });
});
