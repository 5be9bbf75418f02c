import type { Named } from '../registry/kinds.ts';
import { isObject } from './manifest.ts';

/** One field that a step changes. Values of secrets are replaced. */
export interface FieldChange {
  /** Such as `limits.perSecond`. */
  readonly path: string;
  /** Absent where there was none. */
  readonly before?: unknown;
  /** Absent where there is none afterwards, so that the bus has its default. */
  readonly after?: unknown;
}

/** What the API shows in place of a value that it hides. */
const hidden = '(hidden)';
const secretShown = '(secret)';

/** Fields that the API never shows, by their names; whoever adds a kind of receiver names its secrets so. */
const secretField = /(secret|secretKey|password|token)$/i;

/** What the bus fills in when it is left out, so leaving it out changes nothing. */
const filledIn: ReadonlySet<string> = new Set(['owner', 'validate']);

/** The fields in which settings differ from those that are wanted. Secrets are compared with nothing: they stay. */
export function differences(current: Named, wanted: Named): FieldChange[] {
  const kept = Object.fromEntries(
    Object.entries(current).filter(([name]) => filledIn.has(name) && wanted[name] === undefined),
  );
  return changesOf(normal(current), normal({ ...wanted, ...kept }), '');
}

/** All fields of new settings. Header values are secret unless `publicHeaders` names them. */
export const additions = (wanted: Named): FieldChange[] => changesOf({}, normal(wanted), '');

function changesOf(before: Named, after: Named, path: string, isPublic = publicOf(after)): FieldChange[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return names.flatMap((name): FieldChange[] => {
    const [was, is] = [before[name], after[name]];
    const at = path === '' ? name : `${path}.${name}`;
    if (same(was, is)) return [];
    const isSecret = secretField.test(name) || (path === 'headers' && !isPublic(name));
    if (isSecret) {
      // Nobody can tell whether a value that the bus hides is another one; one that it does not have is new.
      if (was === hidden && is !== undefined) return [];
      if (was === undefined && path !== 'headers' && Object.keys(before).length > 0) return [];
      return [change(at, was === undefined ? was : secretShown, is === undefined ? is : secretShown)];
    }
    if (isPlain(is) && (was === undefined || isPlain(was)) && Object.keys(is).length > 0) {
      return changesOf(was ?? {}, is, at, isPublic);
    }
    if (isPlain(was) && is === undefined) return changesOf(was, {}, at, isPublic);
    return [change(at, was, is)];
  });
}

const change = (path: string, before: unknown, after: unknown): FieldChange => ({
  path,
  ...(before !== undefined && { before }),
  ...(after !== undefined && { after }),
});

function publicOf({ publicHeaders }: Named): (name: string) => boolean {
  const names = Array.isArray(publicHeaders) ? publicHeaders.map((name) => String(name).toLowerCase()) : [];
  return (name) => names.includes(name.toLowerCase());
}

/** Settings that say nothing are left out. */
const normal = (settings: Named): Named =>
  Object.fromEntries(
    Object.entries(settings).filter(
      ([name, value]) =>
        value !== undefined &&
        !(name === 'ordered' && value === false) &&
        !(name !== 'schema' && isPlain(value) && Object.keys(value).length === 0),
    ),
  );

const isPlain = (value: unknown): value is Named => isObject(value) && rawOf(value) === undefined;

/** A number that JavaScript would round stands as `JSON.rawJSON`. */
const rawOf = (value: Named): string | undefined =>
  (JSON as unknown as { isRawJSON(value: unknown): boolean }).isRawJSON(value)
    ? String(value.rawJSON)
    : undefined;

const same = (one: unknown, other: unknown): boolean => canonical(one) === canonical(other);

/** JSON with the members of objects in one order. */
function canonical(value: unknown): string | undefined {
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item) ?? 'null').join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const raw = rawOf(value);
  if (raw !== undefined) return raw;
  const members = Object.keys(value)
    .sort()
    .flatMap((name) => {
      const text = canonical(value[name]);
      return text === undefined ? [] : [`${JSON.stringify(name)}:${text}`];
    });
  return `{${members.join(',')}}`;
}
