import { CfnFunction } from 'aws-cdk-lib/aws-lambda';
import type { Vpc } from '../core/kernel/vpc.ts';
import type { BusFunction } from './bus-function.ts';
import { reasons } from './nag.ts';

/** Puts a function into a network. */
export function addToVpc(part: BusFunction, { subnetIds, securityGroupIds }: Vpc): void {
  const resource = part.function.node.defaultChild;
  if (!(resource instanceof CfnFunction)) throw new Error('The function is no CfnFunction.');
  resource.vpcConfig = { subnetIds, securityGroupIds };
  // What a function in a VPC needs (Lambda developer guide, "Required IAM permissions"): Lambda itself calls it.
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
