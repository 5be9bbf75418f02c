/** Wildcards in IAM: `*` matches any run of characters and `?` any single one. */

const compiled = new Map<string, (text: string) => boolean>();

/** Matches a whole text, such as an action or a condition value. Without wildcards this is plain equality. */
export function matchesPattern(pattern: string, text: string): boolean {
  return matcher('text', pattern, () => toRegExp(pattern, () => '[^]*', '[^]'))(text);
}

/** Actions are compared case-insensitively. */
export function matchesAction(pattern: string, action: string): boolean {
  return matchesPattern(pattern.toLowerCase(), action.toLowerCase());
}

/**
 * Matches a resource ARN. A wildcard stays within its colon-separated segment, but a `*` at the end of a segment
 * reaches beyond it (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html).
 */
export function matchesResource(pattern: string, arn: string): boolean {
  if (pattern === '*') return true;
  return matcher('resource', pattern, () =>
    toRegExp(pattern, (next) => (next === undefined || next === ':' ? '[^]*' : '[^:]*'), '[^:]'),
  )(arn);
}

/**
 * `ArnEquals` and `ArnLike` are the same: each of the six parts of the ARN is matched separately, wildcards included
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html).
 */
export function matchesArn(pattern: string, arn: string): boolean {
  const want = arnParts(pattern);
  const have = arnParts(arn);
  return (
    want !== undefined &&
    have !== undefined &&
    want.every((part, index) => matchesPattern(part, have[index] ?? ''))
  );
}

function arnParts(arn: string): string[] | undefined {
  const parts = arn.split(':');
  if (parts.length < 6) return undefined;
  return [...parts.slice(0, 5), parts.slice(5).join(':')];
}

function matcher(kind: string, pattern: string, build: () => RegExp): (text: string) => boolean {
  const key = `${kind}\n${pattern}`;
  let found = compiled.get(key);
  if (found === undefined) {
    if (/[*?]/.test(pattern)) {
      const expression = build();
      found = (text) => expression.test(text);
    } else {
      found = (text) => text === pattern;
    }
    compiled.set(key, found);
  }
  return found;
}

function toRegExp(pattern: string, star: (next: string | undefined) => string, one: string): RegExp {
  const characters = [...pattern];
  const source = characters.map((character, index) => {
    if (character === '*') return star(characters[index + 1]);
    if (character === '?') return one;
    return character.replace(/[\\^$.+()[\]{}|/]/, '\\$&');
  });
  return new RegExp(`^${source.join('')}$`, 'u');
}
