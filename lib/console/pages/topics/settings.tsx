import { type FormEvent, useState } from 'react';
import { path } from '../../api/call.ts';
import { patchBetween } from '../../api/merge-patch.ts';
import type { Problem as ProblemDocument, Topic } from '../../api/types.ts';
import { useChange } from '../../api/use.ts';
import { useWords } from '../../app/words.ts';
import { Button, Problem, Section } from '../../ui/basics.tsx';
import { CheckField, ChoiceField, JsonField, readJson, TextField } from '../../ui/form.tsx';
import { useToast } from '../../ui/toasts.tsx';
import { formOf, settingsOf, settingsOfTopic, type TopicForm } from './form.ts';
import { RemoveTopic } from './remove.tsx';
import { settingsWords } from './settings-words.ts';

/** Changes what a topic is set to. Only what was changed here is sent, so that others may change the rest meanwhile. */
export function Settings({ topic: shown }: { readonly topic: Topic }) {
  const t = useWords(settingsWords);
  const toast = useToast();
  const [topic, setTopic] = useState(shown);
  const [form, setForm] = useState(() => formOf(shown));
  const [force, setForce] = useState(false);
  const change = useChange<{ readonly settings: Record<string, unknown>; readonly force: boolean }, Topic>(
    ({ settings, force: forced }) => {
      const patch = patchBetween(settingsOfTopic(topic), settings);
      const query = { force: forced ? true : undefined };
      return patch === undefined
        ? { method: 'PUT', at: path`/topics/${topic.topic}`, body: settings, query }
        : { method: 'PATCH', at: path`/topics/${topic.topic}`, body: patch, query };
    },
    () => [path`/topics/${topic.topic}`, '/topics', '/catalog'],
  );
  const schema = readJson(form.schema);
  const settings = schema.ok ? settingsOf(form, topic, schema.value) : undefined;
  const isChanged = JSON.stringify(settings) !== JSON.stringify(settingsOfTopic(topic));
  const set = (name: keyof TopicForm) => (value: string | boolean) => setForm({ ...form, [name]: value });
  const who = { owner: t('owners'), request: t('request'), anyone: t('anyone') };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (settings === undefined) return;
    change.mutate(
      { settings, force },
      {
        onSuccess: (changed) => {
          toast(t('saved'));
          setTopic(changed);
          setForm(formOf(changed));
          setForce(false);
        },
      },
    );
  };
  return (
    <>
      <form onSubmit={submit} className="stack">
        <Section title={t('settings')}>
          {topic.declared && <p className="lead">{t('declared')}</p>}
          <div className="grid">
            <TextField label={t('description')} value={form.description} onChange={set('description')} />
            <TextField
              label={t('owner')}
              hint={t('ownerHint')}
              value={form.owner}
              onChange={set('owner')}
              required
            />
            <ChoiceField label={t('publish')} value={form.publish} choices={who} onChange={set('publish')} />
            <ChoiceField
              label={t('subscribe')}
              value={form.subscribe}
              choices={who}
              onChange={set('subscribe')}
            />
            <ChoiceField
              label={t('trace')}
              hint={t('traceHint')}
              value={form.trace}
              choices={{
                '': t('traceBus'),
                none: t('traceNone'),
                failures: t('traceFailures'),
                all: t('traceAll'),
              }}
              onChange={set('trace')}
            />
            <TextField
              type="number"
              label={t('dedup')}
              hint={t('dedupHint')}
              value={form.dedupSeconds}
              onChange={set('dedupSeconds')}
            />
          </div>
          <CheckField label={t('cancellable')} checked={form.cancellable} onChange={set('cancellable')} />
          <fieldset>
            <legend>{t('holdRule')}</legend>
            <div className="fields">
              <TextField
                type="number"
                label={t('holdEvents')}
                value={form.holdEvents}
                onChange={set('holdEvents')}
              />
              <TextField
                type="number"
                label={t('holdSeconds')}
                value={form.holdSeconds}
                onChange={set('holdSeconds')}
              />
              <TextField
                type="number"
                label={t('holdRate')}
                value={form.holdRate}
                onChange={set('holdRate')}
              />
            </div>
            <small>{t('holdHint')}</small>
          </fieldset>
          <JsonField
            label={t('schema')}
            hint={t('schemaHint')}
            value={form.schema}
            onChange={set('schema')}
            rows={14}
          />
          {change.error !== null && <Problem error={change.error} />}
          {change.error?.code === 'schema_breaks' && (
            <>
              <Broken members={change.error.members} />
              <CheckField label={t('force')} checked={force} onChange={setForce} />
            </>
          )}
          <div className="actions">
            <Button type="submit" look="primary" busy={change.isPending} disabled={!schema.ok || !isChanged}>
              {t('save')}
            </Button>
            <Button disabled={!isChanged} onClick={() => setForm(formOf(topic))}>
              {t('undo')}
            </Button>
            {!isChanged && schema.ok && <small>{t('nothing')}</small>}
          </div>
        </Section>
      </form>
      <RemoveTopic topic={topic.topic} />
    </>
  );
}

/** Which of the latest events a schema would refuse. */
function Broken({ members }: { readonly members: Readonly<Record<string, unknown>> }) {
  const t = useWords(settingsWords);
  const { samples = [] } = (members.breaking ?? {}) as NonNullable<ProblemDocument['breaking']>;
  return (
    <div>
      <p>{t('breaks')}</p>
      <ul>
        {samples.map(({ id, source, type, errors }) => (
          <li key={`${id} ${source}`}>
            <code>{type}</code> <code>{id}</code>:{' '}
            {errors.map(({ path: at, detail }) => `${at} ${detail}`).join('; ')}
          </li>
        ))}
      </ul>
    </div>
  );
}
