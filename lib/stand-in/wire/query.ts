import { AwsError, type Input, type Output } from '../engines/engine.ts';
import type { WireRequest, WireResponse } from './http.ts';

/**
 * AWS Query, used by SNS: a form with flattened members (`Attributes.entry.1.key`), answered in XML. Lists are
 * encoded as `member.N` and maps as `entry.N.key` / `entry.N.value`; every scalar stays a string.
 */
export function decodeQuery(request: WireRequest): { action: string; input: Input } {
  const form = new URLSearchParams(Buffer.from(request.body).toString('utf8'));
  const tree: Tree = {};
  let action = '';
  for (const [name, value] of form) {
    if (name === 'Action') action = value;
    else if (name !== 'Version') plant(tree, name, value);
  }
  return { action, input: ripen(tree) as Input };
}

interface Tree {
  [name: string]: Tree | string;
}

/** A batch has a hundred members and more, so names are split in place and branches are plain objects. */
function plant(tree: Tree, name: string, value: string): void {
  if (name.includes('__proto__')) {
    throw new AwsError('MalformedQueryString', `There is no member ${name}.`);
  }
  let branch = tree;
  let from = 0;
  for (let to = name.indexOf('.'); to >= 0; to = name.indexOf('.', from)) {
    const part = name.slice(from, to);
    const next = branch[part];
    if (typeof next === 'object') branch = next;
    else {
      const grown: Tree = {};
      branch[part] = grown;
      branch = grown;
    }
    from = to + 1;
  }
  branch[name.slice(from)] = value;
}

/** Converts encoded lists and maps. Numbered members are in order, because integer keys always are. */
function ripen(tree: Tree | string): unknown {
  if (typeof tree === 'string') return tree;
  if (typeof tree.member === 'object') return Object.values(tree.member).map(ripen);
  if (typeof tree.entry === 'object') {
    const pairs = Object.values(tree.entry).map((entry): [string, unknown] => {
      if (typeof entry === 'string') throw new AwsError('MalformedQueryString', 'A map entry lacks its key.');
      return [String(entry.key ?? entry.Name ?? ''), ripen(entry.value ?? entry.Value ?? '')];
    });
    return Object.fromEntries(pairs);
  }
  const structure: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(tree)) structure[name] = ripen(value);
  return structure;
}

/** Encodes an answer. A map in the answer must be a `Map`, because XML encodes it differently from a structure. */
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
