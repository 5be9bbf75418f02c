/**
 * In place of `@aws-sdk/credential-provider-node`. A function has its credentials in its environment (Lambda developer guide,
 * "Defined runtime environment variables"); files, SSO, the services of instances and containers, and roles that are assumed
 * by way of others are a sixth of a bundle, and none of it can be reached there.
 */
export const defaultProvider = () => async () => {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = process.env;
  const { AWS_SESSION_TOKEN: sessionToken } = process.env;
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    throw new Error(
      'AWS_ACCESS_KEY_ID or AWS_SECRET_ACCESS_KEY is missing in the environment. Lambda sets both for the role of a function.',
    );
  }
  return { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) };
};
