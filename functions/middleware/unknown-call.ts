import { BusbarError } from '../../lib/core/errors.ts';

/** The refusal of a call that the API does not have; it names the methods that its path takes. */
export function unknownCall(
  method: string,
  path: string,
  routes: readonly { method: string; path: string }[],
): BusbarError {
  const allowed = routes.filter((route) => {
    const pattern = route.path.replace(/\{\w+\}/g, '[^/]+');
    return new RegExp(`^${pattern}$`).test(path);
  });
  if (allowed.length === 0) {
    return new BusbarError(
      'unknown_route',
      `There is no ${method} ${path}. GET /v1/openapi.json lists the calls.`,
    );
  }
  const methods = allowed.map((route) => route.method).join(', ');
  return new BusbarError('method_not_allowed', `${path} takes ${methods}, not ${method}.`);
}
