import { Link } from 'wouter';
import type { Receivers } from '../../api/types.ts';
import { useList } from '../../api/use.ts';
import { useWords } from '../../app/words.ts';
import { Badge, Empty, Page } from '../../ui/basics.tsx';
import { ListTable } from '../../ui/list-table.tsx';
import type { Column } from '../../ui/table.tsx';
import { stateTone } from './state.ts';
import { receiverWords } from './words.ts';

type Listed = Receivers['receivers'][number];

/** Every receiver that the caller sees. */
export default function ReceiversPage() {
  const t = useWords(receiverWords);
  const list = useList<Receivers, Listed>('/receivers', ({ receivers }) => receivers, {
    pollSeconds: 10,
    limit: 1000,
  });
  const columns: Column<Listed>[] = [
    {
      id: 'receiver',
      name: t('receiver'),
      value: ({ receiver }) => receiver,
      show: ({ receiver }) => <Link href={`/receivers/${receiver}`}>{receiver}</Link>,
    },
    {
      id: 'state',
      name: t('state'),
      value: ({ state }) => state,
      show: ({ state }) => <Badge tone={stateTone(state)}>{state}</Badge>,
    },
    { id: 'owner', name: t('owner'), value: ({ owner }) => owner },
    {
      id: 'endpoint',
      name: t('sendsTo'),
      value: (row) => row.endpoint,
      show: (row) => <code>{row.endpoint}</code>,
    },
  ];
  return (
    <Page title={t('title')} lead={t('lead')}>
      <ListTable
        id="receivers"
        label={t('title')}
        columns={columns}
        list={list}
        rowKey={({ receiver }) => receiver}
        empty={<Empty title={t('empty')}>{t('emptyNext')}</Empty>}
      />
    </Page>
  );
}
