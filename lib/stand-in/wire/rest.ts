import type { AwsError, Input, Output, Route } from '../engines/engine.ts';
import type { WireRequest, WireResponse } from './http.ts';
import { parseJsonObject } from './json.ts';

/** AWS restJson1, used by Lambda and Scheduler: method and path name the action. */
export function decodeRest(
  request: WireRequest,
  routes: readonly Route[],
): { route: Route; input: Input } | undefined {
  for (const route of routes) {
    if (route.method !== request.method) continue;
    const labels = match(route.path, request.path);
    if (labels === undefined) continue;
    const input: Record<string, unknown> =
      route.payload === undefined ? { ...parseJsonObject(request.body) } : { [route.payload]: request.body };
    for (const [parameter, member] of Object.entries(route.query ?? {})) {
      if (request.query[parameter] !== undefined) input[member] = request.query[parameter];
    }
    for (const [header, member] of Object.entries(route.headers ?? {})) {
      if (request.headers[header] !== undefined) input[member] = request.headers[header];
    }
    return { route, input: Object.assign(input, labels) };
  }
  return undefined;
}

function match(pattern: string, path: string): Record<string, string> | undefined {
  const want = pattern.split('/').filter((segment) => segment !== '');
  const have = path.split('/').filter((segment) => segment !== '');
  const labels: Record<string, string> = {};
  for (const [index, segment] of want.entries()) {
    const label = /^\{(\w+)(\+?)\}$/.exec(segment);
    const found = have[index];
    if (found === undefined) return undefined;
    if (label?.[1] === undefined) {
      if (segment !== found) return undefined;
    } else if (label[2] === '+') {
      labels[label[1]] = have.slice(index).map(decodeURIComponent).join('/');
      return labels;
    } else {
      labels[label[1]] = decodeURIComponent(found);
    }
  }
  return want.length === have.length ? labels : undefined;
}

export function encodeRest(route: Route, output: Output, requestId: string): WireResponse {
  const headers: Record<string, string> = { 'x-amzn-requestid': requestId };
  const members: Record<string, unknown> = { ...output };
  for (const [member, header] of Object.entries(route.responseHeaders ?? {})) {
    if (members[member] !== undefined) headers[header] = String(members[member]);
    delete members[member];
  }
  if (route.payload !== undefined) {
    const payload = members[route.payload];
    const status = typeof members.StatusCode === 'number' ? members.StatusCode : (route.status ?? 200);
    return { status, headers, body: payload instanceof Uint8Array ? payload : '' };
  }
  headers['content-type'] = 'application/json';
  const status = route.status ?? 200;
  return { status, headers, body: status === 204 ? '' : JSON.stringify(members) };
}

export function encodeRestError(error: AwsError, requestId: string): WireResponse {
  return {
    status: error.status,
    headers: {
      'content-type': 'application/json',
      'x-amzn-requestid': requestId,
      'x-amzn-errortype': error.code,
    },
    body: JSON.stringify({ message: error.message, Message: error.message, ...error.members }),
  };
}
