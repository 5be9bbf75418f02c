import { Link } from 'wouter';
import type { Catalog } from '../../api/types.ts';
import { useList } from '../../api/use.ts';
import { useWords } from '../../app/words.ts';
import { Empty, Page } from '../../ui/basics.tsx';
import { Codes } from '../../ui/codes.tsx';
import { ListTable } from '../../ui/list-table.tsx';
import type { Column } from '../../ui/table.tsx';
import { whoMay } from './access.ts';
import { catalogWords } from './words.ts';

type Listed = Catalog['topics'][number];

/** Every topic, for anybody: where a team looks for the events that it needs. */
export default function CatalogPage() {
  const t = useWords(catalogWords);
  const list = useList<Catalog, Listed>('/catalog', ({ topics }) => topics, { limit: 200 });
  const columns: Column<Listed>[] = [
    {
      id: 'topic',
      name: t('topic'),
      value: ({ topic }) => topic,
      show: ({ topic }) => <Link href={`/catalog/${topic}`}>{topic}</Link>,
    },
    { id: 'description', name: t('description'), value: ({ description }) => description },
    { id: 'owner', name: t('owner'), value: ({ owner }) => owner },
    {
      id: 'types',
      name: t('types'),
      value: ({ types }) => types.join(' '),
      show: ({ types }) => <Types types={types} />,
    },
    { id: 'subscribe', name: t('subscribe'), value: ({ access }) => whoMay(access.subscribe, t) },
    { id: 'publish', name: t('publish'), value: ({ access }) => whoMay(access.publish, t), extra: true },
    {
      id: 'schema',
      name: t('schemaVersion'),
      value: ({ schemaVersion }) =>
        schemaVersion === undefined ? t('noSchema') : t('version', { version: schemaVersion }),
    },
  ];
  return (
    <Page title={t('title')} lead={t('lead')}>
      <ListTable
        id="catalog"
        label={t('title')}
        columns={columns}
        list={list}
        rowKey={({ topic }) => topic}
        empty={<Empty title={t('empty')}>{t('emptyNext')}</Empty>}
      />
    </Page>
  );
}

const typesShown = 4;

function Types({ types }: { readonly types: readonly string[] }) {
  const t = useWords(catalogWords);
  if (types.length === 0) return <small>{t('noTypes')}</small>;
  return <Codes values={types} most={typesShown} />;
}
