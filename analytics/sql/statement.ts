import type { SqlFault } from '../../pipeline/analytics.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import { boundAmounts } from './amounts.ts';
import { ALLOWED_FUNCTIONS, ALLOWED_TABLE_FUNCTIONS } from './functions.ts';
import { boundSize } from './query-size.ts';
import { isNode, list, Refused, type Json, type Node } from './syntax-tree.ts';

/** A text that was found to be one SELECT that may run. */
export interface Statement {
  readonly ok: true;
  /** What DuckDB gets. */
  readonly sql: string;
  readonly isExplain: boolean;
  /** Names in lower case of the tables and views it reads, those of its own WITH left out. */
  readonly tables: ReadonlySet<string>;
  /** It asks what time it is: what it answers changes while the tables do not. */
  readonly readsClock: boolean;
}

/** What `json_serialize_sql` says: DuckDB's own parser, so that nothing is read here in another way than it runs. */
export interface Parsed {
  readonly error: boolean;
  readonly error_type?: string;
  readonly error_message?: string;
  readonly position?: string;
  readonly statements?: readonly { readonly node: Json }[];
}

const words = (text: string): ReadonlySet<string> => new Set(text.split(/\s+/).filter((word) => word !== ''));

const EXPRESSIONS = words(`
  BETWEEN CASE CAST COLLATE COLUMN_REF COMPARISON CONJUNCTION CONSTANT FUNCTION LAMBDA OPERATOR PARAMETER
  POSITIONAL_REFERENCE STAR SUBQUERY WINDOW`);

/** Query nodes, what stands in FROM, modifiers, and types. */
const PARTS = words(`
  SELECT_NODE SET_OPERATION_NODE RECURSIVE_CTE_NODE
  BASE_TABLE EMPTY EXPRESSION_LIST JOIN PIVOT SHOW_REF SUBQUERY TABLE_FUNCTION
  DISTINCT_MODIFIER LIMIT_MODIFIER LIMIT_PERCENT_MODIFIER ORDER_MODIFIER ASCENDING DESCENDING ORDER_DEFAULT
  ARRAY_TYPE_INFO DECIMAL_TYPE_INFO LIST_TYPE_INFO STRUCT_TYPE_INFO UNBOUND_TYPE_INFO`);

/** Beside the rules on who sees which WITH: none may have a name that stands for something of DuckDB's own. */
const SYSTEM_NAME = /^(?:duckdb_|pg_|pragma_|sqlite_|information_schema)/i;
const CLOCK_FUNCTIONS = words(`
  now current_date current_localtime current_localtimestamp get_current_time get_current_timestamp today
  transaction_timestamp`);
const CLOCK_COLUMNS = words('current_date current_time current_timestamp localtime localtimestamp');
const EXPLAIN = /^\s*explain(?:\s+analyze)?\s+/i;

const forbidden = (what: string): SqlFault => ({ ok: false, code: 'SQL_FORBIDDEN', message: `cannot run the query: ${what}` });

/**
 * Judges a text. `parse` gives DuckDB's syntax tree of it; whatever in the tree is not known here is refused, so a kind of
 * node that a new DuckDB brings is refused until somebody has looked at it.
 */
export async function judge(sql: string, parse: (sql: string) => Promise<Parsed>): Promise<Statement | SqlFault> {
  if (sql.length > LIMITS.sqlChars)
    return { ok: false, code: 'SQL_INVALID', message: `cannot run the query: it has more than ${LIMITS.sqlChars} characters` };
  // What is explained is judged by itself, and ours is the word before it.
  const explain = EXPLAIN.exec(sql)?.[0] ?? '';
  const parsed = await parse(sql.slice(explain.length));
  if (parsed.error) return faultOf(parsed, sql, explain.length);
  const statements = parsed.statements ?? [];
  const [first] = statements;
  if (first === undefined || statements.length > 1)
    return forbidden(`it holds ${statements.length} statements, and one at a time runs`);
  try {
    const reader = new Reader();
    reader.read(first.node, NO_NAMES);
    boundSize(first.node);
    boundAmounts(first.node);
    const { tables, readsClock } = reader;
    return { ok: true, sql, isExplain: explain !== '', tables, readsClock };
  } catch (error) {
    if (error instanceof Refused) return forbidden(error.message);
    if (error instanceof RangeError) return forbidden('it nests too deep');
    throw error;
  }
}

type Names = ReadonlySet<string>;
const NO_NAMES: Names = new Set();

/** Walks a syntax tree with the names that WITH has made so far. */
class Reader {
  readonly tables = new Set<string>();
  readsClock = false;

  read(value: Json | undefined, names: Names): void {
    if (Array.isArray(value)) for (const each of value as readonly Json[]) this.read(each, names);
    if (!isNode(value)) return;
    if (typeof value['class'] === 'string') this.#expression(value, value['class'], names);
    else if (typeof value['type'] === 'string') this.#part(value, value['type'], names);
    else this.#members(value, names);
  }

