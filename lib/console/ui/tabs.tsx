import { Link } from 'wouter';

/** The parts of a page, each with an address of its own. */
export function Tabs({
  label,
  tabs,
  at,
}: {
  readonly label: string;
  readonly tabs: readonly { readonly to: string; readonly name: string }[];
  /** The address of the shown one. */
  readonly at: string;
}) {
  return (
    <nav className="tabs" aria-label={label}>
      {tabs.map(({ to, name }) => (
        <Link key={to} href={to} aria-current={to === at ? 'page' : undefined}>
          {name}
        </Link>
      ))}
    </nav>
  );
}
