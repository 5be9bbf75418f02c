import { describe, pair, resolveValue, type Scope, text } from './intrinsics.ts';
import { TemplateError, type TemplateValue } from './template.ts';

/**
 * Evaluates the Conditions section: `Fn::Equals`, `Fn::And`, `Fn::Or`, `Fn::Not` and `Condition`, over parameters and
 * mappings. Throws `TemplateError` for a condition that depends on itself.
 */
export function evaluateConditions(
  conditions: Readonly<Record<string, TemplateValue>>,
  scope: Omit<Scope, 'condition'>,
): (name: string) => boolean {
  const values = new Map<string, boolean>();
  const open: string[] = [];

  function condition(name: string): boolean {
    const known = values.get(name);
    if (known !== undefined) return known;
    const expression = conditions[name];
    if (expression === undefined) throw new TemplateError(`The template has no condition ${name}.`);
    if (open.includes(name)) {
      throw new TemplateError(`The conditions ${[...open, name].join(' -> ')} depend on each other.`);
    }
    open.push(name);
    const value = evaluate(expression, `Conditions.${name}`);
    open.pop();
    values.set(name, value);
    return value;
  }

  function evaluate(expression: TemplateValue, where: string): boolean {
    const [entry, ...rest] =
      typeof expression === 'object' && expression !== null ? Object.entries(expression) : [];
    if (entry !== undefined && rest.length === 0) {
      const [name, argument] = entry as [string, TemplateValue];
      const operands = Array.isArray(argument) ? (argument as TemplateValue[]) : [];
      switch (name) {
        case 'Condition':
          return condition(text(argument, where));
        case 'Fn::Equals': {
          const [left, right] = pair(argument, where);
          const full = { ...scope, condition };
          return describe(resolveValue(left, full, where)) === describe(resolveValue(right, full, where));
        }
        case 'Fn::Not':
          return !operands.every((operand) => evaluate(operand, where));
        case 'Fn::And':
          return operands.every((operand) => evaluate(operand, where));
        case 'Fn::Or':
          return operands.some((operand) => evaluate(operand, where));
      }
    }
    throw new TemplateError(`${where} is ${JSON.stringify(expression)}, which is not a condition function.`);
  }

  return condition;
}
