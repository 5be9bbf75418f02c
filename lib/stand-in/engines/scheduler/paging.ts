import { invalid } from './errors.ts';

/** The token of a list: the position after which the next page starts. */
export const encodePosition = (position: number) => Buffer.from(String(position)).toString('base64url');

export function readPosition(token: string | undefined): number {
  if (token === undefined) return 0;
  const text = Buffer.from(token, 'base64url').toString('utf8');
  if (!/^\d{1,15}$/.test(text)) throw invalid('Invalid NextToken.');
  return Number(text);
}
