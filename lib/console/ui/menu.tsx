import { Menu as Base } from '@base-ui/react/menu';
import type { ReactElement, ReactNode } from 'react';

/** A list of things to do or to switch, opened by a button; arrow keys move in it. */
export function Menu({
  trigger,
  children,
}: {
  readonly trigger: ReactElement;
  readonly children: ReactNode;
}) {
  return (
    <Base.Root>
      <Base.Trigger render={trigger} />
      <Base.Portal>
        <Base.Positioner sideOffset={6} align="end" className="menu-positioner">
          <Base.Popup className="menu">{children}</Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
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
  return (
    <Base.Item className={`menu-item${danger ? ' danger' : ''}`} onClick={onSelect}>
      {children}
    </Base.Item>
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
    <Base.CheckboxItem
      className="menu-item"
      checked={checked}
      onCheckedChange={onChange}
      closeOnClick={false}
    >
      <Base.CheckboxItemIndicator className="menu-check" keepMounted>
        {checked ? '✓' : ''}
      </Base.CheckboxItemIndicator>
      {children}
    </Base.CheckboxItem>
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
    <Base.Group>
      <Base.GroupLabel className="menu-label">{label}</Base.GroupLabel>
      <Base.RadioGroup value={value} onValueChange={(next) => onChange(next as Value)}>
        {(Object.entries(choices) as [Value, string][]).map(([choice, name]) => (
          <Base.RadioItem key={choice} value={choice} className="menu-item" closeOnClick={false}>
            <Base.RadioItemIndicator className="menu-check" keepMounted>
              {choice === value ? '✓' : ''}
            </Base.RadioItemIndicator>
            {name}
          </Base.RadioItem>
        ))}
      </Base.RadioGroup>
    </Base.Group>
  );
}
