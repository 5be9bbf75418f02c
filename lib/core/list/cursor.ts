import { createHash } from 'node:crypto';
import { unknownCursor } from '../kernel/errors.ts';

/**
 * A list as one caller sees it, such as `['refused', 'shop']`. A cursor holds a position in one of these. It is not
 * secret and not signed: it only says where to go on, and every page checks again what the caller may see. Its checksum
 * tells a cursor of another list or another caller from one of this list.
 */
export type ListName = readonly string[];

const checksumBytes = 6;
/** A position is a sort key, or two of them. */
const cursorCharactersMax = 4096;

export function writeCursor(list: ListName, position: string): string {
  return Buffer.concat([checksum(list, position), Buffer.from(position)]).toString('base64url');
}

/** The position of a cursor; empty at the start of the list. @throws BusbarError invalid_request. */
export function readCursor(list: ListName, cursor: string | undefined): string {
  if (cursor === undefined) return '';
  if (cursor.length > cursorCharactersMax || !/^[\w-]+$/.test(cursor)) throw unknownCursor();
  const bytes = Buffer.from(cursor, 'base64url');
  const position = bytes.subarray(checksumBytes).toString('utf8');
  // Written again, it is the same text: base64url has several for the same bytes.
  if (position === '' || writeCursor(list, position) !== cursor) throw unknownCursor();
  return position;
}

const checksum = (list: ListName, position: string) =>
  createHash('sha256')
    .update(JSON.stringify([...list, position]))
    .digest()
    .subarray(0, checksumBytes);
