import { parseOperand, parsePath } from './parse-operand.ts';
import { ExpressionError, type Operand, type UpdateAction } from './syntax.ts';
import { Tokens } from './tokens.ts';

const updateFunctions: ReadonlySet<string> = new Set(['if_not_exists', 'list_append']);

const clauses = ['SET', 'REMOVE', 'ADD', 'DELETE'] as const;

/**
 * The grammar of update expressions: each clause at most once, in any order.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html
 */
export function parseUpdate(text: string): readonly UpdateAction<Operand>[] {
  const tokens = new Tokens(text);
  const actions: UpdateAction<Operand>[] = [];
  const seen = new Set<string>();
  while (tokens.current.kind !== 'end') {
    const clause = clauses.find((name) => tokens.takeKeyword(name));
    if (clause === undefined) throw tokens.syntaxError();
    if (seen.has(clause)) {
      throw new ExpressionError(`The "${clause}" section can only be used once in an update expression;`);
    }
    seen.add(clause);
    do actions.push(parseAction(tokens, clause));
    while (tokens.takeSymbol(','));
  }
  return actions;
}

function parseAction(tokens: Tokens, clause: (typeof clauses)[number]): UpdateAction<Operand> {
  const path = parsePath(tokens);
  switch (clause) {
    case 'REMOVE':
      return { kind: clause, path };
    case 'SET':
      tokens.expectSymbol('=');
      return { kind: clause, path, value: parseSum(tokens) };
    case 'ADD':
    case 'DELETE': {
      const { kind, text } = tokens.current;
      if (kind !== 'value') throw tokens.syntaxError();
      tokens.take();
      return { kind: clause, path, value: { kind: 'value', placeholder: text } };
    }
  }
}

/** One operand, or two joined by `+` or `-`, all of it optionally in parentheses. */
function parseSum(tokens: Tokens): Operand {
  if (tokens.isSymbol('(') && !['+', '-'].includes(tokens.afterParenthesis()?.text ?? '')) {
    tokens.take();
    const inner = parseSum(tokens);
    tokens.expectSymbol(')');
    return inner;
  }
  const left = parseOperand(tokens, updateFunctions);
  for (const operator of ['+', '-'] as const) {
    if (tokens.takeSymbol(operator)) {
      return { kind: 'sum', operator, left, right: parseOperand(tokens, updateFunctions) };
    }
  }
  return left;
}
