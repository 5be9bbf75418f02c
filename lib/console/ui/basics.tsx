import { type ButtonHTMLAttributes, type ReactNode, useId, useState } from 'react';
import { Link } from 'wouter';
import type { CallError } from '../api/call.ts';
import { useWords } from '../app/words.ts';
import { Icon, type IconName } from './icon.tsx';
import { common } from './words.ts';

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  readonly look?: 'plain' | 'primary' | 'danger' | 'quiet';
  readonly icon?: IconName;
  readonly busy?: boolean;
}

export function Button({ look = 'plain', icon, busy = false, children, disabled, ...rest }: ButtonProps) {
  return (
    <button type="button" className={`button ${look}`} disabled={disabled || busy} aria-busy={busy} {...rest}>
      {icon !== undefined && <Icon name={icon} />}
      {children}
    </button>
  );
}

/** A button that is only an icon; its name is read, and shown on pointing. */
export function IconButton({
  icon,
  label,
  ...rest
}: { readonly icon: IconName; readonly label: string } & ButtonHTMLAttributes<HTMLButtonElement>) {
  return (
    <button type="button" className="icon-button" aria-label={label} data-tip={label} {...rest}>
      <Icon name={icon} />
    </button>
  );
}

export type Tone = 'good' | 'bad' | 'warn' | 'info' | 'quiet';

const toneIcons: Readonly<Record<Tone, IconName>> = {
  good: 'check',
  bad: 'cross',
  warn: 'alert',
  info: 'dot',
  quiet: 'dash',
};

/** A state: an icon and a word, never colour alone. */
export function Badge({ tone, children }: { readonly tone: Tone; readonly children: ReactNode }) {
  return (
    <span className={`badge ${tone}`}>
      <Icon name={toneIcons[tone]} />
      {children}
    </span>
  );
}

/** A page: its name, what it is about, what can be done, and its parts. */
export function Page({
  title,
  lead,
  trail = [],
  actions,
  children,
}: {
  readonly title: ReactNode;
  readonly lead?: ReactNode;
  /** The pages above. */
  readonly trail?: readonly { readonly to: string; readonly name: string }[];
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}) {
  return (
    <article className="page">
      <header className="page-header">
        <div>
          {trail.length > 0 && (
            <nav aria-label="Breadcrumb" className="trail">
              {trail.map(({ to, name }) => (
                <Link key={to} href={to}>
                  {name}
                </Link>
              ))}
            </nav>
          )}
          <h1>{title}</h1>
          {lead !== undefined && <p className="lead">{lead}</p>}
        </div>
        {actions !== undefined && <div className="actions">{actions}</div>}
      </header>
      {children}
    </article>
  );
}

export function Section({
  title,
  actions,
  children,
  wide = true,
}: {
  readonly title: ReactNode;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
  readonly wide?: boolean;
}) {
  const id = useId();
  return (
    <section className={`section${wide ? '' : ' narrow'}`} aria-labelledby={id}>
      <header>
        <h2 id={id}>{title}</h2>
        {actions !== undefined && <div className="actions">{actions}</div>}
      </header>
      {children}
    </section>
  );
}

/** Says that there is nothing, and what to do next. */
export function Empty({ title, children }: { readonly title: string; readonly children?: ReactNode }) {
  return (
    <div className="empty">
      <p className="empty-title">{title}</p>
      {children !== undefined && <div>{children}</div>}
    </div>
  );
}

export function Loading() {
  const t = useWords(common);
  return (
    <p className="loading" role="status">
      {t('loading')}
    </p>
  );
}

/** A refusal as the API gave it: cause and remedy, its code, and the fields that it names. */
export function Problem({ error, retry }: { readonly error: CallError; readonly retry?: () => void }) {
  const t = useWords(common);
  return (
    <div className="problem" role="alert">
      <p>
        <Icon name="alert" /> {error.message}
      </p>
      {error.fields.length > 0 && (
        <ul>
          {error.fields.map(({ path, detail }) => (
            <li key={`${path} ${detail}`}>
              <code>{path}</code> {detail}
            </li>
          ))}
        </ul>
      )}
      {error.retryAfterSeconds !== undefined && <p>{t('retryIn', { seconds: error.retryAfterSeconds })}</p>}
      <p className="problem-code">
        <code>{error.code}</code>
        {retry !== undefined && <Button onClick={retry}>{t('retry')}</Button>}
      </p>
    </div>
  );
}

/** Copies a text; focus stays, and the outcome is announced. */
export function Copy({ text, label }: { readonly text: string; readonly label?: string }) {
  const t = useWords(common);
  const [copied, setCopied] = useState(false);
  return (
    <>
      <IconButton
        icon={copied ? 'check' : 'copy'}
        label={label ?? t('copy')}
        onClick={() => {
          void navigator.clipboard.writeText(text).then(() => {
            setCopied(true);
            setTimeout(() => setCopied(false), 2000);
          });
        }}
      />
      <span role="status" className="unseen">
        {copied ? t('copied') : ''}
      </span>
    </>
  );
}

/** Names and values, such as the settings of a receiver. */
export function Facts({ facts }: { readonly facts: readonly (readonly [name: string, value: ReactNode])[] }) {
  return (
    <dl className="facts">
      {facts
        .filter(([, value]) => value !== undefined && value !== null && value !== false)
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

/** How far something is. */
export function Progress({
  done,
  total,
  label,
}: {
  readonly done: number;
  readonly total: number;
  readonly label: string;
}) {
  return (
    <div className="progress">
      <progress value={done} max={Math.max(total, 1)} aria-label={label} />
      <span>
        {done} / {total}
      </span>
    </div>
  );
}

/** A number that stands for itself, such as how much waits. */
export function Figure({
  name,
  value,
  tone = 'quiet',
  to,
}: {
  readonly name: string;
  readonly value: ReactNode;
  readonly tone?: Tone;
  readonly to?: string | undefined;
}) {
  const content = (
    <>
      <span className="figure-value">{value}</span>
      <span className="figure-name">{name}</span>
    </>
  );
  return to === undefined ? (
    <div className={`figure ${tone}`}>{content}</div>
  ) : (
    <Link href={to} className={`figure ${tone}`}>
      {content}
    </Link>
  );
}
