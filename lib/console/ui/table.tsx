import {
  columnFilteringFeature,
  columnVisibilityFeature,
  createFilteredRowModel,
  createSortedRowModel,
  globalFilteringFeature,
  rowSortingFeature,
  tableFeatures,
  useTable,
} from '@tanstack/react-table';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type ReactNode, useMemo, useRef } from 'react';
import { useSearchParameter } from '../app/address.ts';
import { useWords } from '../app/words.ts';
import { Button, IconButton } from './basics.tsx';
import { downloadCsv } from './csv.ts';
import { useKeptColumns } from './kept-columns.ts';
import { Menu, MenuCheck } from './menu.tsx';
import { useSteadyOrder } from './steady-order.ts';
import { common } from './words.ts';

export interface Column<Row extends object> {
  /** Stable: it is in addresses and in what the browser keeps. */
  readonly id: string;
  readonly name: string;
  /** What is sorted, filtered and exported. */
  readonly value: (row: Row) => string | number | boolean | undefined;
  /** What is shown; the value when left out. */
  readonly show?: (row: Row) => ReactNode;
  readonly numeric?: boolean;
  /** Has sentences, which need room. */
  readonly wide?: boolean;
  /** Not shown at first. */
  readonly extra?: boolean;
}

/** What a list has besides what was read. */
export interface More {
  readonly hasMore: boolean;
  readonly busy: boolean;
  load(): void;
}

export interface TableProps<Row extends object> {
  /** Stable, and unique on its page. */
  readonly id: string;
  /** Read by screen readers. */
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly rowKey: (row: Row) => string;
  /** Such as `-failed`: by that column, largest first. */
  readonly sorted?: string;
  /** Shown in the place of the table when the bus has no rows. */
  readonly empty: ReactNode;
  /** For a list of which the bus has more. */
  readonly more?: More;
  readonly actions?: ReactNode;
  /** Whether it has its own filter field, columns and export. */
  readonly tools?: boolean;
}

const features = tableFeatures({
  columnFilteringFeature,
  globalFilteringFeature,
  columnVisibilityFeature,
  rowSortingFeature,
  filteredRowModel: createFilteredRowModel(),
  sortedRowModel: createSortedRowModel(),
});

/** From so many rows on, only those in view are in the page. */
const virtualFrom = 60;
const rowPixels = 41;

/**
 * A table that sorts, filters, remembers its columns and exports. Its filter and order are in the address. While somebody
 * points at it or works in it, rows keep their places, and new ones wait until they are asked for.
 */
