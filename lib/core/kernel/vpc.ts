import * as z from 'zod';

/** A VPC of the team, for functions that reach something only from inside it; it needs a route to AWS as well. */
export const vpcSchema = z.strictObject({
  subnetIds: z
    .array(
      z.string().regex(/^subnet-[0-9a-f]{8,17}$/, 'is not a subnet id, such as subnet-0123456789abcdef0'),
    )
    .min(1)
    .max(16),
  securityGroupIds: z
    .array(
      z.string().regex(/^sg-[0-9a-f]{8,17}$/, 'is not a security group id, such as sg-0123456789abcdef0'),
    )
    .min(1)
    .max(5),
});

export type Vpc = z.infer<typeof vpcSchema>;
