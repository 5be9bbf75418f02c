import type { ReactNode } from 'react';

/** What may be wider or longer than its place; it can be scrolled by keys. */
export function Scroll({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  return (
    <section
      className="table-scroll"
      aria-label={label}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys.
      tabIndex={0}
    >
      {children}
    </section>
  );
}
