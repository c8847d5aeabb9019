import { LIMITS } from '../../pipeline/limits.ts';
import { bodyOf, isNode, list, Refused, type Json, type Node } from './syntax-tree.ts';

/**
 * What a short text can make of itself while DuckDB reads it: `*` copies columns, an alias or a WITH that is used twice copies what it
 * stands for, a struct of two columns is a type of both. Thirty lines that each double come to 2^30, before anything runs:
 * DuckDB hears no interrupt then. So the size is bounded here, by sums that are never too small.
 */

/** Of a result or of a value. */
interface Shape {
  /** Columns. */
  readonly width: number;
  /** Parts of its largest type: a number is one, a struct its members and itself. */
  readonly parts: number;
  /** How deep that type nests. */
  readonly depth: number;
}

interface Expression extends Shape {
  /** Expressions it is made of once each alias is replaced by what it stands for. */
  readonly size: number;
}

/** Of a WITH. */
interface Table extends Shape {
  /** Expressions and tables of its query: with NOT MATERIALIZED, which the tree does not show, each use is a copy. */
  readonly cost: number;
}

/** What names stand for. */
interface Around {
  readonly tables: ReadonlyMap<string, Table>;
  /** What FROM and the queries around give. */
  readonly columns: Shape;
  readonly aliases: ReadonlyMap<string, Expression>;
}

/** More than any view or table function has. */
const VIEW: Table = { width: 32, parts: 16, depth: 4, cost: 50 };
const NOTHING: Shape = { width: 0, parts: 1, depth: 0 };
const LEAF: Expression = { width: 1, parts: 1, depth: 0, size: 1 };
/** SUMMARIZE asks so much of each column. */
const SUMMARIES = 12;

const CONSTRUCTORS = new Set([
  'array_value', 'json_object', 'list', 'list_pack', 'list_value', 'list_zip', 'array_zip', 'map', 'map_concat',
  'map_entries', 'map_from_entries', 'row', 'struct_concat', 'struct_insert', 'struct_pack', 'struct_update', 'union_value',
  'array_agg', 'histogram',
]); // prettier-ignore

const both = (a: Shape, b: Shape): Shape => ({
  width: a.width + b.width,
  parts: Math.max(a.parts, b.parts),
  depth: Math.max(a.depth, b.depth),
});

/** Of a type as it is written. */
function typeOf(value: Json | undefined): Shape {
  let parts = 0;
  let depth = 0;
  const members = Array.isArray(value) ? (value as readonly Json[]) : isNode(value) ? Object.values(value) : [];
  for (const member of members) {
    const found = typeOf(member);
    parts += found.parts;
    depth = Math.max(depth, found.depth);
  }
  const own = isNode(value) && 'type_info' in value ? 1 : 0;
  return { width: 1, parts: parts + own, depth: depth + own };
}

/** Throws a `Refused` for what is too large. */
export function boundSize(statement: Json): void {
  new Gauge().query(statement, { tables: new Map(), columns: NOTHING, aliases: new Map() });
}

class Gauge {
  #columns = 0;
  /** Each WITH once. */
  #expressions = 0;
  /** Each WITH as often as it is used. */
  #copied = 0;

  query(node: Json | undefined, around: Around): Shape {
    if (!isNode(node)) return NOTHING;
    const tables = this.#with(node, around);
    const inside: Around = { ...around, tables };
    switch (node['type']) {
      case 'SELECT_NODE':
        return this.#select(node, inside);
      case 'RECURSIVE_CTE_NODE': {
        const first = this.query(node['left'], inside);
        const name = String(node['cte_name']).toLowerCase();
        this.query(node['right'], { ...inside, tables: new Map([...tables, [name, { ...first, cost: 1 }]]) });
        return first;
      }
      default: {
        // Of a set operation, by whatever name DuckDB calls its halves.
        let shape = NOTHING;
        for (const key in node)
          if (key !== 'cte_map' && key !== 'modifiers')
            for (const half of [node[key], ...list(node[key])])
              if (isNode(half) && typeof half['type'] === 'string') {
                const found = this.query(half, inside);
                shape = { ...both(shape, found), width: Math.max(shape.width, found.width) };
              }
        this.#any(node['modifiers'], { ...inside, columns: shape });
        return shape;
      }
    }
  }

