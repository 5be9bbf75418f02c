import { Link } from 'wouter';
import { path } from '../../api/call.ts';
import { useRights } from '../../api/me.ts';
import type { CatalogTopic } from '../../api/types.ts';
import { useRead } from '../../api/use.ts';
import { useSearchParameter } from '../../app/address.ts';
import { useWords } from '../../app/words.ts';
import { Empty, Facts, Loading, Page, Problem, Section } from '../../ui/basics.tsx';
import { Codes } from '../../ui/codes.tsx';
import { TimeField, timeOfField } from '../../ui/form.tsx';
import { Json } from '../../ui/json.tsx';
import { Tabs } from '../../ui/tabs.tsx';
import { whoMay } from './access.ts';
import { FilterEditor } from './filter-editor.tsx';
import { Schema } from './schema.tsx';
import { TestEvent } from './test-event.tsx';
import { catalogWords, tryWords } from './words.ts';

/** A topic as anybody finds it: what its events are, and what one may try before asking for them. */
export default function CatalogTopicPage({
  topic: name = '',
  part = 'about',
}: {
  readonly topic?: string;
  readonly part?: string;
}) {
  const t = useWords(catalogWords);
  const { acts } = useRights();
  const [version] = useSearchParameter('version', '');
  const read = useRead<CatalogTopic>(path`/catalog/${name}`, { query: { version }, keep: true });
  const base = `/catalog/${name}`;
  const tabs = [
    { to: base, name: t('about') },
    { to: `${base}/filter`, name: t('tryFilter') },
    ...(acts ? [{ to: `${base}/test`, name: t('testEvent') }] : []),
  ];
  return (
    <Page
      title={name}
      lead={read.data?.description}
      trail={[{ to: '/catalog', name: t('title') }]}
      actions={
        <>
          {acts && (
            <Link className="button primary" href={`/requests/new?topic=${name}`}>
              {t('ask')}
            </Link>
          )}
          <Link className="button" href={`/topics/${name}`}>
            {t('manage')}
          </Link>
        </>
      }
    >
      <Tabs label={t('parts')} tabs={tabs} at={part === 'about' ? base : `${base}/${part}`} />
      {read.error !== null && <Problem error={read.error} retry={() => void read.refetch()} />}
      {read.data === undefined ? (
        read.error === null && <Loading />
      ) : part === 'filter' ? (
        <TryFilter topic={name} />
      ) : part === 'test' ? (
        <TestEvent key={name} topic={read.data} />
      ) : (
        <About topic={read.data} />
      )}
    </Page>
  );
}

function About({ topic }: { readonly topic: CatalogTopic }) {
  const t = useWords(catalogWords);
  return (
    <>
      <Section title={t('about')}>
        <Facts
          facts={[
            [t('owner'), topic.owner],
            [t('publish'), whoMay(topic.access.publish, t)],
            [t('subscribe'), whoMay(topic.access.subscribe, t)],
            [
              t('types'),
              topic.types.length === 0 ? t('noTypes') : <Codes key="types" values={topic.types} />,
            ],
          ]}
        />
      </Section>
      <Schema topic={topic} />
      {topic.schema !== undefined && (
        <Section title={t('example')}>
          {topic.example === undefined ? (
            <Empty title={t('noExample')} />
          ) : (
            <Json value={topic.example} label={t('example')} />
          )}
        </Section>
      )}
    </>
  );
}

function TryFilter({ topic }: { readonly topic: string }) {
  const t = useWords(tryWords);
  const { acts } = useRights();
  const [filter, setFilter] = useSearchParameter('filter', '');
  const [since, setSince] = useSearchParameter('since', '');
  const [until, setUntil] = useSearchParameter('until', '');
  return (
    <Section
      title={t('tryOut')}
      actions={
        acts && (
          <Link className="button" href={`/requests/new?topic=${topic}&filter=${encodeURIComponent(filter)}`}>
            {t('askWith')}
          </Link>
        )
      }
    >
      <div className="fields">
        <TimeField label={t('since')} value={since} onChange={setSince} />
        <TimeField label={t('until')} value={until} onChange={setUntil} />
      </div>
      <FilterEditor
        topic={topic}
        filter={filter}
        onChange={setFilter}
        period={{ since: timeOfField(since), until: timeOfField(until) }}
      />
    </Section>
  );
}
