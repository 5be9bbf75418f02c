import { useState } from 'react';
import { Link } from 'wouter';
import { path } from '../../api/call.ts';
import type { Grants as Granted } from '../../api/types.ts';
import { useChange, useList } from '../../api/use.ts';
import { useWords } from '../../app/words.ts';
import { Button, Empty, Section } from '../../ui/basics.tsx';
import { Confirm } from '../../ui/dialog.tsx';
import { CheckField } from '../../ui/form.tsx';
import { ListTable } from '../../ui/list-table.tsx';
import type { Column } from '../../ui/table.tsx';
import { Time } from '../../ui/time.tsx';
import { subscriberWords } from './subscriber-words.ts';

type Row = Granted['grants'][number];

/** What other applications may do with a topic, because a request of theirs was approved. */
export function Grants({ topic, isManaged }: { readonly topic: string; readonly isManaged: boolean }) {
  const t = useWords(subscriberWords);
  const [revoked, setRevoked] = useState<Row | undefined>();
  const [drop, setDrop] = useState(false);
  const list = useList<Granted, Row>(path`/topics/${topic}/grants`, ({ grants }) => grants);
  const revoke = useChange<{ application: string; drop: boolean }>(
    (given) => ({
      method: 'DELETE',
      at: path`/topics/${topic}/grants/${given.application}`,
      query: { drop: given.drop ? true : undefined },
    }),
    () => [path`/topics/${topic}`, '/receivers', '/events'],
  );
  const columns: Column<Row>[] = [
    {
      id: 'application',
      name: t('application'),
      value: ({ application }) => application,
      show: ({ application }) => <Link href={`/applications/${application}`}>{application}</Link>,
    },
    {
      id: 'publish',
      name: t('mayPublish'),
      value: ({ publish }) => publish?.at,
      show: ({ publish }) =>
        publish === undefined ? (
          '–'
        ) : (
          <Link href={`/requests/${encodeURIComponent(publish.request)}`}>
            <Time at={publish.at} />
          </Link>
        ),
    },
    {
      id: 'subscribe',
      name: t('maySubscribe'),
      value: ({ subscribe = {} }) => Object.keys(subscribe).join(' '),
      show: ({ subscribe = {} }) => (
        <span className="codes">
          {Object.entries(subscribe).map(([receiver, { request }]) => (
            <Link key={receiver} href={`/requests/${encodeURIComponent(request)}`}>
              {receiver}
            </Link>
          ))}
        </span>
      ),
    },
    {
      id: 'actions',
      name: t('actions'),
      value: () => undefined,
      show: (row) =>
        isManaged && (
          <Button look="danger" onClick={() => setRevoked(row)}>
            {t('revoke')}
          </Button>
        ),
    },
  ];
  return (
    <Section title={t('grants')}>
      <ListTable
        id="grants"
        label={t('grants')}
        columns={columns}
        list={list}
        rowKey={({ application }) => application}
        tools={false}
        empty={<Empty title={t('noGrants')}>{t('noGrantsNext')}</Empty>}
      />
      <Confirm
        open={revoked !== undefined}
        onClose={() => setRevoked(undefined)}
        title={t('revokeTitle', { application: revoked?.application ?? '' })}
        action={t('revoke')}
        change={revoke}
        input={{ application: revoked?.application, drop }}
      >
        <p>{t('revokeLead', { topic })}</p>
        <CheckField label={t('drop')} hint={t('dropHint')} checked={drop} onChange={setDrop} />
      </Confirm>
    </Section>
  );
}
