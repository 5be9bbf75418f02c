import { type Language, usePreferences } from './preferences.ts';

/**
 * The messages of a part of the console, in every language: each has the same names, which the types check. A part keeps
 * its words beside it. `{name}` in a message stands for a value.
 */
export type Words<Name extends string> = Readonly<Record<Language, Readonly<Record<Name, string>>>>;

export const words = <Name extends string>(all: {
  readonly en: Readonly<Record<Name, string>>;
  readonly zh: Readonly<Record<NoInfer<Name>, string>>;
}): Words<Name> => all;

export type Translate<Name extends string> = (
  name: Name,
  values?: Readonly<Record<string, string | number>>,
) => string;

/** Tells the messages in the chosen language. */
export function useWords<Name extends string>(all: Words<Name>): Translate<Name> {
  const { language } = usePreferences();
  return (name, values = {}) =>
    all[language][name].replaceAll(/\{(\w+)\}/g, (whole, value: string) => {
      const given = values[value];
      return given === undefined ? whole : typeof given === 'number' ? formatNumber(given, language) : given;
    });
}

const numbers: Record<Language, Intl.NumberFormat> = {
  en: new Intl.NumberFormat('en', { maximumFractionDigits: 2 }),
  zh: new Intl.NumberFormat('zh', { maximumFractionDigits: 2 }),
};

export const formatNumber = (value: number, language: Language): string => numbers[language].format(value);
