import { AwsError, type Input, type Output } from '../engines/engine.ts';
import type { WireRequest, WireResponse } from './http.ts';

/**
 * AWS Query, spoken by SNS: a form with the members flattened (`Attributes.entry.1.key`), answered in XML.
 * Lists arrive as `member.N` and maps as `entry.N.key` / `entry.N.value`; every scalar stays a string.
 */
export function decodeQuery(request: WireRequest): { action: string; input: Input } {
  const form = new URLSearchParams(Buffer.from(request.body).toString('utf8'));
  const tree: Tree = Object.create(null);
  let action = '';
  for (const [name, value] of form) {
    if (name === 'Action') action = value;
    else if (name !== 'Version') plant(tree, name.split('.'), value);
  }
  return { action, input: ripen(tree) as Input };
}

interface Tree {
  [name: string]: Tree | string;
}

function plant(tree: Tree, path: readonly string[], value: string): void {
  let branch = tree;
  for (const name of path.slice(0, -1)) {
    const next = branch[name];
    if (typeof next === 'object') branch = next;
    else {
      const grown: Tree = Object.create(null);
      branch[name] = grown;
      branch = grown;
    }
  }
  branch[path.at(-1) ?? ''] = value;
}

function ripen(tree: Tree | string): unknown {
  if (typeof tree === 'string') return tree;
  if (typeof tree.member === 'object') return numbered(tree.member).map(ripen);
  if (typeof tree.entry === 'object') {
    const pairs = numbered(tree.entry).map((entry): [string, unknown] => {
      if (typeof entry === 'string') throw new AwsError('MalformedQueryString', 'A map entry lacks its key.');
      return [String(entry.key ?? entry.Name ?? ''), ripen(entry.value ?? entry.Value ?? '')];
    });
    return Object.fromEntries(pairs);
  }
  return Object.fromEntries(Object.entries(tree).map(([name, value]) => [name, ripen(value)]));
}

function numbered(tree: Tree): (Tree | string)[] {
  return Object.keys(tree)
    .sort((left, right) => Number(left) - Number(right))
    .map((index) => tree[index] as Tree | string);
}

/** Encodes an answer; a map in the answer must be a `Map`, because XML writes it unlike a structure. */
export function encodeQuery(
  action: string,
  output: Output,
  requestId: string,
  namespace: string,
): WireResponse {
  const result = output === undefined ? '' : `<${action}Result>${xml(output)}</${action}Result>`;
  return {
    status: 200,
    headers: { 'content-type': 'text/xml', 'x-amzn-requestid': requestId },
    body:
      `<${action}Response xmlns="${namespace}">${result}` +
      `<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata></${action}Response>`,
  };
}

export function encodeQueryError(error: AwsError, requestId: string, namespace: string): WireResponse {
  const type = error.status < 500 ? 'Sender' : 'Receiver';
  return {
    status: error.status,
    headers: { 'content-type': 'text/xml', 'x-amzn-requestid': requestId },
    body:
      `<ErrorResponse xmlns="${namespace}"><Error><Type>${type}</Type><Code>${escapeXml(error.code)}</Code>` +
      `<Message>${escapeXml(error.message)}</Message></Error><RequestId>${requestId}</RequestId></ErrorResponse>`,
  };
}

function xml(value: unknown): string {
  if (Array.isArray(value)) return value.map((item) => `<member>${xml(item)}</member>`).join('');
  if (value instanceof Map) {
    return [...value]
      .map(([key, item]) => `<entry><key>${escapeXml(String(key))}</key><value>${xml(item)}</value></entry>`)
      .join('');
  }
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .map(([name, item]) => `<${name}>${xml(item)}</${name}>`)
      .join('');
  }
  return escapeXml(String(value));
}

function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll('\r', '&#xD;');
}
