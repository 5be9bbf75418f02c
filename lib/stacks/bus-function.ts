import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import { Effect, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  ApplicationLogLevel,
  Architecture,
  Code,
  Function as LambdaFunction,
  LoggingFormat,
  RecursiveLoop,
  Runtime,
  SystemLogLevel,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { bundle } from './bundle.ts';
import { resourceFinding } from './nag.ts';

export interface BusFunctionProps {
  /** The end of the function's name. */
  readonly name: string;
  /** The name of the bundle, for functions that share one; `name` when left out. */
  readonly bundle?: string;
  /** The entry file of the bundle, below the root; `functions/<bundle>.ts` when left out. */
  readonly entry?: string;
  readonly prefix: string;
  readonly description: string;
  readonly timeoutSeconds: number;
  /** 256 when left out. */
  readonly memoryMb?: number;
  readonly environment: Readonly<Record<string, string>>;
  /** For a function that sends to its own queue: Lambda would otherwise stop it after about 16 rounds. */
  readonly mayCallItself?: boolean;
}

type Conditions = Readonly<Record<string, Readonly<Record<string, string | string[]>>>>;

/** A function with its own role and log group. It may do what it is granted here and nothing else. */
export class BusFunction extends Construct {
  readonly function: LambdaFunction;
  readonly role: Role;
  readonly logGroup: LogGroup;
  readonly mayCallItself: boolean;
  /** Whether it has a grant on a table. */
  usesTables = false;

  constructor(scope: Construct, id: string, props: BusFunctionProps) {
    super(scope, id);
    const { mayCallItself = false } = props;
    this.mayCallItself = mayCallItself;
    const functionName = `${props.prefix}-${props.name}`;
    this.logGroup = new LogGroup(this, 'Logs', {
      logGroupName: `/aws/lambda/${functionName}`,
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    this.function = new LambdaFunction(this, 'Function', {
      functionName,
      description: props.description,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      code: Code.fromAsset(bundle(props.bundle ?? props.name, props.entry)),
      handler: 'index.handler',
      role: this.role,
      timeout: Duration.seconds(props.timeoutSeconds),
      memorySize: props.memoryMb ?? 256,
      environment: { ...props.environment },
      logGroup: this.logGroup,
      ...(mayCallItself && { recursiveLoop: RecursiveLoop.ALLOW }),
      // The lines that Lambda itself logs for every invocation would cost more than the invocation.
      loggingFormat: LoggingFormat.JSON,
      systemLogLevelV2: SystemLogLevel.WARN,
      applicationLogLevelV2: ApplicationLogLevel.INFO,
    });
    this.grant(['logs:CreateLogStream', 'logs:PutLogEvents'], [this.logGroup.logGroupArn]);
  }

  /** Allows actions on resources that are known by name. */
  grant(actions: string[], resources: string[], conditions?: Conditions): void {
    this.usesTables ||= actions.some((action) => action.startsWith('dynamodb:'));
    this.role.addToPolicy(
      new PolicyStatement({ effect: Effect.ALLOW, actions, resources, ...(conditions && { conditions }) }),
    );
  }

  /** Allows actions on all resources that match a pattern; the reason says why a name is not possible. */
  grantByPattern(actions: string[], patterns: string[], reason: string, conditions?: Conditions): void {
    this.grant(actions, patterns, conditions);
    for (const pattern of patterns) {
      Validations.of(this.role).acknowledge({ id: resourceFinding(this, pattern), reason });
    }
  }
}
