import * as z from 'zod';

/**
 * An endpoint that differs between stages is a parameter of the stack: its name, and the value when the deployment gives
 * none.
 */
export const endpointParameterSchema = z.strictObject({
  parameter: z
    .string()
    .regex(/^[A-Za-z0-9]{1,255}$/, 'is not a CloudFormation parameter name: use letters and digits'),
  default: z.string(),
});
