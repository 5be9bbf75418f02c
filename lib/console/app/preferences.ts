import { useSyncExternalStore } from 'react';

/** What a person has chosen for this browser. */
export interface Preferences {
  readonly theme: 'system' | 'light' | 'dark';
  readonly zone: 'local' | 'utc';
  readonly language: Language;
}

export type Language = 'en' | 'zh';
export const languages: Readonly<Record<Language, string>> = { en: 'English', zh: '中文' };

const place = 'busbar.preferences';
const listeners = new Set<() => void>();
let current = read();
show(current);

function read(): Preferences {
  const chosen: Preferences = {
    theme: 'system',
    zone: 'local',
    language: navigator.language.startsWith('zh') ? 'zh' : 'en',
  };
  try {
    return { ...chosen, ...(JSON.parse(localStorage.getItem(place) ?? '{}') as Partial<Preferences>) };
  } catch {
    return chosen;
  }
}

/** The style sheet and screen readers go by the root element. */
function show({ theme, language }: Preferences): void {
  const root = document.documentElement;
  if (theme === 'system') delete root.dataset.theme;
  else root.dataset.theme = theme;
  root.lang = language === 'zh' ? 'zh-Hans' : 'en';
}

export const preferences = {
  get: (): Preferences => current,
  change(some: Partial<Preferences>): void {
    current = { ...current, ...some };
    show(current);
    localStorage.setItem(place, JSON.stringify(current));
    for (const listener of listeners) listener();
  },
};

export const usePreferences = (): Preferences =>
  useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, preferences.get);
