import { isReservedWord } from './reserved-words.ts';
import { ExpressionError, type Operand, type Path, type PathStep } from './syntax.ts';
import type { Tokens } from './tokens.ts';

/** `a`, `#a`, `a.b[0].#c`. */
export function parsePath(tokens: Tokens): Path {
  const path: PathStep[] = [parseName(tokens)];
  for (;;) {
    if (tokens.takeSymbol('.')) path.push(parseName(tokens));
    else if (tokens.takeSymbol('[')) {
      if (tokens.current.kind !== 'number') throw tokens.syntaxError();
      path.push(Number(tokens.take().text));
      tokens.expectSymbol(']');
    } else return path;
  }
}

function parseName(tokens: Tokens): string {
  const { kind, text } = tokens.current;
  if (kind !== 'word' && kind !== 'name') throw tokens.syntaxError();
  tokens.take();
  if (kind === 'word' && isReservedWord(text)) {
    throw new ExpressionError(`Attribute name is a reserved keyword; reserved keyword: ${text}`);
  }
  return text;
}

/** A path, a `:value`, or a function of operands. `known` are the functions of this kind of expression. */
export function parseOperand(tokens: Tokens, known: ReadonlySet<string>): Operand {
  if (tokens.takeSymbol('(')) {
    if (tokens.isSymbol('(')) throw new ExpressionError('The expression has redundant parentheses;');
    const operand = parseOperand(tokens, known);
    tokens.expectSymbol(')');
    return operand;
  }
  const { kind, text } = tokens.current;
  if (kind === 'value') {
    tokens.take();
    return { kind: 'value', placeholder: text };
  }
  const { following } = tokens;
  if (kind === 'word' && following?.kind === 'symbol' && following.text === '(') {
    return parseFunction(tokens, known);
  }
  return { kind: 'path', path: parsePath(tokens) };
}

function parseFunction(tokens: Tokens, known: ReadonlySet<string>): Operand {
  const name = tokens.take().text;
  // Function names, unlike keywords, are case-sensitive.
  if (!known.has(name)) throw new ExpressionError(`Invalid function name; function: ${name}`);
  tokens.expectSymbol('(');
  const operands = [parseOperand(tokens, known)];
  while (tokens.takeSymbol(',')) operands.push(parseOperand(tokens, known));
  tokens.expectSymbol(')');
  return { kind: 'function', name, operands };
}

/** `a, b.c, #d[1]`. */
export function parsePaths(tokens: Tokens): readonly Path[] {
  const paths = [parsePath(tokens)];
  while (tokens.takeSymbol(',')) paths.push(parsePath(tokens));
  return paths;
}
