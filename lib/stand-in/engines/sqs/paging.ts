import type { Input } from '../engine.ts';
import { invalidValue } from './errors.ts';
import { integer, text } from './input.ts';
import { limits } from './limits.ts';
import type { Queue } from './queue.ts';

/** A page of queues by name. Only a request with `MaxResults` gets a `NextToken`, as on AWS. */
export function pageOfQueues(
  input: Input,
  queues: readonly Queue[],
): { urls: readonly string[]; nextToken: string | undefined } {
  const maxResults = integer(input, 'MaxResults');
  if (maxResults !== undefined && (maxResults < 1 || maxResults > limits.listResultsMax)) {
    throw invalidValue(maxResults, 'MaxResults', 'Value must be between 1 and 1000.');
  }
  const after = readToken(text(input, 'NextToken'));
  const rest = queues
    .filter((queue) => after === undefined || queue.row.name > after)
    .sort((left, right) => (left.row.name < right.row.name ? -1 : 1));
  const page = rest.slice(0, maxResults ?? limits.listResultsMax);
  const last = page.at(-1);
  return {
    urls: page.map((queue) => queue.url),
    nextToken:
      maxResults !== undefined && last !== undefined && page.length < rest.length
        ? writeToken(last.row.name)
        : undefined,
  };
}

function writeToken(name: string): string {
  return Buffer.from(`after:${name}`).toString('base64');
}

function readToken(token: string | undefined): string | undefined {
  if (token === undefined) return undefined;
  const name = /^after:(.+)$/.exec(Buffer.from(token, 'base64').toString())?.[1];
  if (name === undefined) throw invalidValue(token, 'NextToken', 'Invalid NextToken value.');
  return name;
}
