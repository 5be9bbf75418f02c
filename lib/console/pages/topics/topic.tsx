import { Link } from 'wouter';
import { path } from '../../api/call.ts';
import { useRights } from '../../api/me.ts';
import type { Topic } from '../../api/types.ts';
import { useRead } from '../../api/use.ts';
import { usePreferences } from '../../app/preferences.ts';
import { useWords } from '../../app/words.ts';
import { Badge, Facts, Loading, Page, Problem, Section } from '../../ui/basics.tsx';
import { Tabs } from '../../ui/tabs.tsx';
import { duration, Time } from '../../ui/time.tsx';
import { common } from '../../ui/words.ts';
import { whoMay } from '../catalog/access.ts';
import { HoldPart } from './hold.tsx';
import { holdTone } from './hold-state.ts';
import { TopicPlot } from './plot.tsx';
import { Settings } from './settings.tsx';
import { Subscribers } from './subscribers.tsx';
import { orderOf } from './topics.tsx';
import { topicWords } from './words.ts';

/** A topic for those who own it. */
export default function TopicPage({
  topic: name = '',
  part = 'overview',
}: {
  readonly topic?: string;
  readonly part?: string;
}) {
  const t = useWords(topicWords);
  const { manages, owns } = useRights();
  const read = useRead<Topic>(path`/topics/${name}`, { pollSeconds: 10 });
  const topic = read.data;
  const base = `/topics/${name}`;
  const isManaged = topic !== undefined && manages(topic.owner);
  const tabs = [
    { to: base, name: t('overview') },
    { to: `${base}/subscribers`, name: t('subscribers') },
    { to: `${base}/hold`, name: t('hold') },
    ...(isManaged ? [{ to: `${base}/settings`, name: t('settings') }] : []),
  ];
  return (
    <Page
      title={name}
      lead={topic?.description}
      trail={[{ to: '/topics', name: t('title') }]}
      actions={
        <>
          {topic?.hold !== undefined && topic.hold.state !== 'released' && (
            <Badge tone={holdTone(topic.hold.state)}>{topic.hold.state}</Badge>
          )}
          <Link className="button" href={`/catalog/${name}`}>
            {t('inCatalog')}
          </Link>
        </>
      }
    >
      <Tabs label={t('parts')} tabs={tabs} at={part === 'overview' ? base : `${base}/${part}`} />
      {read.error !== null && (
        <>
          <Problem error={read.error} retry={() => void read.refetch()} />
          {read.error.status === 403 && <p>{t('notYours')}</p>}
        </>
      )}
      {topic === undefined ? (
        read.error === null && <Loading />
      ) : part === 'subscribers' ? (
        <Subscribers topic={topic} isManaged={isManaged} />
      ) : part === 'hold' ? (
        <HoldPart topic={topic} isManaged={isManaged} />
      ) : part === 'settings' ? (
        <Settings topic={topic} />
      ) : (
        <>
          <About topic={topic} />
          {owns(topic.owner) && <TopicPlot topic={name} />}
        </>
      )}
    </Page>
  );
}

function About({ topic }: { readonly topic: Topic }) {
  const t = useWords(topicWords);
  const c = useWords(common);
  const { language } = usePreferences();
  const { access = {}, dedupSeconds = 0 } = topic;
  return (
    <Section title={t('facts')}>
      {topic.declared && <p className="lead">{t('declared')}</p>}
      <Facts
        facts={[
          [
            t('owner'),
            <Link key="owner" href={`/applications/${topic.owner}`}>
              {topic.owner}
            </Link>,
          ],
          [t('publish'), whoMay(access.publish ?? 'owner', t)],
          [t('subscribe'), whoMay(access.subscribe ?? 'request', t)],
          [t('ordered'), orderOf(topic.ordered, t)],
          [t('dedup'), dedupSeconds === 0 ? t('dedupNo') : duration(dedupSeconds, language)],
          [t('cancellable'), topic.cancellable === false ? c('no') : c('yes')],
          [t('trace'), topic.trace ?? t('none')],
          [t('schemaVersion'), topic.schemaVersion ?? c('none')],
          [t('created'), <Time key="created" at={topic.createdAt} />],
          [t('updated'), <Time key="updated" at={topic.updatedAt} />],
        ]}
      />
    </Section>
  );
}
