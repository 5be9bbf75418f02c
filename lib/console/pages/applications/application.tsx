import { Link } from 'wouter';
import { path } from '../../api/call.ts';
import { useRights } from '../../api/me.ts';
import type { ApplicationAndUsage } from '../../api/types.ts';
import { useRead } from '../../api/use.ts';
import { usePreferences } from '../../app/preferences.ts';
import { formatNumber, useWords } from '../../app/words.ts';
import { Facts, Loading, Page, Problem, Section } from '../../ui/basics.tsx';
import { Tabs } from '../../ui/tabs.tsx';
import { Time } from '../../ui/time.tsx';
import { Keys } from './keys.tsx';
import { quotaDefaults, quotaNames } from './quotas.ts';
import { Settings } from './settings.tsx';
import { Usage } from './usage.tsx';
import { applicationWords } from './words.ts';

/** An application: whom it concerns, what it uses of its quotas, its keys and its cost. */
export default function ApplicationPage({
  application: name = '',
  part = 'overview',
}: {
  readonly application?: string;
  readonly part?: string;
}) {
  const t = useWords(applicationWords);
  const { manages } = useRights();
  const read = useRead<ApplicationAndUsage>(path`/applications/${name}`, { pollSeconds: 15 });
  const application = read.data;
  const base = `/applications/${name}`;
  const isManaged = manages(name);
  const tabs = [
    { to: base, name: t('overview') },
    { to: `${base}/keys`, name: t('keys') },
    { to: `${base}/usage`, name: t('usage') },
    ...(isManaged ? [{ to: `${base}/settings`, name: t('settings') }] : []),
  ];
  return (
    <Page title={name} lead={application?.description} trail={[{ to: '/applications', name: t('title') }]}>
      <Tabs label={t('parts')} tabs={tabs} at={part === 'overview' ? base : `${base}/${part}`} />
      {read.error !== null && <Problem error={read.error} retry={() => void read.refetch()} />}
      {part === 'keys' ? (
        <Keys application={name} isManaged={isManaged} />
      ) : part === 'usage' ? (
        <Usage application={name} />
      ) : application === undefined ? (
        read.error === null && <Loading />
      ) : part === 'settings' ? (
        <Settings application={application} />
      ) : (
        <Overview application={application} />
      )}
    </Page>
  );
}

function Overview({ application }: { readonly application: ApplicationAndUsage }) {
  const t = useWords(applicationWords);
  const { acts } = useRights();
  const { parent, children = [], contacts = [] } = application;
  const to = (name: string) => (
    <Link key={name} href={`/applications/${name}`}>
      {name}
    </Link>
  );
  return (
    <>
      <Section title={t('about')}>
        {application.declared === true && <p className="lead">{t('declared')}</p>}
        <Facts
          facts={[
            [t('contacts'), contacts.length === 0 ? t('none') : contacts.join(', ')],
            [t('parent'), parent === undefined ? t('none') : to(parent)],
            [
              t('children'),
              children.length === 0 ? (
                t('none')
              ) : (
                <span key="children" className="codes">
                  {children.map(to)}
                </span>
              ),
            ],
            [t('created'), <Time key="created" at={application.createdAt} />],
            [t('updated'), <Time key="updated" at={application.updatedAt} />],
            [
              t('owned'),
              <span key="owned" className="codes">
                <Link href={`/topics?topics.q=${application.application}`}>{t('topics')}</Link>
                <Link href={`/receivers?receivers.q=${application.application}`}>{t('receivers')}</Link>
                <Link href={`/audit?application=${application.application}`}>{t('audit')}</Link>
              </span>,
            ],
          ]}
        />
      </Section>
      <Section
        title={t('quotas')}
        actions={
          acts && (
            <Link className="button" href="/requests/new?kind=quotas">
              {t('askMore')}
            </Link>
          )
        }
      >
        <p className="lead">{t('quotasHint')}</p>
        <Quotas application={application} />
      </Section>
    </>
  );
}

/** Of this part on, a quota looks as if it is about to be reached. */
const nearlyUsed = 0.8;

function Quotas({ application: { quotas = {}, usage } }: { readonly application: ApplicationAndUsage }) {
  const t = useWords(applicationWords);
  const { language } = usePreferences();
  return (
    <ul className="plain quotas">
      {quotaNames.map((name) => {
        const most = quotas[name] ?? quotaDefaults[name];
        const used = name === 'publishPerSecond' ? undefined : usage[name];
        return (
          <li key={name}>
            <code>{name}</code>
            {used === undefined ? (
              <span />
            ) : (
              <meter
                min={0}
                max={Math.max(most, 1)}
                high={most * nearlyUsed}
                optimum={0}
                value={Math.min(used, most)}
                aria-label={name}
              />
            )}
            <span>
              {used === undefined ? formatNumber(most, language) : t('used', { used, most })}{' '}
              {quotas[name] === undefined && <small>{t('preset')}</small>}
            </span>
          </li>
        );
      })}
    </ul>
  );
}
