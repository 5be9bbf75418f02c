/** A function as the template deploys it. */
export interface DeployedFunction {
  readonly name: string;
  /** The folder of its bundle, below the cloud assembly. */
  readonly asset: string;
  readonly environment: Readonly<Record<string, string>>;
}

interface Template {
  readonly Parameters?: Readonly<Record<string, { readonly Default?: unknown }>>;
  readonly Resources: Readonly<
    Record<
      string,
      {
        readonly Type: string;
        readonly Metadata?: Readonly<Record<string, unknown>>;
        readonly Properties?: {
          readonly FunctionName?: unknown;
          readonly Environment?: { readonly Variables?: Readonly<Record<string, unknown>> };
        };
      }
    >
  >;
}

/** Stands for names, URLs and ARNs that only a deployment knows; nothing is called there. */
const placeholder = 'https://x/1/y';

/**
 * The functions of a template, by name without the prefix of the bus. Their environment comes from the template, so
 * that it has every variable that the functions read: parameters have their defaults.
 */
export function deployedFunctions({ Resources, Parameters = {} }: Template): DeployedFunction[] {
  const textOf = (value: unknown): string => {
    if (typeof value === 'string') return value;
    const { Ref } = value as { readonly Ref?: string };
    const parameter = Ref === undefined ? undefined : Parameters[Ref]?.Default;
    return parameter === undefined ? placeholder : String(parameter);
  };
  return Object.entries(Resources)
    .filter(([, { Type }]) => Type === 'AWS::Lambda::Function')
    .map(([logicalId, { Metadata = {}, Properties = {} }]) => {
      const { FunctionName, Environment } = Properties;
      const variables = Object.entries(Environment?.Variables ?? {});
      return {
        name: typeof FunctionName === 'string' ? FunctionName.replace(/^[^-]*-/, '') : logicalId,
        asset: String(Metadata['aws:asset:path']),
        environment: Object.fromEntries(variables.map(([name, value]) => [name, textOf(value)])),
      };
    })
    .sort((left, right) => left.name.localeCompare(right.name));
}
