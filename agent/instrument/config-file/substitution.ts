import type { Environment } from '../environment.ts';

const REFERENCE = /\$\{([^}]+)\}/g;
/** Of what stands between the braces; a variable may be called `env`, too. */
const VARIABLE = /^(?:env:(?!-))?([a-zA-Z_][a-zA-Z0-9_]*)(?::-([^\n]*))?$/;

/**
 * A text with its references to variables of the environment replaced, as OpenTelemetry's data model of configuration has it:
 * `${NAME}`, `${env:NAME}` and `${NAME:-default}`, where an empty variable is none; `$$` is a `$` that begins no reference. What comes
 * from a variable is not looked at again. Throws for a reference that is none of these.
 */
export function substituted(text: string, environment: Environment): string {
  return text
    .split('$$')
    .map((part) =>
      part.replaceAll(REFERENCE, (_reference, inside: string) => {
        const [, name, fallback = ''] = VARIABLE.exec(inside) ?? [];
        if (name === undefined) throw new Error('a reference to a variable is none of ${NAME}, ${env:NAME} and ${NAME:-default}');
        return environment[name] || fallback;
      }),
    )
    .join('$');
}
