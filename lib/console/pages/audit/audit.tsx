import { Link, useSearchParams } from 'wouter';
import type { Audit } from '../../api/types.ts';
import { useList } from '../../api/use.ts';
import { useSearchParameter } from '../../app/address.ts';
import { useWords } from '../../app/words.ts';
import { Badge, Button, Empty, Page } from '../../ui/basics.tsx';
import { TextField, TimeField, timeOfField } from '../../ui/form.tsx';
import { Json } from '../../ui/json.tsx';
import { ListTable } from '../../ui/list-table.tsx';
import { useSettled } from '../../ui/settled.ts';
import type { Column } from '../../ui/table.tsx';
import { Time } from '../../ui/time.tsx';
import { auditWords } from './words.ts';

type Entry = Audit['entries'][number];

/** Who changed what. */
export default function AuditPage() {
  const t = useWords(auditWords);
  const [since, setSince] = useSearchParameter('since', '');
  const [until, setUntil] = useSearchParameter('until', '');
  const [application, setApplication] = useSearchParameter('application', '');
  const [target, setTarget] = useSearchParameter('target', '');
  const [, setParameters] = useSearchParams();
  const list = useList<Audit, Entry>('/audit', ({ entries }) => entries, {
    query: {
      since: timeOfField(since),
      until: timeOfField(until),
      application: useSettled(application.trim()),
      target: useSettled(target.trim()),
    },
    pollSeconds: 10,
    limit: 200,
  });
  const columns: Column<Entry>[] = [
    { id: 'at', name: t('at'), value: ({ at }) => at, show: ({ at }) => <Time at={at} /> },
    {
      id: 'by',
      name: t('by'),
      value: ({ by }) => by.application,
      show: ({ by }) => (
        <span>
          {by.application} <small>{by.role}</small>
        </span>
      ),
    },
    { id: 'key', name: t('key'), value: ({ by }) => by.keyId, extra: true },
    { id: 'call', name: t('call'), value: ({ call }) => call, show: ({ call }) => <code>{call}</code> },
    {
      id: 'target',
      name: t('what'),
      value: (entry) => entry.target,
      show: (entry) => <Target target={entry.target} />,
    },
    {
      id: 'status',
      name: t('status'),
      value: ({ status }) => status,
      show: ({ status, count }) => (
        <span className="codes">
          <Badge tone={status === 0 ? 'warn' : status < 400 ? 'good' : 'bad'}>
            {status === 0 ? t('unfinished') : status}
          </Badge>
          {count !== undefined && <small>×{count}</small>}
        </span>
      ),
    },
    { id: 'count', name: t('count'), value: ({ count }) => count, numeric: true, extra: true },
    {
      id: 'change',
      name: t('change'),
      value: ({ change }) => (change === undefined ? undefined : JSON.stringify(change)),
      show: ({ change }) => (change === undefined ? '–' : <Change change={change} />),
    },
    { id: 'request', name: t('request'), value: ({ requestId }) => requestId, extra: true },
  ];
  return (
    <Page title={t('title')} lead={t('lead')}>
      <search className="fields" aria-label={t('filters')}>
        <TimeField label={t('since')} value={since} onChange={setSince} />
        <TimeField label={t('until')} value={until} onChange={setUntil} />
        <TextField label={t('application')} value={application} onChange={setApplication} />
        <TextField label={t('target')} hint={t('targetHint')} value={target} onChange={setTarget} />
        <Button onClick={() => setParameters(new URLSearchParams(), { replace: true })}>{t('clear')}</Button>
      </search>
      <ListTable
        id="audit"
        label={t('title')}
        columns={columns}
        list={list}
        rowKey={(entry) => `${entry.at} ${entry.requestId} ${entry.call} ${entry.target}`}
        empty={<Empty title={t('empty')}>{t('emptyNext')}</Empty>}
      />
    </Page>
  );
}

/** Leads to what was changed, where it has a page. */
function Target({ target }: { readonly target: string }) {
  const [, noun, name] = /^(topics|receivers|applications|requests)\/([^/]+)/.exec(target) ?? [];
  if (noun === undefined || name === undefined) return <code>{target}</code>;
  return <Link href={`/${noun}/${encodeURIComponent(name)}`}>{target}</Link>;
}

/** A change of one line is shown; a larger one opens. */
const lineCharactersMax = 60;

function Change({ change }: { readonly change: NonNullable<Entry['change']> }) {
  const t = useWords(auditWords);
  const text = JSON.stringify(change);
  if (text.length <= lineCharactersMax) return <code>{text}</code>;
  return (
    <details>
      <summary>
        <code>{text.slice(0, lineCharactersMax)}…</code>
      </summary>
      <Json value={change} label={t('change')} />
    </details>
  );
}
