import { type KeyboardEvent, useId, useState } from 'react';
import { useLocation } from 'wouter';
import type { Applications, Receivers, Topics } from '../api/types.ts';
import { useRead } from '../api/use.ts';
import { Dialog } from '../ui/dialog.tsx';
import { layoutWords } from './layout-words.ts';
import { useWords } from './words.ts';

interface Hit {
  readonly to: string;
  readonly kind: string;
  readonly name: string;
}

const hitsMax = 8;

/** Goes anywhere: a page, a receiver, a topic, an application by name; an event by its id; deliveries by type. */
export function Palette({
  open,
  onClose,
  places,
}: {
  readonly open: boolean;
  readonly onClose: () => void;
  readonly places: readonly (readonly [to: string, name: string])[];
}) {
  const t = useWords(layoutWords);
  return (
    <Dialog open={open} onClose={onClose} title={t('search')}>
      {open && <Search places={places} onClose={onClose} />}
    </Dialog>
  );
}

function Search({
  places,
  onClose,
}: {
  readonly places: readonly (readonly [string, string])[];
  readonly onClose: () => void;
}) {
  const t = useWords(layoutWords);
  const list = useId();
  const [, go] = useLocation();
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const hits = useHits(text.trim(), places);
  const open = (hit: Hit | undefined) => {
    if (hit === undefined) return;
    go(hit.to);
    onClose();
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      const step = event.key === 'ArrowDown' ? 1 : hits.length - 1;
      setAt(hits.length === 0 ? 0 : (at + step) % hits.length);
    } else if (event.key === 'Enter') {
      event.preventDefault();
      open(hits[at]);
    }
  };
  return (
    <div className="palette">
      <input
        type="text"
        role="combobox"
        aria-expanded="true"
        aria-controls={list}
        aria-activedescendant={hits[at] === undefined ? undefined : `${list}-${at}`}
        aria-label={t('searchHint')}
        placeholder={t('searchHint')}
        value={text}
        // biome-ignore lint/a11y/noAutofocus: it was opened to type here.
        autoFocus
        autoComplete="off"
        spellCheck={false}
        onChange={(event) => {
          setText(event.target.value);
          setAt(0);
        }}
        onKeyDown={onKey}
      />
      <div role="listbox" id={list} aria-label={t('search')} className="hits">
        {hits.map((hit, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field above takes the keys.
          <div
            key={hit.to}
            id={`${list}-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === at}
            className="hit"
            onClick={() => open(hit)}
            onPointerMove={() => setAt(index)}
          >
            <span>{hit.name}</span>
            <small>{hit.kind}</small>
          </div>
        ))}
      </div>
    </div>
  );
}

/** What the text may mean. Names are asked for by their beginning, so that a bus with 10,000 of them answers as fast. */
function useHits(text: string, places: readonly (readonly [string, string])[]): readonly Hit[] {
  const t = useWords(layoutWords);
  const isName = /^[a-z0-9][a-z0-9-]*$/.test(text);
  const reading = { query: { prefix: text, limit: hitsMax }, enabled: isName, keep: true };
  const receivers = useRead<Receivers>('/receivers', reading).data?.receivers ?? [];
  const topics = useRead<Topics>('/topics', reading).data?.topics ?? [];
  const applications = useRead<Applications>('/applications', reading).data?.applications ?? [];
  const lower = text.toLowerCase();
  const begins = (name: string) => isName && name.startsWith(text);
  const encoded = encodeURIComponent(text);
  return [
    ...places
      .filter(([, name]) => name.toLowerCase().includes(lower))
      .map(([to, name]) => ({ to, kind: t('page'), name })),
    ...receivers
      .filter(({ receiver }) => begins(receiver))
      .map(({ receiver }) => ({ to: `/receivers/${receiver}`, kind: t('receiver'), name: receiver })),
    ...topics
      .filter(({ topic }) => begins(topic))
      .map(({ topic }) => ({ to: `/topics/${topic}`, kind: t('topic'), name: topic })),
    ...applications
      .filter(({ application }) => begins(application))
      .map(({ application }) => ({
        to: `/applications/${application}`,
        kind: t('application'),
        name: application,
      })),
    ...(text === ''
      ? []
      : [
          { to: `/events/${encoded}`, kind: t('event'), name: t('openEvent', { id: text }) },
          { to: `/events?type=${encoded}`, kind: t('deliveries'), name: t('typesLike', { type: text }) },
        ]),
  ];
}
