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
  /** The name of its bundle, where several functions share one; `name` when left out. */
  readonly bundle?: string;
  /** The entry file of the bundle, below the root; `functions/<bundle>.ts` when left out. */
  readonly entry?: string;
  readonly prefix: string;
  readonly description: string;
  readonly timeoutSeconds: number;
  readonly memoryMb: number;
  readonly environment: Readonly<Record<string, string>>;
  /** Set where a function is meant to send to its own queue: Lambda would break that off after about 16 rounds. */
  readonly mayCallItself?: boolean;
}

type Conditions = Readonly<Record<string, Readonly<Record<string, string | string[]>>>>;

/** A function with a role and a log group of its own; it may do what it is granted here and nothing else. */
export class BusFunction extends Construct {
  readonly function: LambdaFunction;
  readonly role: Role;
  readonly logGroup: LogGroup;
  /** Whether it was granted anything on a table. */
  usesTables = false;

  constructor(scope: Construct, id: string, props: BusFunctionProps) {
    super(scope, id);
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
      memorySize: props.memoryMb,
      environment: { ...props.environment },
      logGroup: this.logGroup,
      ...(props.mayCallItself && { recursiveLoop: RecursiveLoop.ALLOW }),
      // The platform's lines of every invocation would cost more than the invocation.
      loggingFormat: LoggingFormat.JSON,
      systemLogLevelV2: SystemLogLevel.WARN,
      applicationLogLevelV2: ApplicationLogLevel.INFO,
    });
    this.grant(['logs:CreateLogStream', 'logs:PutLogEvents'], [this.logGroup.logGroupArn]);
  }

  /** Allows actions on resources that are known by name, under conditions where they are given. */
  grant(actions: string[], resources: string[], conditions?: Conditions): void {
    this.usesTables ||= actions.some((action) => action.startsWith('dynamodb:'));
    this.role.addToPolicy(
      new PolicyStatement({ effect: Effect.ALLOW, actions, resources, ...(conditions && { conditions }) }),
    );
  }

  /** Allows actions on whatever the patterns name; the reason says why no name will do. */
  grantByPattern(actions: string[], patterns: string[], reason: string, conditions?: Conditions): void {
    this.grant(actions, patterns, conditions);
    for (const pattern of patterns) {
      Validations.of(this.role).acknowledge({ id: resourceFinding(this, pattern), reason });
    }
  }
}
