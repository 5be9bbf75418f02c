import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

/** The program of a Chromium: what `BUSBAR_BROWSER` names, else one of the path. Undefined where there is none. */
export function findBrowser(): string | undefined {
  const { BUSBAR_BROWSER: named, PATH = '' } = process.env;
  if (named !== undefined && named !== '') return existsSync(named) ? named : undefined;
  return PATH.split(delimiter)
    .flatMap((directory) =>
      ['chromium', 'chromium-browser', 'google-chrome'].map((name) => join(directory, name)),
    )
    .find((file) => existsSync(file));
}

/** Opens it. Root, as which CI runs, needs it without its sandbox; it opens nothing but the bus on this machine. */
export function openBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: findBrowser() ?? '',
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  });
}
