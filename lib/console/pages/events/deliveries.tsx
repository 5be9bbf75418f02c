import { type FormEvent, useState } from 'react';
import { useLocation, useSearchParams } from 'wouter';
import { useSearchParameter } from '../../app/address.ts';
import { useWords } from '../../app/words.ts';
import { Button, Page } from '../../ui/basics.tsx';
import { TextField, TimeField, timeOfField } from '../../ui/form.tsx';
import { useSettled } from '../../ui/settled.ts';
import { Deliveries } from './deliveries-table.tsx';
import { deliveriesWords } from './deliveries-words.ts';
import { StateField } from './state-field.tsx';

/** The latest attempts, live; each leads to the whole story of its event. */
export default function DeliveriesPage() {
  const t = useWords(deliveriesWords);
  const [receiver, setReceiver] = useSearchParameter('receiver', '');
  const [topic, setTopic] = useSearchParameter('topic', '');
  const [state, setState] = useSearchParameter('state', '');
  const [type, setType] = useSearchParameter('type', '');
  const [since, setSince] = useSearchParameter('since', '');
  const [until, setUntil] = useSearchParameter('until', '');
  const [, setParameters] = useSearchParams();
  const query = {
    receiver: useSettled(receiver.trim()),
    topic: useSettled(topic.trim()),
    type: useSettled(type.trim()),
    state,
    since: timeOfField(since),
    until: timeOfField(until),
  };
  return (
    <Page title={t('title')} lead={t('lead')} actions={<OpenById />}>
      <search className="fields" aria-label={t('filters')}>
        <TextField label={t('receiver')} value={receiver} onChange={setReceiver} />
        <TextField label={t('topic')} value={topic} onChange={setTopic} />
        <StateField value={state} onChange={setState} />
        <TextField label={t('type')} value={type} onChange={setType} />
        <TimeField label={t('since')} value={since} onChange={setSince} />
        <TimeField label={t('until')} value={until} onChange={setUntil} />
        <Button onClick={() => setParameters(new URLSearchParams(), { replace: true })}>{t('clear')}</Button>
      </search>
      <Deliveries key={JSON.stringify(query)} query={query} isBounded={query.until !== undefined} />
    </Page>
  );
}

function OpenById() {
  const t = useWords(deliveriesWords);
  const [, go] = useLocation();
  const [id, setId] = useState('');
  const open = (event: FormEvent) => {
    event.preventDefault();
    if (id.trim() !== '') go(`/events/${encodeURIComponent(id.trim())}`);
  };
  return (
    <form onSubmit={open} className="actions" aria-label={t('openById')}>
      <input
        type="search"
        aria-label={t('id')}
        placeholder={t('id')}
        value={id}
        onChange={(event) => setId(event.target.value)}
        spellCheck={false}
      />
      <Button type="submit">{t('open')}</Button>
    </form>
  );
}
