import type { Idea } from './hostile-ideas.ts';

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Ways to hide a query inside another that is well formed. */
const NESTS: readonly ((sql: string) => string)[] = [
  (sql) => sql,
  (sql) => `(${sql})`,
  (sql) => `SELECT * FROM (${sql}) q`,
  (sql) => `SELECT 1 WHERE EXISTS (${sql})`,
  (sql) => `SELECT (SELECT count(*) FROM (${sql}) q) AS n`,
  (sql) => `WITH w AS (${sql}) SELECT * FROM w`,
  (sql) => `WITH w AS MATERIALIZED (${sql}), v AS (SELECT * FROM w) SELECT * FROM v`,
  (sql) => `SELECT * FROM numbers n, LATERAL (${sql}) q`,
  (sql) => `SELECT * FROM (SELECT 1 AS one) o LEFT JOIN (${sql}) q ON true`,
  (sql) => `SELECT i FROM numbers ORDER BY (SELECT count(*) FROM (${sql}) q)`,
  (sql) => `SELECT i FROM numbers GROUP BY i HAVING i < (SELECT count(*) FROM (${sql}) q)`,
  (sql) => `SELECT i FROM numbers LIMIT (SELECT count(*) FROM (${sql}) q)`,
  (sql) => `(SELECT NULL AS x) UNION ALL BY NAME (${sql})`,
  (sql) => `SELECT * FROM range((SELECT count(*) FROM (${sql}) q)) r`,
  (sql) => `VALUES ((SELECT count(*) FROM (${sql}) q))`,
  (sql) => `SELECT [x + (SELECT count(*) FROM (${sql}) q) FOR x IN [1, 2]]`,
  (sql) => `SELECT {'a': (SELECT count(*) FROM (${sql}) q)}.a`,
  (sql) => `SELECT sum((SELECT count(*) FROM (${sql}) q)) OVER (ORDER BY i) FROM numbers`,
  (sql) => `SELECT CASE WHEN true THEN (SELECT count(*) FROM (${sql}) q) END`,
  (sql) => `SELECT TRY((SELECT count(*) FROM (${sql}) q))`,
  (sql) => `SELECT count(*) FILTER (WHERE i < (SELECT count(*) FROM (${sql}) q)) FROM numbers`,
  (sql) =>
    `WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < (SELECT count(*) FROM (${sql}) q)) SELECT * FROM r`,
  (sql) => `EXPLAIN ANALYZE SELECT * FROM (${sql}) q`,
  (sql) => `EXPLAIN SELECT * FROM (${sql}) q`,
  (sql) => `SUMMARIZE SELECT * FROM (${sql}) q`,
  (sql) => `SELECT * FROM (DESCRIBE SELECT * FROM (${sql}) q)`,
];

/** Around any statement. */
const STACKS: readonly ((sql: string) => string)[] = [
  (sql) => sql,
  (sql) => `${sql};`,
  (sql) => `SELECT 1; ${sql}`,
  (sql) => `${sql}; SELECT 1`,
  (sql) => `EXPLAIN ANALYZE ${sql}`,
  (sql) => `EXPLAIN ${sql}`,
  (sql) => `PREPARE later AS ${sql}`,
  (sql) => `BEGIN; ${sql}; COMMIT`,
  (sql) => `ROLLBACK; ${sql}`,
  (sql) => `/* SELECT 1 */ ${sql}`,
  (sql) => `-- SELECT 1\n${sql}`,
];

const GAPS = [' ', ' ', '  ', '\n', '\t', ' /**/ ', ' /* ; */ ', ' -- x\n', '\r\n'] as const;

/** A statement that does what the idea does, written in another way. */
export function variantOf(idea: Idea, random: () => number): string {
  const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)]!;
  let { sql } = idea;
  if (idea.nests) for (let depth = Math.floor(random() * 3); depth > 0; depth--) sql = pick(NESTS)(sql);
  else sql = pick(STACKS)(sql);
  if (random() < 0.15) sql = pick(STACKS)(sql);
  return rewritten(sql, pick, random);
}

/** Other letters and other gaps, outside what is quoted. */
function rewritten(sql: string, pick: <T>(of: readonly T[]) => T, random: () => number): string {
  const shouts = random() < 0.3;
  const mixes = random() < 0.3;
  return sql.replaceAll(/'(?:[^']|'')*'|"[^"]*"|--[^\n]*\n|\/\*.*?\*\/|[A-Za-z_]+|\s+/g, (token) => {
    if (/^['"/]|^--/.test(token)) return token;
    if (/^\s/.test(token)) return token.includes('\n') ? token : pick(GAPS);
    if (mixes) return [...token].map((letter) => (random() < 0.5 ? letter.toUpperCase() : letter.toLowerCase())).join('');
    return shouts ? token.toUpperCase() : token;
  });
}
