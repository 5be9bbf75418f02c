import { BusbarError } from '../../lib/core/kernel/errors.ts';
import { calls } from '../../lib/core/openapi/calls.ts';

/**
 * The refusal of a call that the API does not have; it names the methods that its path takes. Those of another function
 * are among them: the HTTP API brings here whatever no route of its own matches.
 */
export function unknownCall(method: string, path: string): BusbarError {
  const methods = Object.keys(calls).flatMap((call) => {
    const [takes = '', route = ''] = call.split(' ');
    const pattern = route.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+');
    return new RegExp(`^${pattern}$`).test(path) ? [takes] : [];
  });
  if (methods.length === 0) {
    return new BusbarError(
      'unknown_route',
      `There is no ${method} ${path}. GET /v1/openapi.json lists the calls.`,
    );
  }
  return new BusbarError('method_not_allowed', `${path} takes ${methods.join(', ')}, not ${method}.`);
}
