import { useSyncExternalStore } from 'react';
import { type Language, type Preferences, usePreferences } from '../app/preferences.ts';

/** Times: relative to now, with the exact time on pointing and for readers; in the viewer's zone or in UTC. */

const units: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
];

/** One clock for all: it ticks once a second while the tab is seen. */
const clock = {
  now: Date.now(),
  listeners: new Set<() => void>(),
  timer: undefined as ReturnType<typeof setInterval> | undefined,
};

function tick(): void {
  if (document.hidden) return;
  clock.now = Date.now();
  for (const listener of clock.listeners) listener();
}

function subscribe(listener: () => void): () => void {
  clock.listeners.add(listener);
  clock.timer ??= setInterval(tick, 1000);
  return () => {
    clock.listeners.delete(listener);
    if (clock.listeners.size > 0) return;
    clearInterval(clock.timer);
    clock.timer = undefined;
  };
}

/** Now in ms, second by second. */
export const useNow = (): number => useSyncExternalStore(subscribe, () => clock.now);

const relativeFormats = new Map<Language, Intl.RelativeTimeFormat>();

function relativeTime(atMs: number, nowMs: number, language: Language): string {
  const seconds = Math.round((atMs - nowMs) / 1000);
  const [unit, length] = units.find(([, each]) => Math.abs(seconds) >= each) ?? (['second', 1] as const);
  const format =
    relativeFormats.get(language) ??
    new Intl.RelativeTimeFormat(language, { numeric: 'auto', style: 'short' });
  relativeFormats.set(language, format);
  return format.format(Math.trunc(seconds / length), unit);
}

/** Such as `2026-12-01 14:03:07.250 UTC`: sortable, and with its zone. */
export function exactTime(atMs: number, { zone }: Pick<Preferences, 'zone'>): string {
  const at = new Date(atMs);
  if (zone === 'utc') return `${at.toISOString().replace('T', ' ').slice(0, 23)} UTC`;
  const local = new Date(atMs - at.getTimezoneOffset() * 60_000).toISOString().replace('T', ' ').slice(0, 23);
  const minutes = -at.getTimezoneOffset();
  const two = (value: number) => String(Math.floor(Math.abs(value))).padStart(2, '0');
  return `${local} ${minutes < 0 ? '-' : '+'}${two(minutes / 60)}:${two(minutes % 60)}`;
}

/** @param at RFC 3339, or ms. */
export function Time({ at, exact = false }: { readonly at: string | number; readonly exact?: boolean }) {
  const chosen = usePreferences();
  const now = useNow();
  const ms = typeof at === 'number' ? at : Date.parse(at);
  if (Number.isNaN(ms)) return <>{at}</>;
  const whole = exactTime(ms, chosen);
  return (
    <time dateTime={new Date(ms).toISOString()} title={whole} className="time">
      {exact ? whole : relativeTime(ms, now, chosen.language)}
    </time>
  );
}

/** A length such as `3 min 20 s`: its two largest units. */
export function duration(seconds: number, language: Language): string {
  if (seconds < 1 && seconds > 0) return `${Math.round(seconds * 1000)} ms`;
  const names = {
    day: ['d', '天'],
    hour: ['h', '小时'],
    minute: ['min', '分'],
    second: ['s', '秒'],
  } as const;
  const parts: string[] = [];
  let rest = Math.round(seconds);
  for (const [unit, length] of units) {
    const count = Math.floor(rest / length);
    rest -= count * length;
    const name = names[unit as keyof typeof names][language === 'zh' ? 1 : 0];
    if (count > 0 && parts.length < 2) parts.push(`${count} ${name}`);
  }
  return parts.length === 0 ? '0 s' : parts.join(' ');
}

/** Counts down to a time; says that it is due once it is there. */
export function Countdown({ to, due }: { readonly to: string; readonly due: string }) {
  const { language } = usePreferences();
  const seconds = Math.ceil((Date.parse(to) - useNow()) / 1000);
  return <span className="countdown">{seconds > 0 ? duration(seconds, language) : due}</span>;
}
