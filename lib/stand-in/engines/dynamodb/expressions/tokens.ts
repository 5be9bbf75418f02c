import { ExpressionError } from './syntax.ts';

export interface Token {
  readonly kind: 'word' | 'name' | 'value' | 'number' | 'symbol' | 'end';
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const pattern =
  /\s*(?:(?<word>[A-Za-z_][A-Za-z0-9_]*)|(?<name>#[A-Za-z0-9_]+)|(?<value>:[A-Za-z0-9_]+)|(?<number>[0-9]+)|(?<symbol><>|<=|>=|[=<>()[\],.+-]))/y;

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html */
const expressionMaxBytes = 4096;

/** Reads an expression from left to right. */
export class Tokens {
  readonly #text: string;
  readonly #tokens: Token[] = [];
  #next = 0;

  constructor(text: string) {
    this.#text = text;
    if (text.trim() === '') throw new ExpressionError('The expression can not be empty;');
    const sizeBytes = Buffer.byteLength(text);
    if (sizeBytes > expressionMaxBytes) {
      throw new ExpressionError(
        `Expression size has exceeded the maximum allowed size; expression size: ${sizeBytes}`,
      );
    }
    let at = 0;
    for (;;) {
      pattern.lastIndex = at;
      const match = pattern.exec(text);
      if (match === null) break;
      const [kind, found] = Object.entries(match.groups ?? {}).find(([, group]) => group !== undefined) ?? [];
      if (kind === undefined || found === undefined) break;
      at = pattern.lastIndex;
      this.#tokens.push({ kind: kind as Token['kind'], text: found, start: at - found.length, end: at });
    }
    const rest = text.slice(at).trimStart();
    const start = text.length - rest.length;
    this.#tokens.push(
      rest === ''
        ? { kind: 'end', text: '<EOF>', start: text.length, end: text.length }
        : { kind: 'symbol', text: rest.slice(0, 1), start, end: start + 1 },
    );
  }

  get current(): Token {
    return this.#tokens[this.#next] ?? { kind: 'end', text: '<EOF>', start: 0, end: 0 };
  }

  get following(): Token | undefined {
    return this.#tokens[this.#next + 1];
  }

  /** The token after the parenthesis that closes the one at the current token; undefined if none closes it. */
  afterParenthesis(): Token | undefined {
    let depth = 0;
    for (let index = this.#next; index < this.#tokens.length; index++) {
      const token = this.#tokens[index];
      if (token?.kind !== 'symbol') continue;
      if (token.text === '(') depth += 1;
      else if (token.text === ')') depth -= 1;
      if (depth === 0) return this.#tokens[index + 1];
    }
    return undefined;
  }

  take(): Token {
    const token = this.current;
    this.#next += 1;
    return token;
  }

  /** Takes the next token if it is this symbol. */
  takeSymbol(text: string): boolean {
    if (!this.isSymbol(text)) return false;
    this.#next += 1;
    return true;
  }

  isSymbol(text: string): boolean {
    return this.current.kind === 'symbol' && this.current.text === text;
  }

  /** Takes the next token if it is this keyword, in any case. */
  takeKeyword(keyword: string): boolean {
    if (!this.isKeyword(keyword)) return false;
    this.#next += 1;
    return true;
  }

  isKeyword(keyword: string): boolean {
    return this.current.kind === 'word' && this.current.text.toUpperCase() === keyword;
  }

  expectSymbol(text: string): void {
    if (!this.takeSymbol(text)) throw this.syntaxError();
  }

  expectEnd(): void {
    if (this.current.kind !== 'end') throw this.syntaxError();
  }

  /** Names the unexpected token and its neighbours, as AWS does. */
  syntaxError(): ExpressionError {
    const token = this.current;
    const from = this.#tokens[this.#next - 1]?.start ?? token.start;
    const to = this.#tokens[this.#next + 1]?.end ?? token.end;
    return new ExpressionError(
      `Syntax error; token: "${token.text}", near: "${this.#text.slice(from, to).trim()}"`,
    );
  }
}
