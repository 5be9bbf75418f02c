import { Component, type ReactNode } from 'react';
import { Button, Empty } from '../ui/basics.tsx';

/** Shows that a page failed, and what it said, in the place of the page; the others still work. */
export class Guard extends Component<{ readonly children: ReactNode }, { readonly error?: Error }> {
  override state: { readonly error?: Error } = {};

  static getDerivedStateFromError(error: unknown): { readonly error: Error } {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === undefined) return this.props.children;
    return (
      <Empty title="This page failed.">
        <p>{error.message}</p>
        <p>A page that was open during a deployment may miss its parts: load it again.</p>
        <Button onClick={() => location.reload()}>Load again</Button>
      </Empty>
    );
  }
}