  #with(node: Node, around: Around): ReadonlyMap<string, Table> {
    const map = node['cte_map'];
    const entries = isNode(map) ? list(map['map']) : [];
    if (entries.length === 0) return around.tables;
    const tables = new Map(around.tables);
    for (const entry of entries) {
      const value = isNode(entry) ? entry['value'] : undefined;
      if (!isNode(entry) || !isNode(value)) continue;
      const before = this.#copied;
      const shape = this.query(bodyOf(value['query']), { ...around, tables });
      tables.set(String(entry['key']).toLowerCase(), { ...shape, cost: 1 + this.#copied - before });
      this.#copied = before;
    }
    return tables;
  }

  #select(node: Node, around: Around): Shape {
    const from = this.#from(node['from_table'], around);
    const columns = { ...both(from, around.columns), width: from.width };
    const aliases = new Map(around.aliases);
    const inside: Around = { ...around, columns, aliases };
    let shape = NOTHING;
    for (const item of list(node['select_list'])) {
      const expression = this.#expression(item, inside);
      this.#count(expression);
      shape = both(shape, expression);
      if (isNode(item) && typeof item['alias'] === 'string' && item['alias'] !== '')
        aliases.set(item['alias'].toLowerCase(), expression);
    }
    for (const key in node) if (key !== 'select_list' && key !== 'from_table' && key !== 'cte_map') this.#any(node[key], inside);
    return this.#wide(shape);
  }

