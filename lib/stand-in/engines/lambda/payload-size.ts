import { lambdaLimits } from './limits.ts';

/** Room for `{"Records":[]}` around the records. */
const envelopeBytes = 14;

/** Decides, record by record, whether a batch still fits into one invocation of 6 MB. */
export interface PayloadRoom {
  /** Adds the record and returns true, or returns false when it does not fit. */
  take(record: object): boolean;
}

/**
 * Serialising a batch takes longer than invoking the function, and few batches come near the limit. So a cheap upper
 * bound is summed first, and the records are measured only when it exceeds the limit.
 */
export function payloadRoom(limitBytes: number = lambdaLimits.syncPayloadBytes): PayloadRoom {
  const taken: object[] = [];
  let bytes = envelopeBytes;
  let exact = false;
  const sizeOf = (record: object) => (exact ? exactBytes(record) : bytesAtMost(record)) + 1;

  return {
    take(record) {
      let size = sizeOf(record);
      if (!exact && bytes + size > limitBytes) {
        exact = true;
        bytes = taken.reduce((sum, each) => sum + sizeOf(each), envelopeBytes);
        size = sizeOf(record);
      }
      if (bytes + size > limitBytes && taken.length > 0) return false;
      bytes += size;
      taken.push(record);
      return true;
    },
  };
}

const exactBytes = (record: object) => Buffer.byteLength(JSON.stringify(record));

/** A UTF-16 unit takes at most six bytes in JSON: `\u001f`. */
function bytesAtMost(value: unknown): number {
  if (typeof value === 'string') return 6 * value.length + 2;
  if (typeof value !== 'object' || value === null) return 24;
  let bytes = 2;
  // Plain JSON has no inherited members, and `for in` allocates no lists: this runs for every message.
  const members = value as Readonly<Record<string, unknown>>;
  for (const name in members) bytes += 6 * name.length + 4 + bytesAtMost(members[name]);
  return bytes;
}
