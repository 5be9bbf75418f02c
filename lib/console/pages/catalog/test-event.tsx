import { useState } from 'react';
import { Link } from 'wouter';
import { path } from '../../api/call.ts';
import type { CatalogTopic, DryRun, Published } from '../../api/types.ts';
import { useChange } from '../../api/use.ts';
import { useWords } from '../../app/words.ts';
import { Badge, Button, Problem, Section, type Tone } from '../../ui/basics.tsx';
import { JsonField, readJson } from '../../ui/form.tsx';
import { tryWords } from './words.ts';

const tones: Readonly<Record<Published['events'][number]['status'], Tone>> = {
  accepted: 'good',
  duplicate: 'quiet',
  scheduled: 'info',
  held: 'warn',
  rejected: 'bad',
};

/** Publishes an event to a topic by hand: begun from the example, sent as it is typed. */
export function TestEvent({ topic }: { readonly topic: CatalogTopic }) {
  const t = useWords(tryWords);
  const [text, setText] = useState(() => eventOf(topic));
  const publish = useChange<string, Published>(
    (body) => ({ method: 'POST', at: path`/topics/${topic.topic}/events`, body }),
    () => [path`/topics/${topic.topic}`, '/deliveries', '/events'],
  );
  const latest = useChange<null, DryRun>(
    () => ({ method: 'POST', at: path`/topics/${topic.topic}/match`, body: {} }),
    () => [],
  );
  const beginWithLatest = () =>
    latest.mutate(null, {
      onSuccess: ({ samples: [sample] }) => {
        if (sample !== undefined) setText(JSON.stringify(copyOf(sample), null, 2));
      },
    });
  const read = readJson(text);
  return (
    <Section title={t('test')}>
      <JsonField label={t('event')} hint={t('eventHint')} value={text} onChange={setText} rows={14} />
      <p className="lead">{t('willAct')}</p>
      <div className="actions">
        <Button
          look="primary"
          icon="send"
          busy={publish.isPending}
          disabled={!read.ok || read.value === undefined}
          onClick={() => publish.mutate(text)}
        >
          {t('send')}
        </Button>
        <Button icon="copy" busy={latest.isPending} onClick={beginWithLatest}>
          {t('fromLatest')}
        </Button>
        {latest.data?.events === 0 && <small role="status">{t('none')}</small>}
      </div>
      {latest.error !== null && <Problem error={latest.error} />}
      {publish.error !== null && <Problem error={publish.error} />}
      {publish.data !== undefined && publish.error === null && (
        <div role="status" className="stack">
          <h3>{t('outcome')}</h3>
          <ul className="plain">
            {publish.data.events.map(({ index, id, status, code, detail, errors = [] }) => (
              <li key={index}>
                <Badge tone={tones[status]}>{status}</Badge>{' '}
                {id !== undefined && (
                  <>
                    <code>{id}</code> <Link href={`/events/${encodeURIComponent(id)}`}>{t('why')}</Link>
                  </>
                )}
                {detail !== undefined && (
                  <p>
                    {detail} <code>{code}</code>
                  </p>
                )}
                {errors.map((error) => (
                  <p key={`${error.path} ${error.detail}`}>
                    <code>{error.path}</code> {error.detail}
                  </p>
                ))}
              </li>
            ))}
          </ul>
        </div>
      )}
    </Section>
  );
}

/** What the event begins as. */
function eventOf({ example, types }: CatalogTopic): string {
  const event = example ?? { type: types[0] ?? 'example', data: {} };
  return JSON.stringify(event, null, 2);
}

/** An event like one that was published: what is its own alone (id, time, source, trace) is left to the bus. */
const copyOf = ({ type, subject, data }: DryRun['samples'][number]) => ({
  type,
  ...(subject !== undefined && { subject }),
  data: data ?? {},
});
