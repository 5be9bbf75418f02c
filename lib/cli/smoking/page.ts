import type { World } from '../support/world.ts';

/** How one step or promise came out. */
export interface Result {
  readonly step: string;
  readonly passed: boolean;
  readonly ms: number;
  /** Why it failed. */
  readonly detail?: string;
}

/** The facts of an account that decide whether a bus can work there. */
export interface AccountFact {
  readonly fact: string;
  readonly isFine: boolean;
  readonly remedy?: string;
}

export interface Page {
  readonly url: string;
  /** RFC 3339. */
  readonly at: string;
  readonly version: string;
  readonly results: readonly Result[];
  readonly account: readonly AccountFact[];
  readonly unproven: readonly string[];
}

/** One page: what was proven, what failed and why, and what is still unproven. */
export function pageText({ url, at, version, results, account, unproven }: Page, { stdout }: World): string {
  const line = ({ step, passed, ms, detail }: Result) =>
    `  ${passed ? stdout.paint('green', 'ok  ') : stdout.paint('red', 'FAIL')} ${step} (${(ms / 1000).toFixed(1)} s)${detail ? `\n       ${detail}` : ''}`;
  const passed = results.filter((result) => result.passed).length;
  return [
    '',
    `busbar smoke ${version} against ${url} at ${at}`,
    '',
    'Tried:',
    ...results.map(line),
    ...(account.length === 0
      ? []
      : [
          '',
          'The account:',
          ...account.map(
            ({ fact, isFine, remedy }) =>
              `  ${isFine ? stdout.paint('green', 'ok  ') : stdout.paint('yellow', 'LOOK')} ${fact}${remedy === undefined ? '' : `\n       ${remedy}`}`,
          ),
        ]),
    '',
    'Not proven by this:',
    ...unproven.map((text) => `  -    ${text}`),
    '',
    `${passed} passed, ${results.length - passed} failed`,
    '',
  ].join('\n');
}
