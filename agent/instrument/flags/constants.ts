import { parseSync, type ESTree, Visitor } from 'rolldown/utils';

/**
 * The same module, whose top-level `var` are `const` where nothing is assigned to them later: bundlers make the one of the other,
 * and a `var` is looked up at each use by an optimiser that would put a constant itself in its place. Throws what is no module.
 *
 * Names are taken by their text, whichever scope they are of: at worst one stays `var`.
 */
export function withConstants(code: string): string {
  const { program, errors } = parseSync('bundle.js', code);
  if (errors.length > 0) throw new Error(`cannot read a bundle: ${errors[0]!.message}`);
  const assigned = assignedNames(program);
  let made = '';
  let at = 0;
  for (const statement of program.body) {
    if (statement.type !== 'VariableDeclaration' || statement.kind !== 'var') continue;
    made += code.slice(at, statement.start);
    for (const { id, init, start, end } of statement.declarations) {
      const isConstant = init !== null && !namesOf(id).some((name) => assigned.has(name));
      made += `${isConstant ? 'const' : 'var'} ${code.slice(start, end)};\n`;
    }
    at = statement.end;
  }
  return made + code.slice(at);
}

/** Of everything that is assigned to anywhere but where it is declared. */
function assignedNames(program: ESTree.Program): ReadonlySet<string> {
  const assigned = new Set<string>();
  const take = (target: unknown): void => namesOf(target as ESTree.BindingPattern).forEach((name) => assigned.add(name));
  new Visitor({
    AssignmentExpression: ({ left }) => take(left),
    UpdateExpression: ({ argument }) => take(argument),
    ForInStatement: ({ left }) => take(left),
    ForOfStatement: ({ left }) => take(left),
  }).visit(program);
  return assigned;
}

/** What a pattern, or what stands to the left of an assignment, gives a value to. */
function namesOf(target: ESTree.BindingPattern | ESTree.BindingRestElement | null): readonly string[] {
  switch (target?.type) {
    case 'Identifier':
      return [target.name];
    case 'AssignmentPattern':
      return namesOf(target.left);
    case 'RestElement':
      return namesOf(target.argument);
    case 'ArrayPattern':
      return target.elements.flatMap(namesOf);
    case 'ObjectPattern':
      return target.properties.flatMap((property) => namesOf(property.type === 'RestElement' ? property : property.value));
    default:
      return [];
  }
}
