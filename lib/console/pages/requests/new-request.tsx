import { type FormEvent, useState } from 'react';
import { useLocation } from 'wouter';
import type { Catalog, Receivers, Request } from '../../api/types.ts';
import { useChange, useRead } from '../../api/use.ts';
import { useSearchParameter } from '../../app/address.ts';
import { useWords } from '../../app/words.ts';
import { Button, Page, Problem, Section } from '../../ui/basics.tsx';
import { ChoiceField, JsonField, readJson, TextField } from '../../ui/form.tsx';
import { quotaNames } from '../applications/quotas.ts';
import { FilterEditor } from '../catalog/filter-editor.tsx';
import { requestWords } from './words.ts';

type Kind = Request['kind'];

/** Asks for something; what for is in the address, so that the catalogue leads here. */
export default function NewRequestPage() {
  const t = useWords(requestWords);
  const [, go] = useLocation();
  const [asked, setKind] = useSearchParameter('kind', 'subscribe');
  const kind = (['subscribe', 'publish', 'topic', 'quotas'].includes(asked) ? asked : 'subscribe') as Kind;
  const [topic, setTopic] = useSearchParameter('topic', '');
  const [receiver, setReceiver] = useSearchParameter('receiver', '');
  const [filter, setFilter] = useSearchParameter('filter', '');
  const [reason, setReason] = useState('');
  const [description, setDescription] = useState('');
  const [schema, setSchema] = useState('');
  const [quotas, setQuotas] = useState<Readonly<Record<string, string>>>({});
  const topics = useRead<Catalog>('/catalog', { query: { limit: 1000 } }).data?.topics ?? [];
  const receivers = useRead<Receivers>('/receivers', { query: { limit: 1000 } }).data?.receivers ?? [];
  const ask = useChange<string, Request>(
    (body) => ({ method: 'POST', at: '/requests', body }),
    () => ['/requests', '/topics'],
  );
  const parts = partsOf(kind, { topic, receiver, filter, description, schema, quotas });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (parts === undefined) return;
    const all = [
      `"kind":${JSON.stringify(kind)}`,
      ...parts,
      ...(reason.trim() === '' ? [] : [`"reason":${JSON.stringify(reason.trim())}`]),
    ];
    ask.mutate(`{${all.join(',')}}`, {
      onSuccess: ({ id }) => go(`/requests/${encodeURIComponent(id)}`),
    });
  };
  return (
    <Page title={t('make')} trail={[{ to: '/requests', name: t('title') }]}>
      <form onSubmit={submit}>
        <Section title={t('make')}>
          <div className="grid">
            <ChoiceField
              label={t('kind')}
              value={kind}
              choices={{
                subscribe: t('subscribe'),
                publish: t('publish'),
                topic: t('makeTopic'),
                quotas: t('quotas'),
              }}
              onChange={setKind}
            />
            {kind !== 'quotas' && (
              <TextField
                label={t('topic')}
                value={topic}
                onChange={setTopic}
                suggestions={kind === 'topic' ? [] : topics.map((each) => each.topic)}
                required
              />
            )}
            {kind === 'subscribe' && (
              <TextField
                label={t('receiver')}
                hint={t('receiverHint')}
                value={receiver}
                onChange={setReceiver}
                suggestions={receivers.map((each) => each.receiver)}
                required
              />
            )}
            {kind === 'topic' && (
              <TextField label={t('description')} value={description} onChange={setDescription} />
            )}
            <TextField label={t('reason')} hint={t('reasonHint')} value={reason} onChange={setReason} />
          </div>
          {kind === 'subscribe' && <FilterEditor topic={topic} filter={filter} onChange={setFilter} />}
          {kind === 'topic' && (
            <JsonField
              label={t('schema')}
              hint={t('schemaHint')}
              value={schema}
              onChange={setSchema}
              rows={12}
            />
          )}
          {kind === 'quotas' && (
            <div className="grid">
              {quotaNames.map((name) => (
                <TextField
                  key={name}
                  type="number"
                  label={name}
                  hint={t('quotaHint')}
                  value={quotas[name] ?? ''}
                  onChange={(value) => setQuotas({ ...quotas, [name]: value })}
                />
              ))}
            </div>
          )}
          {ask.error !== null && <Problem error={ask.error} />}
          <div className="actions">
            <Button
              type="submit"
              look="primary"
              icon="send"
              busy={ask.isPending}
              disabled={parts === undefined}
            >
              {t('ask')}
            </Button>
          </div>
        </Section>
      </form>
    </Page>
  );
}

/**
 * The members of the body for a kind, as JSON text: a filter and a schema go as they were typed.
 * @returns undefined while something is missing, or is no JSON.
 */
function partsOf(
  kind: Kind,
  form: {
    readonly topic: string;
    readonly receiver: string;
    readonly filter: string;
    readonly description: string;
    readonly schema: string;
    readonly quotas: Readonly<Record<string, string>>;
  },
): readonly string[] | undefined {
  const topic = form.topic.trim();
  const named = `"topic":${JSON.stringify(topic)}`;
  if (kind === 'quotas') {
    const wanted = Object.entries(form.quotas).filter(([, value]) => value.trim() !== '');
    const numbers = Object.fromEntries(wanted.map(([name, value]) => [name, Number(value)]));
    return wanted.length === 0 ? undefined : [`"quotas":${JSON.stringify(numbers)}`];
  }
  if (topic === '') return undefined;
  if (kind === 'publish') return [named];
  if (kind === 'subscribe') {
    if (form.receiver.trim() === '' || !readJson(form.filter).ok) return undefined;
    return [
      named,
      `"receiver":${JSON.stringify(form.receiver.trim())}`,
      ...(form.filter.trim() === '' ? [] : [`"filter":${form.filter}`]),
    ];
  }
  if (!readJson(form.schema).ok) return undefined;
  const spec = [
    ...(form.description.trim() === '' ? [] : [`"description":${JSON.stringify(form.description.trim())}`]),
    ...(form.schema.trim() === '' ? [] : [`"schema":${form.schema}`]),
  ];
  return spec.length === 0 ? [named] : [named, `"spec":{${spec.join(',')}}`];
}
