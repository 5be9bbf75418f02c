import type { CallError } from '../api/call.ts';
import { Loading, Problem } from './basics.tsx';
import { type More, Table, type TableProps } from './table.tsx';

/** What `useList` gives. */
interface List<Row> {
  readonly items: readonly Row[];
  readonly error: CallError | null;
  readonly isPending: boolean;
  readonly more: More;
  refetch(): unknown;
}

/** A list of the API as a table: what was refused, that it is being read, its rows, and those that the bus has besides. */
export function ListTable<Row extends object>({
  list,
  ...table
}: Omit<TableProps<Row>, 'rows' | 'more'> & { readonly list: List<Row> }) {
  return (
    <>
      {list.error !== null && <Problem error={list.error} retry={() => void list.refetch()} />}
      {list.isPending ? <Loading /> : <Table {...table} rows={list.items} more={list.more} />}
    </>
  );
}