  #from(node: Json | undefined, around: Around): Shape {
    if (!isNode(node)) return NOTHING;
    switch (node['type']) {
      case 'EMPTY':
        return NOTHING;
      case 'BASE_TABLE': {
        const table = around.tables.get(String(node['table_name']).toLowerCase()) ?? VIEW;
        this.#copied += table.cost;
        this.#count(LEAF);
        return this.#wide(table);
      }
      case 'SUBQUERY':
        return this.query(bodyOf(node['subquery']), around);
      case 'JOIN': {
        const left = this.#from(node['left'], around);
        // What stands on the right may use the columns on the left.
        const right = this.#from(node['right'], { ...around, columns: both(left, around.columns) });
        const joined = this.#wide(both(left, right));
        this.#any(node['condition'], { ...around, columns: joined });
        return joined;
      }
      case 'TABLE_FUNCTION': {
        const called = this.#expression(node['function'], around);
        this.#count(called);
        return this.#wide({ ...called, width: Math.max(VIEW.width, called.parts) });
      }
      case 'EXPRESSION_LIST': {
        let shape = NOTHING;
        for (const row of list(node['values'])) {
          let found = NOTHING;
          for (const value of list(row)) {
            const expression = this.#expression(value, around);
            this.#count(expression);
            found = both(found, expression);
          }
          shape = { ...both(shape, found), width: Math.max(shape.width, found.width) };
        }
        return this.#wide(shape);
      }
      case 'PIVOT':
        return this.#pivot(node, around);
      case 'SHOW_REF': {
        const shown = this.query(bodyOf(node['query']), around);
        this.#count({ ...LEAF, size: SUMMARIES * shown.width });
        return VIEW;
      }
      default:
        throw new Refused(`${String(node['type'])} is nothing that FROM may hold`);
    }
  }

  #pivot(node: Node, around: Around): Shape {
    const source = this.#from(node['source'], around);
    const inside = { ...around, columns: both(source, around.columns) };
    let made = Math.max(1, list(node['aggregates']).length);
    for (const pivot of list(node['pivots'])) {
      if (!isNode(pivot)) continue;
      made *= Math.max(1, list(pivot['entries']).length);
      this.#any(pivot['pivot_expressions'], inside);
    }
    this.#any(node['aggregates'], inside);
    return this.#wide({ ...source, width: source.width + made });
  }

  /** Whatever holds expressions and queries: WHERE, ORDER BY and their like. */
  #any(value: Json | undefined, around: Around): void {
    if (Array.isArray(value)) for (const each of value as readonly Json[]) this.#any(each, around);
    else if (isNode(value) && typeof value['class'] === 'string') this.#count(this.#expression(value, around));
    else if (isNode(value)) for (const key in value) this.#any(value[key], around);
  }

  #expression(value: Json | undefined, around: Around): Expression {
    if (!isNode(value)) return { ...LEAF, size: 0 };
    const { columns } = around;
    switch (value['class']) {
      case 'CONSTANT':
        return LEAF;
      case 'COLUMN_REF': {
        const name = list(value['column_names']).at(-1);
        const alias = around.aliases.get(String(name).toLowerCase());
        const column = { ...LEAF, parts: columns.parts, depth: columns.depth };
        return alias === undefined ? column : { ...both(column, alias), width: 1, size: Math.max(1, alias.size) };
      }
      case 'STAR': {
        const within = this.#members(value, around);
        return { ...both(columns, within), width: Math.max(1, columns.width), size: 1 + within.size };
      }
      case 'SUBQUERY': {
        const shape = this.query(bodyOf(value['subquery']), around);
        const child = this.#expression(value['child'] ?? undefined, around);
        return { ...both(shape, child), width: Math.max(1, child.width), size: 1 + child.size };
      }
      default:
        return this.#called(value, around);
    }
  }

  #called(value: Node, around: Around): Expression {
    const within = this.#members(value, around);
    const name = value['class'] === 'FUNCTION' ? String(value['function_name']).toLowerCase() : '';
    // A column for each member of a struct.
    if (name === 'unnest') return { ...within, width: Math.max(within.width, within.parts) };
    const isMade = CONSTRUCTORS.has(name);
    const written = value['class'] === 'CAST' ? typeOf(value['cast_type']) : NOTHING;
    const parts = Math.max(written.parts, isMade ? within.parts + 1 : within.largest);
    const depth = Math.max(written.depth, isMade ? within.depth + 1 : within.depth);
    if (depth > LIMITS.sqlTypeDepth) throw new Refused(`a type nests deeper than ${LIMITS.sqlTypeDepth}`);
    if (parts > LIMITS.sqlTypeParts) throw new Refused(`a type has more than ${LIMITS.sqlTypeParts} parts`);
    return { ...within, parts, depth };
  }

  /** What an expression is made of, `parts` added up. A star in it stands for all columns, and copies what it stands in. */
  #members(node: Node, around: Around): Expression & { readonly largest: number } {
    let width = 1;
    let parts = 0;
    let largest = 1;
    let depth = 0;
    let size = 1;
    const add = (value: Json | undefined): void => {
      if (Array.isArray(value)) for (const each of value as readonly Json[]) add(each);
      else if (isNode(value) && typeof value['class'] === 'string') {
        const found = this.#expression(value, around);
        width = Math.max(width, found.width);
        parts += found.width * found.parts;
        largest = Math.max(largest, found.parts);
        depth = Math.max(depth, found.depth);
        size += found.size;
      } else if (isNode(value)) for (const key in value) add(value[key]);
    };
    for (const key in node) add(node[key]);
    return { width, parts: Math.max(1, parts), largest, depth, size };
  }

  #count({ size, width }: Expression): void {
    this.#expressions += size * width;
    this.#copied += size * width;
    if (Math.max(this.#expressions, this.#copied) > LIMITS.sqlExpressions)
      throw new Refused(`it comes to more than ${LIMITS.sqlExpressions} expressions, with each alias, * and WITH written out`);
  }

  #wide<Found extends Shape>(shape: Found): Found {
    this.#columns += shape.width;
    if (this.#columns > LIMITS.sqlColumns)
      throw new Refused(`it comes to more than ${LIMITS.sqlColumns} columns, with each * written out`);
    return shape;
  }
}
