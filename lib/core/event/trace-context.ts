/** W3C Trace Context, level 1: https://www.w3.org/TR/trace-context/ */

export interface TraceParent {
  readonly traceId: string;
  readonly parentId: string;
  readonly isSampled: boolean;
}

/**
 * Trace id, parent id and flags of a valid `traceparent`. A later version may be longer: what is known of it is read, and
 * version 00 is written (section 4, "Processing model").
 */
export const traceParentForm =
  /^(?!ff|00.{54})[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;

/** Undefined for anything that is not a valid `traceparent`. */
export function readTraceParent(text: string | undefined): TraceParent | undefined {
  const [, traceId, parentId, flags] = traceParentForm.exec(text ?? '') ?? [];
  if (traceId === undefined || parentId === undefined || flags === undefined) return undefined;
  return { traceId, parentId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

export const writeTraceParent = ({ traceId, parentId, isSampled }: TraceParent): string =>
  `00-${traceId}-${parentId}-${isSampled ? '01' : '00'}`;

const membersMax = 32;
/** Longer ones need not be passed on (section 3.3.1.5), and an attribute has room for these. */
const traceStateCharactersMax = 1024;
const key = '(?:[a-z][a-z0-9_*/-]{0,255}|[a-z0-9][a-z0-9_*/-]{0,240}@[a-z][a-z0-9_*/-]{0,13})';
/** Printable ASCII without comma and equals sign; it does not end in a space. */
const value = '[\\x20-\\x2b\\x2d-\\x3c\\x3e-\\x7e]{0,255}[\\x21-\\x2b\\x2d-\\x3c\\x3e-\\x7e]';
const member = new RegExp(`^${key}=${value}$`);

/** The list as it is passed on, without empty members and spaces between; undefined for one that is not valid. */
export function readTraceState(text: string | undefined): string | undefined {
  if (text === undefined || text.length > traceStateCharactersMax) return undefined;
  const members = text
    .split(',')
    .map((part) => part.replace(/^[ \t]+|[ \t]+$/g, ''))
    .filter((part) => part !== '');
  const keys = new Set(members.map((part) => part.slice(0, part.indexOf('='))));
  const isValid =
    members.length > 0 &&
    members.length <= membersMax &&
    members.every((part) => member.test(part)) &&
    // Each vendor has one member.
    keys.size === members.length;
  return isValid ? members.join(',') : undefined;
}