  #members(node: Node, names: Names): void {
    // A type. What makes one of a JSON text descends into it without a bound, and the process ends.
    if (node['id'] === 'VARIANT' && 'type_info' in node) throw new Refused('the type VARIANT may not be used');
    for (const key in node) this.read(node[key], names);
  }

  #expression(node: Node, kind: string, names: Names): void {
    if (!EXPRESSIONS.has(kind)) throw new Refused(`${kind} is nothing that a query may hold`);
    if (kind === 'CONSTANT') return;
    if (kind === 'FUNCTION' || kind === 'WINDOW') mayCall(node, ALLOWED_FUNCTIONS);
    if (isClock(node, kind)) this.readsClock = true;
    this.#members(node, names);
  }

  #part(node: Node, kind: string, names: Names): void {
    if (!PARTS.has(kind)) throw new Refused(`${kind} is nothing that a query may hold`);
    switch (kind) {
      case 'BASE_TABLE':
        this.#table(node, names);
        break;
      case 'TABLE_FUNCTION':
        this.#tableFunction(node, names);
        return;
      case 'SHOW_REF':
        // DESCRIBE and SUMMARIZE of a query; without one it tells of all tables there are.
        if (!isNode(node['query'])) throw new Refused('SHOW tells of the database; GET /api/v1/tables lists the tables');
        this.read(node['query'], NO_NAMES);
        return;
      case 'PIVOT':
        for (const pivot of list(node['pivots']))
          if (isNode(pivot) && pivot['pivot_enum'] !== '') throw new Refused('a pivot over an ENUM');
        break;
      default:
    }
    const inside = this.#with(node, names);
    if (kind === 'RECURSIVE_CTE_NODE') this.#recursive(node, inside);
    else for (const key in node) if (key !== 'cte_map') this.read(node[key], inside);
  }

  /** Reads the queries of a WITH in their order: each knows those before it, as in DuckDB. */
  #with(node: Node, names: Names): Names {
    const map = node['cte_map'];
    const entries = isNode(map) ? list(map['map']) : [];
    if (entries.length === 0) return names;
    const known = new Set(names);
    for (const entry of entries) {
      if (!isNode(entry) || typeof entry['key'] !== 'string') throw new Refused('a WITH without a name');
      const name = entry['key'].toLowerCase();
      if (SYSTEM_NAME.test(name)) throw new Refused(`a WITH is called ${entry['key']}, as something of DuckDB's own`);
      this.read(entry['value'], known);
      known.add(name);
    }
    return known;
  }

  /** Only the second half of a recursive query knows itself. */
  #recursive(node: Node, names: Names): void {
    const name = node['cte_name'];
    if (typeof name !== 'string' || SYSTEM_NAME.test(name)) throw new Refused("a WITH has a name of DuckDB's own");
    for (const key in node)
      if (key !== 'cte_map') this.read(node[key], key === 'right' ? new Set([...names, name.toLowerCase()]) : names);
  }

  #table(node: Node, names: Names): void {
    const name = String(node['table_name']).toLowerCase();
    const schema = String(node['schema_name']).toLowerCase();
    if (node['at_clause'] !== null) throw new Refused('AT');
    if (node['catalog_name'] !== '' || (schema !== '' && schema !== 'main'))
      throw new Refused(`it names the schema ${[node['catalog_name'], node['schema_name']].filter(Boolean).join('.')}`);
    if (schema === '' && names.has(name)) return;
    this.tables.add(name);
  }

  #tableFunction(node: Node, names: Names): void {
    const called = node['function'];
    if (!isNode(called) || called['class'] !== 'FUNCTION') throw new Refused('what stands in FROM is no function');
    mayCall(called, ALLOWED_TABLE_FUNCTIONS);
    this.#members(called, names);
    for (const key in node) if (key !== 'function') this.read(node[key], names);
  }
}

/** `current_date` without brackets looks like a column; a column of that name is taken for the clock, which does no harm. */
function isClock(node: Node, kind: string): boolean {
  if (kind === 'COLUMN_REF')
    return list(node['column_names']).length === 1 && CLOCK_COLUMNS.has(nameOf(list(node['column_names'])[0]));
  if (kind !== 'FUNCTION') return false;
  const name = nameOf(node['function_name']);
  // With one argument: how old it is today.
  return CLOCK_FUNCTIONS.has(name) || (name === 'age' && list(node['children']).length === 1);
}

const nameOf = (value: Json | undefined): string => (typeof value === 'string' ? value.toLowerCase() : '');

/** `lower(x)` and `x.lower()` alike: what is written before the dot may be a schema or a column, the name decides. */
function mayCall(node: Node, allowed: ReadonlySet<string>): void {
  const name = node['function_name'];
  if (typeof name !== 'string' || !allowed.has(name.toLowerCase()))
    throw new Refused(`the function ${String(name)} may not be used`);
  if (node['catalog'] !== '') throw new Refused(`it names the catalog ${String(node['catalog'])}`);
}

function faultOf({ error_type, error_message = '', position }: Parsed, sql: string, offset: number): SqlFault {
  // Whatever parses and is no SELECT: its text is "Only SELECT statements can be serialized to json!".
  if (error_type === 'not implemented' && error_message.startsWith('Only SELECT'))
    return forbidden('it is no SELECT, and nothing else runs');
  const at = position === undefined ? '' : placeOf(sql, Number(position) + offset);
  return { ok: false, code: 'SQL_INVALID', message: `cannot run the query: ${error_message}${at}` };
}

/** ` (line 2, column 5)` of a place in bytes of the UTF-8 text. */
function placeOf(sql: string, bytes: number): string {
  const before = Buffer.from(sql).subarray(0, bytes).toString();
  const lines = before.split('\n');
  return ` (line ${lines.length}, column ${(lines.at(-1) ?? '').length + 1})`;
}
