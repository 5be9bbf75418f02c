import { useState } from 'react';
import { path } from '../../api/call.ts';
import { useRights } from '../../api/me.ts';
import type { Keys as KeyList, NewKey } from '../../api/types.ts';
import { useChange, useList } from '../../api/use.ts';
import { useWords } from '../../app/words.ts';
import { Badge, Button, Copy, Empty, Loading, Problem, Section } from '../../ui/basics.tsx';
import { Codes } from '../../ui/codes.tsx';
import { Confirm, Dialog, DialogForm } from '../../ui/dialog.tsx';
import { ChoiceField, TextField, TimeField, timeOfField } from '../../ui/form.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { Time } from '../../ui/time.tsx';
import { useToast } from '../../ui/toasts.tsx';
import { keyWords } from './words.ts';

type Row = KeyList['keys'][number];

/** The keys of an application, without the keys themselves. */
export function Keys({
  application,
  isManaged,
}: {
  readonly application: string;
  readonly isManaged: boolean;
}) {
  const t = useWords(keyWords);
  const toast = useToast();
  const [making, setMaking] = useState(false);
  const [revoked, setRevoked] = useState<Row | undefined>();
  const at = path`/applications/${application}/keys`;
  const list = useList<KeyList, Row>(at, ({ keys }) => keys, { pollSeconds: 30, limit: 500 });
  const revoke = useChange<Row>(
    ({ keyId }) => ({ method: 'DELETE', at: path`/applications/${application}/keys/${keyId}` }),
    () => [path`/applications/${application}`],
  );
  const columns: Column<Row>[] = [
    { id: 'name', name: t('name'), value: ({ name }) => name },
    {
      id: 'role',
      name: t('role'),
      value: ({ role }) => role,
      show: ({ role, session }) => (
        <span className="codes">
          <Badge tone={role === 'admin' ? 'warn' : 'info'}>{role}</Badge>
          {session === true && <small>{t('session')}</small>}
        </span>
      ),
    },
    {
      id: 'scopes',
      name: t('scopes'),
      value: ({ scopes }) => scopes?.join(' '),
      show: ({ scopes }) =>
        scopes === undefined ? <small>{t('allScopes')}</small> : <Codes values={scopes} />,
    },
    {
      id: 'created',
      name: t('created'),
      value: ({ createdAt }) => createdAt,
      show: ({ createdAt }) => <Time at={createdAt} />,
    },
    { id: 'lastUsed', name: t('lastUsed'), value: ({ lastUsedOn }) => lastUsedOn },
    {
      id: 'expires',
      name: t('expires'),
      value: ({ expiresAt }) => expiresAt,
      show: ({ expiresAt }) => (expiresAt === undefined ? '–' : <Time at={expiresAt} />),
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
    <Section
      title={t('keys')}
      actions={
        isManaged && (
          <Button look="primary" icon="key" onClick={() => setMaking(true)}>
            {t('make')}
          </Button>
        )
      }
    >
      {list.error !== null && <Problem error={list.error} retry={() => void list.refetch()} />}
      {list.isPending ? (
        <Loading />
      ) : (
        list.error === null && (
          <Table
            id="keys"
            label={t('keys')}
            columns={columns}
            rows={list.items}
            rowKey={({ keyId }) => keyId}
            empty={<Empty title={t('empty')}>{t('emptyNext')}</Empty>}
            more={list.more}
          />
        )
      )}
      <Dialog open={making} onClose={() => setMaking(false)} title={t('make')}>
        {making && <Make application={application} onClose={() => setMaking(false)} />}
      </Dialog>
      <Confirm
        open={revoked !== undefined}
        onClose={() => setRevoked(undefined)}
        title={t('revokeTitle', { name: revoked?.name ?? '' })}
        action={t('revoke')}
        change={revoke}
        input={revoked}
        onDone={() => toast(t('revoked', { name: revoked?.name ?? '' }))}
      >
        <p>{t('revokeLead')}</p>
      </Confirm>
    </Section>
  );
}

function Make({ application, onClose }: { readonly application: string; readonly onClose: () => void }) {
  const t = useWords(keyWords);
  const { me, isAdmin } = useRights();
  const [name, setName] = useState('');
  const [role, setRole] = useState<Row['role']>('member');
  const [scopes, setScopes] = useState('');
  const [expiresAt, setExpiresAt] = useState('');
  const make = useChange<Record<string, unknown>, NewKey>(
    (spec) => ({ method: 'POST', at: path`/applications/${application}/keys`, body: spec }),
    () => [path`/applications/${application}`],
  );
  if (make.data !== undefined) return <Shown made={make.data} onClose={onClose} />;
  const given = scopes.split(/[\s,]+/).filter((scope) => scope !== '');
  const until = timeOfField(expiresAt);
  return (
    <DialogForm
      onSubmit={() =>
        make.mutate({
          name: name.trim(),
          role,
          ...(given.length > 0 && { scopes: given }),
          ...(until !== undefined && { expiresAt: until }),
        })
      }
      onCancel={onClose}
      action={t('make')}
      busy={make.isPending}
      ready={name.trim() !== ''}
      error={make.error}
    >
      <TextField label={t('name')} hint={t('nameHint')} value={name} onChange={setName} required />
      <ChoiceField
        label={t('role')}
        value={role}
        choices={
          {
            member: t('member'),
            viewer: t('viewer'),
            ...(isAdmin && { admin: t('admin') }),
          } as Record<Row['role'], string>
        }
        onChange={setRole}
      />
      <TextField
        label={t('scopes')}
        hint={t('scopesHint')}
        value={scopes}
        onChange={setScopes}
        suggestions={me?.scopes ?? []}
      />
      <TimeField label={t('expires')} hint={t('expiresHint')} value={expiresAt} onChange={setExpiresAt} />
    </DialogForm>
  );
}

/** A key that was just made: only here, and only in the memory of this dialog. */
function Shown({ made, onClose }: { readonly made: NewKey; readonly onClose: () => void }) {
  const t = useWords(keyWords);
  return (
    <div className="stack">
      <p role="status">
        <strong>{t('shownOnce')}</strong> {t('shownOnceNext')}
      </p>
      <p className="secret">
        <code>{made.key}</code>
        <Copy text={made.key} label={t('copy')} />
      </p>
      <div className="actions">
        <Button look="primary" onClick={onClose}>
          {t('done')}
        </Button>
      </div>
    </div>
  );
}
