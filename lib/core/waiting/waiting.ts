import type { Target } from '../event/target.ts';

/** Why an event waits: it is not due, its topic is on hold, or its transaction is open. */
export const waitingStates = ['delayed', 'held', 'open'] as const;
export type WaitingState = (typeof waitingStates)[number];

/** A part of what waits, which is read on its own: the events of one state at one target. */
export interface Section {
  readonly target: Target;
  readonly state: WaitingState;
}

/** The place of a section in the list; names have no slash. */
const nameOfSection = ({ target, state }: Section): string =>
  'topic' in target ? `topic/${target.topic}/${state}` : `receiver/${target.receiver}/${state}`;

/** The sections from a position on, and where to begin in the first of them. */
export function sectionsFrom(
  sections: readonly Section[],
  position: string,
): { readonly sections: readonly Section[]; readonly after: string } {
  const [kind = '', name = '', state = '', ...rest] = position.split('/');
  const at = sections.findIndex((section) => nameOfSection(section) === `${kind}/${name}/${state}`);
  // A target that was deleted since the last page begins the list anew; nothing is left out.
  return at < 0 ? { sections, after: '' } : { sections: sections.slice(at), after: rest.join('/') };
}

export const positionIn = (section: Section, after: string): string => `${nameOfSection(section)}/${after}`;
