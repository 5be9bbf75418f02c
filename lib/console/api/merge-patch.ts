type Json = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * The merge patch (RFC 7396) that makes one value the other; undefined members count as absent.
 * @returns undefined where no patch says it, because a member is to be null, which would remove it.
 */
export function patchBetween(before: Json, after: Json): Json | undefined {
  const patch: Record<string, unknown> = {};
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const from = before[name];
    const to = after[name];
    if (JSON.stringify(from) === JSON.stringify(to)) continue;
    if (to === undefined) patch[name] = null;
    else if (isObject(to)) {
      // Without an object before, its members are set one by one, and a null among them would be left out.
      const inner = patchBetween(isObject(from) ? from : {}, to);
      if (inner === undefined) return undefined;
      patch[name] = inner;
    } else if (to === null) return undefined;
    else patch[name] = to;
  }
  return patch;
}
