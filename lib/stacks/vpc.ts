import { CfnFunction } from 'aws-cdk-lib/aws-lambda';
import type { Vpc } from '../core/kernel/vpc.ts';
import type { BusFunction } from './bus-function.ts';
import { reasons } from './nag.ts';

/** Puts a function into a VPC. */
export function addToVpc(part: BusFunction, { subnetIds, securityGroupIds }: Vpc): void {
  const resource = part.function.node.defaultChild;
  if (!(resource instanceof CfnFunction))
    throw new Error(`The function ${part.node.path} has no CfnFunction.`);
  resource.vpcConfig = { subnetIds, securityGroupIds };
  // Lambda calls these with the role of the function (Lambda developer guide, "Required IAM permissions").
  part.grantByPattern(
    [
      'ec2:CreateNetworkInterface',
      'ec2:DescribeNetworkInterfaces',
      'ec2:DescribeSubnets',
      'ec2:DeleteNetworkInterface',
      'ec2:AssignPrivateIpAddresses',
      'ec2:UnassignPrivateIpAddresses',
    ],
    ['*'],
    reasons.interfacesOfLambda,
  );
}
