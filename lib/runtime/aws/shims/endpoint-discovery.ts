// In place of `@aws-sdk/middleware-endpoint-discovery`: DynamoDB has the client ask for endpoints only where that is enabled.

export const resolveEndpointDiscoveryConfig = <Input>(input: Input): Input => input;

export const NODE_ENDPOINT_DISCOVERY_CONFIG_OPTIONS = {
  environmentVariableSelector: () => undefined,
  configFileSelector: () => undefined,
  default: false,
};
