import * as z from 'zod';

/** A network of the team's, for functions that reach something only from there; it needs a way to AWS as well. */
export const vpcSchema = z.strictObject({
  subnetIds: z
    .array(z.string().regex(/^subnet-[0-9a-f]{8,17}$/, 'is no id of a subnet'))
    .min(1)
    .max(16),
  securityGroupIds: z
    .array(z.string().regex(/^sg-[0-9a-f]{8,17}$/, 'is no id of a security group'))
    .min(1)
    .max(5),
});

export type Vpc = z.infer<typeof vpcSchema>;
