import type { HttpRoute } from './model.ts';

interface CompiledRoute {
  readonly route: HttpRoute;
  /** `ANY` matches every method. */
  readonly method: string;
  readonly segments: readonly string[];
  /** The last segment matches the rest of the path (`{proxy+}`). */
  readonly greedy: boolean;
}

export interface RouteMatch {
  readonly route: HttpRoute;
  readonly pathParameters: Readonly<Record<string, string>> | undefined;
}

/**
 * Chooses the route of a request: a full match before a greedy one, a literal segment before a variable, a named
 * method before `ANY`, and `$default` last
 * (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html).
 */
export function createRouter(
  routes: Iterable<HttpRoute>,
): (method: string, path: string) => RouteMatch | undefined {
  const compiled: CompiledRoute[] = [];
  let fallback: HttpRoute | undefined;
  for (const route of routes) {
    if (route.routeKey === '$default') {
      fallback = route;
      continue;
    }
    const space = route.routeKey.indexOf(' ');
    const segments = route.routeKey.slice(space + 2).split('/');
    compiled.push({
      route,
      method: route.routeKey.slice(0, space),
      segments,
      greedy: segments.at(-1)?.endsWith('+}') ?? false,
    });
  }
  compiled.sort(bySpecificity);

  return (method, path) => {
    const segments = path.slice(1).split('/');
    for (const candidate of compiled) {
      if (candidate.method !== 'ANY' && candidate.method !== method) continue;
      const pathParameters = match(candidate, segments);
      if (pathParameters !== undefined) {
        const empty = Object.keys(pathParameters).length === 0;
        return { route: candidate.route, pathParameters: empty ? undefined : pathParameters };
      }
    }
    return fallback === undefined ? undefined : { route: fallback, pathParameters: undefined };
  };
}

function match(candidate: CompiledRoute, segments: readonly string[]): Record<string, string> | undefined {
  const { segments: wanted, greedy } = candidate;
  if (greedy ? segments.length < wanted.length : segments.length !== wanted.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [index, want] of wanted.entries()) {
    const have = segments[index] ?? '';
    if (!want.startsWith('{')) {
      if (want !== have) return undefined;
    } else if (want.endsWith('+}')) {
      const rest = segments.slice(index).join('/');
      if (rest === '') return undefined;
      parameters[want.slice(1, -2)] = rest;
    } else {
      if (have === '') return undefined;
      parameters[want.slice(1, -1)] = have;
    }
  }
  return parameters;
}

/** Literal (0) before variable (1) before greedy (2), segment by segment; then a named method before `ANY`. */
function bySpecificity(left: CompiledRoute, right: CompiledRoute): number {
  if (left.greedy !== right.greedy) return left.greedy ? 1 : -1;
  const length = Math.max(left.segments.length, right.segments.length);
  for (let index = 0; index < length; index++) {
    const difference = segmentRank(left.segments[index]) - segmentRank(right.segments[index]);
    if (difference !== 0) return difference;
  }
  return Number(left.method === 'ANY') - Number(right.method === 'ANY');
}

/** A longer path with the same beginning is more specific, so a missing segment ranks last. */
function segmentRank(segment: string | undefined): number {
  if (segment === undefined) return 3;
  if (!segment.startsWith('{')) return 0;
  return segment.endsWith('+}') ? 2 : 1;
}

const methods = new Set(['ANY', 'GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS']);

/** What is wrong with a route key, or undefined. */
export function routeKeyProblem(routeKey: string): string | undefined {
  if (routeKey === '$default') return undefined;
  const [method = '', path, ...rest] = routeKey.split(' ');
  if (path === undefined || rest.length > 0 || !path.startsWith('/')) {
    return 'it must be $default or a method and a path';
  }
  if (!methods.has(method)) return `${method} is not a method that API Gateway routes`;
  const segments = path.slice(1).split('/');
  for (const [index, segment] of segments.entries()) {
    const greedy = /^\{[\w.:-]+\+\}$/.test(segment);
    if (greedy && index < segments.length - 1) return 'a greedy variable must come last';
    if (/[{}]/.test(segment) && !greedy && !/^\{[\w.:-]+\}$/.test(segment)) {
      return `the segment ${segment} mixes text and a variable`;
    }
  }
  return undefined;
}