export function Table<Row extends object>(props: TableProps<Row>) {
  const { id, label, columns, rowKey, sorted, empty, more, actions, tools = true } = props;
  const t = useWords(common);
  const [filter, setFilter] = useSearchParameter(`${id}.q`, '');
  const [order, setOrder] = useSearchParameter(`${id}.sort`, sorted ?? '');
  const [hidden, setHidden] = useKeptColumns(id, columns);
  const scroller = useRef<HTMLDivElement>(null);

  const definitions = useMemo(
    () =>
      columns.map((column) => ({
        id: column.id,
        header: column.name,
        accessorFn: (row: Row) => column.value(row),
        sortFn: (a: { original: Row }, b: { original: Row }) =>
          compare(column.value(a.original), column.value(b.original)),
        sortUndefined: 'last' as const,
      })),
    [columns],
  );
  const descending = order.startsWith('-');
  const sortedBy = descending ? order.slice(1) : order;
  const table = useTable({
    features,
    columns: definitions,
    data: props.rows as Row[],
    getRowId: rowKey,
    state: {
      globalFilter: filter,
      sorting: sortedBy === '' ? [] : [{ id: sortedBy, desc: descending }],
      columnVisibility: Object.fromEntries(hidden.map((column) => [column, false])),
    },
    globalFilterFn: (row, column, text) =>
      String(row.getValue(column) ?? '')
        .toLowerCase()
        .includes(String(text).toLowerCase()),
    getColumnCanGlobalFilter: () => true,
  });
  const {
    rows: shown,
    fresh,
    showFresh,
    handlers,
  } = useSteadyOrder(table.getRowModel().rows, `${order} ${filter}`);
  const visible = columns.filter((column) => !hidden.includes(column.id));
  const virtual = shown.length > virtualFrom;
  const virtualizer = useVirtualizer({
    count: virtual ? shown.length : 0,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowPixels,
    overscan: 12,
  });
  const items = virtual ? virtualizer.getVirtualItems() : [];
  const first = items.at(0)?.start ?? 0;
  const last = virtual ? virtualizer.getTotalSize() - (items.at(-1)?.end ?? 0) : 0;
  const drawn = virtual ? items.flatMap(({ index }) => shown[index] ?? []) : shown;

  if (props.rows.length === 0 && more?.hasMore !== true) return <>{empty}</>;
  return (
    <div className="table">
      {tools && (
        <div className="table-tools">
          <input
            type="search"
            className="table-filter"
            placeholder={t('filter')}
            aria-label={t('filter')}
            value={filter}
            onChange={(event) => setFilter(event.target.value)}
          />
          <span className="table-count" role="status">
            {filter === ''
              ? more?.hasMore === true
                ? t('moreOnBus', { count: props.rows.length })
                : t('all', { count: props.rows.length })
              : t('shown', { shown: shown.length, count: props.rows.length })}
          </span>
          {fresh > 0 && (
            <Button look="quiet" onClick={showFresh}>
              {t('fresh', { count: fresh })}
            </Button>
          )}
          <span className="space" />
          {actions}
          <Menu trigger={<IconButton icon="columns" label={t('columns')} />}>
            {columns.map((column) => (
              <MenuCheck
                key={column.id}
                checked={!hidden.includes(column.id)}
                onChange={(checked) => setHidden(column.id, !checked)}
              >
                {column.name}
              </MenuCheck>
            ))}
          </Menu>
          <IconButton
            icon="download"
            label={t('export')}
            onClick={() =>
              downloadCsv(
                id,
                visible.map(({ name }) => name),
                shown.map(({ original }) => visible.map((column) => column.value(original))),
              )
            }
          />
        </div>
      )}
      <section
        ref={scroller}
        className={`table-scroll${virtual ? ' virtual' : ''}`}
        aria-label={label}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys.
        tabIndex={0}
        {...handlers}
      >
        <table aria-rowcount={shown.length + 1}>
          <caption className="unseen">{label}</caption>
          <thead>
            <tr>
              {visible.map((column) => (
                <th
                  key={column.id}
                  scope="col"
                  className={column.numeric === true ? 'numeric' : ''}
                  aria-sort={sortedBy !== column.id ? undefined : descending ? 'descending' : 'ascending'}
                >
                  <button
                    type="button"
                    onClick={() => setOrder(nextOrder(order, column))}
                    title={t('sortBy', { column: column.name })}
                  >
                    {column.name}
                    <span aria-hidden="true" className="sort-mark">
                      {sortedBy !== column.id ? '' : descending ? '↓' : '↑'}
                    </span>
                  </button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {first > 0 && <tr className="spacer" style={{ height: first }} />}
            {drawn.map((row) => (
              <tr key={row.id}>
                {visible.map((column) => (
                  <td
                    key={column.id}
                    data-name={column.name}
                    className={column.numeric === true ? 'numeric' : column.wide === true ? 'wide' : ''}
                  >
                    {column.show === undefined ? text(column.value(row.original)) : column.show(row.original)}
                  </td>
                ))}
              </tr>
            ))}
            {last > 0 && <tr className="spacer" style={{ height: last }} />}
          </tbody>
        </table>
        {shown.length === 0 && <p className="loading">{t('nothingMatches')}</p>}
      </section>
      {more?.hasMore === true && (
        <Button onClick={() => more.load()} busy={more.busy}>
          {t('more')}
        </Button>
      )}
    </div>
  );
}

const text = (value: string | number | boolean | undefined): string =>
  value === undefined ? '–' : String(value);

/** Numbers before texts, and texts as people order them: `a2` before `a10`. */
function compare(a: string | number | boolean | undefined, b: string | number | boolean | undefined): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return collator.compare(String(a ?? ''), String(b ?? ''));
}

const collator = new Intl.Collator('en', { numeric: true });

/** A click sorts by the column, the other way around at the next; numbers begin with the largest. */
function nextOrder<Row extends object>(order: string, { id, numeric = false }: Column<Row>): string {
  const firstOrder = numeric ? `-${id}` : id;
  const otherOrder = numeric ? id : `-${id}`;
  return order === firstOrder ? otherOrder : firstOrder;
}
