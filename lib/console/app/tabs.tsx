import { Link } from 'wouter';

/** The parts of a page, each with an address of its own. */
export function Tabs({
  label,
  here,
  tabs,
}: {
  readonly label: string;
  readonly here: string;
  readonly tabs: readonly { readonly to: string; readonly id: string; readonly name: string }[];
}) {
  return (
    <nav className="tabs" aria-label={label}>
      {tabs.map(({ to, id, name }) => (
        <Link key={id} href={to} aria-current={id === here ? 'page' : undefined}>
          {name}
        </Link>
      ))}
    </nav>
  );
}
