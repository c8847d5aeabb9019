/** DuckDB's syntax tree, as `json_serialize_sql` writes it. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type Node = { readonly [key: string]: Json };

export const isNode = (value: Json | undefined): value is Node =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Empty where it is none. */
export const list = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? (value as readonly Json[]) : []);

/** A text that was understood and may not run. */
export class Refused extends Error {}

/** `query` of a WITH, `subquery` of a FROM or an expression: what stands in them is one level further in. */
export const bodyOf = (value: Json | undefined): Json | undefined => (isNode(value) && 'node' in value ? value['node'] : value);
