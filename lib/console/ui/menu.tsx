import {
  cloneElement,
  createContext,
  type KeyboardEvent,
  type ReactElement,
  type ReactNode,
  useContext,
  useEffect,
  useRef,
  useState,
} from 'react';

/** Closes the menu around an item, and gives the focus back to its button. */
const Closing = createContext<() => void>(() => undefined);

/** Where a key leads from an item: by so many, or to an end. */
const moves: Readonly<Record<string, (at: number, count: number) => number>> = {
  ArrowDown: (at, count) => (at + 1) % count,
  ArrowUp: (at, count) => (at + count - 1) % count,
  Home: () => 0,
  End: (_, count) => count - 1,
};

/** A list of things to do or to switch, opened by a button; arrow keys move in it, Escape closes it. */
export function Menu({
  trigger,
  children,
}: {
  readonly trigger: ReactElement<{
    readonly onClick?: () => void;
    readonly 'aria-haspopup'?: 'menu';
    readonly 'aria-expanded'?: boolean;
  }>;
  readonly children: ReactNode;
}) {
  const [open, setOpen] = useState(false);
  const holder = useRef<HTMLDivElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const items = () => [...(list.current?.querySelectorAll<HTMLElement>('[role^="menuitem"]') ?? [])];
  const close = () => {
    setOpen(false);
    holder.current?.querySelector<HTMLElement>('[aria-haspopup]')?.focus();
  };

  useEffect(() => {
    if (!open) return;
    list.current?.querySelector<HTMLElement>('[role^="menuitem"]')?.focus();
    const onPointer = ({ target }: PointerEvent) => {
      if (!(target instanceof Node && holder.current?.contains(target))) setOpen(false);
    };
    document.addEventListener('pointerdown', onPointer);
    return () => document.removeEventListener('pointerdown', onPointer);
  }, [open]);

  const onKey = (event: KeyboardEvent) => {
    if (event.key === 'Escape') {
      event.preventDefault();
      event.stopPropagation();
      close();
      return;
    }
    if (event.key === 'Tab') {
      setOpen(false);
      return;
    }
    const all = items();
    const move = moves[event.key];
    if (move === undefined || all.length === 0) return;
    event.preventDefault();
    const at = all.indexOf(document.activeElement as HTMLElement);
    all[move(at, all.length)]?.focus();
  };

  return (
    <div ref={holder} className="menu-holder">
      {cloneElement(trigger, {
        onClick: () => setOpen(!open),
        'aria-haspopup': 'menu',
        'aria-expanded': open,
      })}
      {open && (
        <div ref={list} role="menu" tabIndex={-1} className="menu" onKeyDown={onKey}>
          <Closing value={close}>{children}</Closing>
        </div>
      )}
    </div>
  );
}

export function MenuItem({
  onSelect,
  danger = false,
  children,
}: {
  readonly onSelect: () => void;
  readonly danger?: boolean;
  readonly children: ReactNode;
}) {
  const close = useContext(Closing);
  return (
    <button
      type="button"
      role="menuitem"
      tabIndex={-1}
      className={`menu-item${danger ? ' danger' : ''}`}
      onClick={() => {
        close();
        onSelect();
      }}
    >
      {children}
    </button>
  );
}

export function MenuCheck({
  checked,
  onChange,
  children,
}: {
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
  readonly children: ReactNode;
}) {
  return (
    <button
      type="button"
      role="menuitemcheckbox"
      aria-checked={checked}
      tabIndex={-1}
      className="menu-item"
      onClick={() => onChange(!checked)}
    >
      <Mark shown={checked} />
      {children}
    </button>
  );
}

export function MenuChoice<Value extends string>({
  label,
  value,
  choices,
  onChange,
}: {
  readonly label: string;
  readonly value: Value;
  readonly choices: Readonly<Record<Value, string>>;
  readonly onChange: (value: Value) => void;
}) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset has no place in a menu.
    <div role="group" aria-label={label}>
      <div className="menu-label" aria-hidden="true">
        {label}
      </div>
      {(Object.entries(choices) as [Value, string][]).map(([choice, name]) => (
        <button
          key={choice}
          type="button"
          role="menuitemradio"
          aria-checked={choice === value}
          tabIndex={-1}
          className="menu-item"
          onClick={() => onChange(choice)}
        >
          <Mark shown={choice === value} />
          {name}
        </button>
      ))}
    </div>
  );
}

const Mark = ({ shown }: { readonly shown: boolean }) => (
  <span className="menu-check" aria-hidden="true">
    {shown ? '✓' : ''}
  </span>
);
