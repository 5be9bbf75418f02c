import type { Target } from '../event/target.ts';

/** Why an event waits: it is not due, its topic is on hold, or its transaction is open. */
export const waitingStates = ['delayed', 'held', 'open'] as const;
export type WaitingState = (typeof waitingStates)[number];

/** A part of what waits, which is read on its own: the events of one state at one target. */
export interface Section {
  readonly target: Target;
  readonly state: WaitingState;
}

/** The sections of a target; only topics are held. */
export const sectionsOf = (target: Target): Section[] =>
  waitingStates.filter((state) => state !== 'held' || 'topic' in target).map((state) => ({ target, state }));

/** The name of a section, in whose order sections are listed; names of targets have no slash. */
export const sectionName = ({ target, state }: Section): string =>
  'topic' in target ? `topic/${target.topic}/${state}` : `receiver/${target.receiver}/${state}`;

/** The section of a name; undefined when there is none, as in a cursor that was made up. */
export function sectionNamed(name: string): Section | undefined {
  const [kind, target = '', state] = name.split('/');
  const known = waitingStates.find((one) => one === state);
  if (target === '' || known === undefined) return undefined;
  if (kind === 'topic') return { target: { topic: target }, state: known };
  return kind === 'receiver' && known !== 'held' ? { target: { receiver: target }, state: known } : undefined;
}

/** Where a list is: behind a place in a section, or behind all of it, among the sections of an owner. */
export interface Position {
  readonly owner: string;
  readonly section: Section | undefined;
  /** Undefined behind the whole section. */
  readonly place: string | undefined;
}

/** No place of an event is this one. */
const behindAll = '~';

export const writePosition = ({ owner, section, place = behindAll }: Position): string =>
  section === undefined ? `${owner}/` : `${owner}/${sectionName(section)}/${place}`;

/** The position of a text; undefined at the start of the list. */
export function readPosition(text: string): Position | undefined {
  if (text === '') return undefined;
  const [owner = '', kind, name, state, ...rest] = text.split('/');
  const section = sectionNamed(`${kind}/${name}/${state}`);
  const place = rest.join('/');
  return { owner, section, place: place === behindAll || section === undefined ? undefined : place };
}

const dayMs = 24 * 3600 * 1000;

/**
 * For how long a note says that something may wait in a section: a note for each of these spans. So the notes of a span
 * always come with a later end, and none shortens another.
 */
const spansMs = [dayMs, 32 * dayMs, 3700 * dayMs] as const;

export interface Note {
  readonly span: number;
  /** Written again when it is as old as this, in milliseconds. */
  readonly renewMs: number;
  readonly expiresAtSeconds: number;
}

/** The note for something that may wait until then; the longest when that is unknown. Times in milliseconds. */
export function noteOf(nowMs: number, untilMs: number | undefined): Note {
  const needed = untilMs === undefined ? Number.POSITIVE_INFINITY : untilMs - nowMs;
  const found = spansMs.findIndex((spanMs) => needed <= spanMs);
  const span = found < 0 ? spansMs.length - 1 : found;
  const spanMs = spansMs[span] ?? dayMs;
  return { span, renewMs: spanMs / 2, expiresAtSeconds: Math.ceil((nowMs + 2 * spanMs) / 1000) };
}
