import { endpointPortsDefault, readEndpointPorts } from '../core/kernel/endpoint.ts';
import { systemClock } from './clock.ts';
import { readOwnHosts, variables } from './config.ts';
import { createHttp } from './http/client.ts';
import type { Runtime } from './runtime.ts';
import { systemRuntime } from './system.ts';

/** The runtime of a function that calls endpoints; apart, so that no other bundle carries the HTTP client. */
export function systemRuntimeWithHttp(): Runtime {
  const endpoints = process.env[variables.endpoints] === 'any' ? 'any' : 'public';
  // A wrong value is told by parseConfig; until then the strict one counts.
  const ports = readEndpointPorts(process.env[variables.endpointPorts] ?? '') ?? endpointPortsDefault;
  return {
    ...systemRuntime(),
    http: createHttp({ clock: systemClock, endpoints, ports, ownHosts: readOwnHosts(process.env) }),
  };
}
