import { useQuery } from '@tanstack/react-query';
import { type CallError, call, path } from '../../api/call.ts';
import { useRights } from '../../api/me.ts';
import type { CatalogTopic, DryRun } from '../../api/types.ts';
import { useRead } from '../../api/use.ts';
import { useWords } from '../../app/words.ts';
import { Empty, Problem } from '../../ui/basics.tsx';
import { JsonField, readJson } from '../../ui/form.tsx';
import { Json } from '../../ui/json.tsx';
import { useSettled } from '../../ui/settled.ts';
import { tryWords } from './words.ts';

/**
 * A filter to edit, run over the latest kept events of its topic as one types.
 * @param filter its text, which the caller keeps.
 */
export function FilterEditor({
  topic,
  filter,
  onChange,
  period = {},
}: {
  readonly topic: string;
  readonly filter: string;
  readonly onChange: (filter: string) => void;
  /** RFC 3339. */
  readonly period?: { readonly since?: string | undefined; readonly until?: string | undefined };
}) {
  const t = useWords(tryWords);
  const settled = useSettled(filter);
  const read = readJson(settled);
  const { manages } = useRights();
  const name = useSettled(topic);
  const about = useRead<CatalogTopic>(path`/catalog/${name}`, { enabled: name !== '' }).data;
  // Others see what it would match once they have asked: it may tell what they are not to know.
  const may = about !== undefined && (about.access.subscribe === 'anyone' || manages(about.owner));
  const run = useQuery<DryRun, CallError>({
    queryKey: [path`/topics/${topic}/match`, settled, period],
    queryFn: ({ signal }) =>
      call<DryRun>('POST', path`/topics/${topic}/match`, {
        // As it was typed: numbers keep their digits.
        body: bodyOf(settled, period),
        signal,
      }),
    enabled: read.ok && may,
    placeholderData: (before) => before,
    retry: false,
    refetchOnWindowFocus: false,
  });
  return (
    <div className="columns">
      <JsonField
        label={t('filter')}
        hint={t('filterHint', {
          example: '{"type": ["order.placed"], "data": {"total": [{"numeric": [">", 100]}]}}',
        })}
        value={filter}
        onChange={onChange}
        rows={12}
      />
      <div className="stack" aria-busy={run.isFetching}>
        {about !== undefined && !may && <p className="note">{t('ownersOnly')}</p>}
        {run.error !== null && <Problem error={run.error} />}
        {run.data !== undefined && run.error === null && <Outcome run={run.data} />}
        {run.isPending && run.isFetching && <p role="status">{t('running')}</p>}
      </div>
    </div>
  );
}

/** How many events a filter matched, and some of them. */
export function Outcome({ run }: { readonly run: DryRun }) {
  const t = useWords(tryWords);
  if (run.events === 0) return <Empty title={t('none')}>{t('noneNext')}</Empty>;
  return (
    <>
      <p role="status" className="matched">
        <meter min={0} max={run.events} value={run.matched} aria-hidden="true" />
        {t('matched', { matched: run.matched, events: run.events })}
      </p>
      {run.samples.length === 0 ? (
        <Empty title={t('noMatch')}>{t('noMatchNext')}</Empty>
      ) : (
        <Samples samples={run.samples} />
      )}
    </>
  );
}

function Samples({ samples }: { readonly samples: DryRun['samples'] }) {
  const t = useWords(tryWords);
  return (
    <div className="stack">
      <h3>{t('samples')}</h3>
      {samples.map((sample, index) => (
        <details key={`${String(sample.id)} ${String(sample.source)}`} open={index === 0}>
          <summary>
            <code>{String(sample.type)}</code> <small>{String(sample.id)}</small>
          </summary>
          <Json value={sample} label={String(sample.id)} />
        </details>
      ))}
    </div>
  );
}

function bodyOf(
  filter: string,
  { since, until }: { readonly since?: string | undefined; readonly until?: string | undefined },
): string {
  const parts = [
    ...(filter.trim() === '' ? [] : [`"filter":${filter}`]),
    ...(since === undefined ? [] : [`"since":${JSON.stringify(since)}`]),
    ...(until === undefined ? [] : [`"until":${JSON.stringify(until)}`]),
  ];
  return `{${parts.join(',')}}`;
}
