import { type ReactNode, useId } from 'react';
import { preferences, usePreferences } from '../app/preferences.ts';
import { useWords, words } from '../app/words.ts';

const formWords = words({
  en: { notJson: 'This is not JSON: {problem}' },
  zh: { notJson: '这不是 JSON：{problem}' },
});

interface FieldProps {
  readonly label: string;
  readonly hint?: ReactNode;
  readonly value: string;
  readonly onChange: (value: string) => void;
}

/** A line of text, a number or a time. A hint describes the field and is no part of its name, so that neither is read twice. */
export function TextField({
  label,
  hint,
  value,
  onChange,
  type = 'text',
  required = false,
  suggestions = [],
}: FieldProps & {
  readonly type?: 'text' | 'number' | 'datetime-local' | 'search';
  readonly required?: boolean;
  readonly suggestions?: readonly string[];
}) {
  const id = useId();
  const suggested = suggestions.length === 0 ? {} : { list: `${id}-list` };
  return (
    <div className="field">
      <label htmlFor={`${id}-field`}>{label}</label>
      <input
        id={`${id}-field`}
        type={type}
        value={value}
        required={required}
        autoComplete="off"
        spellCheck={false}
        {...(type === 'number' && { step: 'any', min: 0 })}
        {...suggested}
        {...(hint !== undefined && { 'aria-describedby': id })}
        onChange={(event) => onChange(event.target.value)}
      />
      {suggestions.length > 0 && (
        <datalist id={`${id}-list`}>
          {suggestions.map((each) => (
            <option key={each} value={each} />
          ))}
        </datalist>
      )}
      {hint !== undefined && <small id={id}>{hint}</small>}
    </div>
  );
}

/** One of a few. */
export function ChoiceField<Value extends string>({
  label,
  hint,
  value,
  choices,
  onChange,
}: {
  readonly label: string;
  readonly hint?: ReactNode;
  readonly value: Value;
  readonly choices: Readonly<Record<Value, string>>;
  readonly onChange: (value: Value) => void;
}) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={`${id}-field`}>{label}</label>
      <select
        id={`${id}-field`}
        value={value}
        {...(hint !== undefined && { 'aria-describedby': id })}
        onChange={(event) => onChange(event.target.value as Value)}
      >
        {(Object.entries(choices) as [Value, string][]).map(([choice, name]) => (
          <option key={choice} value={choice}>
            {name}
          </option>
        ))}
      </select>
      {hint !== undefined && <small id={id}>{hint}</small>}
    </div>
  );
}

/** Several lines of text. */
export function LongField({
  label,
  hint,
  value,
  onChange,
  problem,
  rows,
}: FieldProps & { readonly problem?: string | undefined; readonly rows?: number }) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={`${id}-field`}>{label}</label>
      <textarea
        id={`${id}-field`}
        value={value}
        rows={rows}
        spellCheck={false}
        aria-describedby={id}
        aria-invalid={problem !== undefined}
        onChange={(event) => onChange(event.target.value)}
      />
      <small id={id} className={problem === undefined ? '' : 'field-problem'} aria-live="polite">
        {problem ?? hint}
      </small>
    </div>
  );
}

/** Whether something is so. */
export function CheckField({
  label,
  hint,
  checked,
  onChange,
}: {
  readonly label: string;
  readonly hint?: ReactNode;
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
}) {
  const id = useId();
  return (
    <div className="field">
      <label className="check">
        <input
          type="checkbox"
          checked={checked}
          {...(hint !== undefined && { 'aria-describedby': id })}
          onChange={(event) => onChange(event.target.checked)}
        />
        <span>{label}</span>
      </label>
      {hint !== undefined && <small id={id}>{hint}</small>}
    </div>
  );
}

/** JSON to edit; says where it is none. Left empty, it is no value. */
export function JsonField(props: FieldProps & { readonly rows?: number }) {
  const t = useWords(formWords);
  const read = readJson(props.value);
  return <LongField {...props} problem={read.ok ? undefined : t('notJson', { problem: read.problem })} />;
}

type ReadJson =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly problem: string };

/** The value of a text; undefined for an empty one. */
export function readJson(text: string): ReadJson {
  if (text.trim() === '') return { ok: true, value: undefined };
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch (error) {
    return { ok: false, problem: (error as Error).message };
  }
}

/** A time to choose: in the viewer's zone, or in UTC where that is how times are shown. */
export function TimeField({ label, ...props }: FieldProps & { readonly required?: boolean }) {
  const { zone } = usePreferences();
  return <TextField type="datetime-local" label={zone === 'utc' ? `${label} (UTC)` : label} {...props} />;
}

/** RFC 3339 of the text of a `TimeField`; undefined for an empty one. */
export function timeOfField(text: string): string | undefined {
  const ms = Date.parse(preferences.get().zone === 'utc' ? `${text}Z` : text);
  return Number.isNaN(ms) ? undefined : new Date(ms).toISOString();
}
