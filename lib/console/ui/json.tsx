import { useState } from 'react';
import { useWords } from '../app/words.ts';
import { Copy } from './basics.tsx';
import { common } from './words.ts';

/** JSON as text, which runs nothing whatever it contains. What is long is cut until it is asked for. */
const shownCharacters = 20_000;

export function Json({ value, label }: { readonly value: unknown; readonly label: string }) {
  const t = useWords(common);
  const text = typeof value === 'string' ? value : (JSON.stringify(value, null, 2) ?? '');
  const [whole, setWhole] = useState(false);
  const shown = whole ? text : text.slice(0, shownCharacters);
  return (
    <div className="json">
      <Copy text={text} />
      <section
        aria-label={label}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys.
        tabIndex={0}
      >
        <pre>{shown}</pre>
      </section>
      {shown.length < text.length && (
        <button type="button" className="link" onClick={() => setWhole(true)}>
          {t('more')}
        </button>
      )}
    </div>
  );
}
