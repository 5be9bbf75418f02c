import { type FormEvent, type ReactNode, useId, useLayoutEffect, useRef, useState } from 'react';
import { createPortal } from 'react-dom';
import type { CallError } from '../api/call.ts';
import { useWords } from '../app/words.ts';
import { Button, IconButton, Problem } from './basics.tsx';
import { common } from './words.ts';

interface DialogProps {
  readonly open: boolean;
  readonly onClose: () => void;
  readonly title: string;
  readonly children: ReactNode;
  readonly wide?: boolean;
}

/** A question over the page. Escape closes it; focus stays in it, and returns to what opened it. */
export function Dialog({ open, ...rest }: DialogProps) {
  return open ? createPortal(<Shown {...rest} />, document.body) : null;
}

/** The browser's own modal dialog: it keeps the focus, makes the page behind inert, and is above everything. */
function Shown({ onClose, title, children, wide = false }: Omit<DialogProps, 'open'>) {
  const t = useWords(common);
  const id = useId();
  const shown = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const dialog = shown.current;
    if (dialog === null) return;
    dialog.showModal();
    // What is to be filled in comes before the button that closes.
    dialog.querySelector<HTMLElement>('input, select, textarea')?.focus();
    // Closed while it is still there, it gives the focus back.
    return () => dialog.close();
  }, []);
  return (
    <dialog
      ref={shown}
      className={`dialog${wide ? ' wide' : ''}`}
      aria-labelledby={id}
      onCancel={(event) => {
        if (event.target !== event.currentTarget) return;
        event.preventDefault();
        onClose();
      }}
      onClose={(event) => {
        // A browser may close it without asking, on a second Escape.
        if (event.target === event.currentTarget && !event.currentTarget.open) onClose();
      }}
    >
      <header>
        <h2 id={id}>{title}</h2>
        <IconButton icon="cross" label={t('close')} onClick={onClose} />
      </header>
      {children}
    </dialog>
  );
}

/** The form of a dialog: what it does, what was refused, and its two buttons. */
export function DialogForm({
  onSubmit,
  onCancel,
  action,
  danger = false,
  busy,
  ready = true,
  error,
  children,
}: {
  readonly onSubmit: () => void;
  readonly onCancel: () => void;
  readonly action: string;
  readonly danger?: boolean;
  readonly busy: boolean;
  readonly ready?: boolean;
  readonly error: CallError | null;
  readonly children: ReactNode;
}) {
  const t = useWords(common);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSubmit();
  };
  return (
    <form onSubmit={submit}>
      {children}
      {error !== null && <Problem error={error} />}
      <footer>
        <Button onClick={onCancel}>{t('cancel')}</Button>
        <Button type="submit" look={danger ? 'danger' : 'primary'} busy={busy} disabled={!ready}>
          {action}
        </Button>
      </footer>
    </form>
  );
}

/** Asks before something is destroyed: names it, says what is lost, and has its name typed where that is much. */
export function Confirm({
  open,
  onClose,
  title,
  children,
  action,
  name,
  change,
  input,
  onDone,
}: {
  readonly open: boolean;
  readonly onClose: () => void;
  readonly title: string;
  /** What happens, and what is lost. */
  readonly children: ReactNode;
  readonly action: string;
  /** To be typed; left out where it can be undone. */
  readonly name?: string;
  readonly change: {
    mutate(input: never, options: { onSuccess: () => void }): void;
    reset(): void;
    isPending: boolean;
    error: CallError | null;
  };
  readonly input: unknown;
  /** Says that it was done, or goes elsewhere. */
  readonly onDone?: () => void;
}) {
  const t = useWords(common);
  const [typed, setTyped] = useState('');
  const close = () => {
    setTyped('');
    change.reset();
    onClose();
  };
  return (
    <Dialog open={open} onClose={close} title={title}>
      <DialogForm
        onSubmit={() =>
          change.mutate(input as never, {
            onSuccess: () => {
              close();
              onDone?.();
            },
          })
        }
        onCancel={close}
        action={action}
        danger
        busy={change.isPending}
        ready={name === undefined || typed === name}
        error={change.error}
      >
        <div className="consequence">{children}</div>
        {name !== undefined && (
          <label className="field">
            <span>{t('typeToConfirm', { name })}</span>
            <input
              value={typed}
              onChange={(event) => setTyped(event.target.value)}
              autoComplete="off"
              spellCheck={false}
            />
          </label>
        )}
      </DialogForm>
    </Dialog>
  );
}
