import { LIMITS } from '../../pipeline/limits.ts';
import { ENUMS } from './enums.ts';
import { ConditionError, type Call, type Condition, type Literal, type Operand, type Operator, type Path } from './expression.ts';
import { tokensOf, unquoted, type Token, type TokenKind } from './tokens.ts';

const WORDS: Readonly<Record<string, Literal>> = { nil: null, true: true, false: false };
const RESERVED = ['and', 'or', 'not', 'where'];

/** Reads one condition: booleans joined with and, or, not and parentheses. Throws ConditionError. */
export function parseCondition(source: string): Condition {
  return new Parser(source).whole();
}

class Parser {
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;

  constructor(source: string) {
    this.#tokens = tokensOf(source);
  }

  whole(): Condition {
    if (this.#tokens.length === 1) this.#fail('a condition is empty');
    const condition = this.#or();
    if (this.#peek().kind !== 'end') this.#fail(`unexpected ${JSON.stringify(this.#peek().text)}`);
    return condition;
  }

  #peek(ahead = 0): Token {
    return this.#tokens[Math.min(this.#next + ahead, this.#tokens.length - 1)]!;
  }

  #fail(message: string, token = this.#peek()): never {
    throw new ConditionError(message, token.at);
  }

  #take(text: string, kind?: TokenKind): boolean {
    const token = this.#peek();
    if (token.text !== text || (kind !== undefined && token.kind !== kind) || token.kind === 'string') return false;
    this.#next += 1;
    return true;
  }

  #expect(text: string): void {
    if (this.#take(text)) return;
    const found = this.#peek();
    this.#fail(`${JSON.stringify(text)} is expected${found.kind === 'end' ? '' : `, not ${JSON.stringify(found.text)}`}`);
  }

  #or(): Condition {
    return this.#joined('or', () => this.#joined('and', () => this.#boolean()));
  }

  #joined(kind: 'or' | 'and', part: () => Condition): Condition {
    const parts = [part()];
    while (this.#take(kind)) parts.push(part());
    return parts.length === 1 ? parts[0]! : { kind, parts };
  }

  #boolean(): Condition {
    if (this.#take('not')) return { kind: 'not', of: this.#plain() };
    return this.#plain();
  }

  #plain(): Condition {
    const start = this.#peek();
    if (this.#take('(')) {
      this.#depth += 1;
      if (this.#depth > LIMITS.conditionDepth) this.#fail('parentheses nest too deep', start);
      const inner = this.#or();
      this.#expect(')');
      this.#depth -= 1;
      if (['operator', 'sign'].includes(this.#peek().kind)) this.#fail('arithmetic is not supported', start);
      return inner;
    }
    if (start.kind === 'mark' || start.kind === 'end') this.#fail('a condition is expected');
    const left = this.#operand();
    const operator = this.#peek();
    if (operator.kind === 'operator') {
      this.#next += 1;
      return { kind: 'comparison', left, operator: operator.text as Operator, right: this.#operand() };
    }
    if (left.kind === 'call') return left;
    if (left.kind === 'literal' && typeof left.value === 'boolean') return { kind: 'constant', value: left.value };
    if (operator.kind === 'sign') this.#fail('arithmetic is not supported');
    return this.#fail('a comparison (==, !=, <, <=, >, >=) is expected');
  }

  #operand(): Operand {
    const token = this.#peek();
    const operand = this.#single(token);
    if (this.#peek().kind === 'sign') this.#fail('arithmetic is not supported');
    return operand;
  }

  #single(token: Token): Operand {
    const literal = (value: Literal): Operand => ({ kind: 'literal', value, at: token.at });
    this.#next += 1;
    switch (token.kind) {
      case 'string':
        return literal(unquoted(token));
      case 'int':
        return literal(this.#int(token, ''));
      case 'float':
        return literal(Number(token.text));
      case 'sign':
        return literal(this.#signed(token));
      case 'bytes':
        if (token.text.length % 2 !== 0) this.#fail('bytes need two digits each', token);
        return literal(Buffer.from(token.text.slice(2), 'hex'));
      case 'enum':
        if (this.#peek().text === '(') return this.#call(token);
        if (ENUMS[token.text] === undefined) this.#fail(`unknown name ${token.text}`, token);
        return literal(ENUMS[token.text]!);
      case 'function':
        return this.#call(token);
      case 'name': {
        if (RESERVED.includes(token.text)) this.#fail(`a value is expected, not "${token.text}"`, token);
        const word = WORDS[token.text];
        return word === undefined ? this.#path(token) : literal(word);
      }
      default:
        if (token.text === '[' || token.text === '{') this.#fail('lists and maps are not supported as values', token);
        if (token.text === '(') this.#fail('arithmetic is not supported', token);
        return this.#fail(
          token.kind === 'end' ? 'a value is expected' : `a value is expected, not ${JSON.stringify(token.text)}`,
          token,
        );
    }
  }

  #int(token: Token, sign: string): bigint {
    const value = BigInt(`${sign}${token.text}`);
    if (BigInt.asIntN(64, value) !== value) this.#fail(`${sign}${token.text} does not fit 64 bits`, token);
    return value;
  }

  #signed(sign: Token): Literal {
    const number = this.#peek();
    if ((sign.text !== '-' && sign.text !== '+') || (number.kind !== 'int' && number.kind !== 'float'))
      this.#fail('arithmetic is not supported', sign);
    this.#next += 1;
    const minus = sign.text === '-' ? '-' : '';
    return number.kind === 'int' ? this.#int(number, minus) : Number(`${minus}${number.text}`);
  }

  #call(name: Token): Call {
    const args: Operand[] = [];
    this.#expect('(');
    this.#depth += 1;
    if (this.#depth > LIMITS.conditionDepth) this.#fail('functions nest too deep', name);
    while (!this.#take(')')) {
      if (args.length > 0) this.#expect(',');
      const argument = this.#peek(1);
      if (argument.text === '=' && argument.kind === 'mark') this.#fail('named arguments are not supported');
      args.push(this.#operand());
    }
    this.#depth -= 1;
    if (this.#peek().text === '[') this.#fail('an index behind a function is not supported');
    return { kind: 'call', name: name.text, args, at: name.at };
  }

  #path(first: Token): Path {
    const names = [first.text];
    if (this.#peek().text === '(')
      this.#fail(`"${first.text}" is no function (editors such as set change data; they belong to transform)`, first);
    while (this.#take('.')) {
      const name = this.#peek();
      if (name.kind !== 'name') this.#fail('a name is expected behind the dot');
      this.#next += 1;
      names.push(name.text);
    }
    const keys: (string | number)[] = [];
    while (this.#take('[')) {
      const key = this.#peek();
      this.#next += 1;
      if (key.kind === 'string') keys.push(unquoted(key));
      else if (key.kind === 'int' && key.text.length < 10) keys.push(Number(key.text));
      else this.#fail('a key is a text in quotes or a number', key);
      this.#expect(']');
    }
    if (keys.length > 0 && this.#peek().text === '.') this.#fail('a path ends with its keys');
    return { kind: 'path', names, keys, at: first.at };
  }
}
