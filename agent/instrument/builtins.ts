/**
 * Modules of the runtime that the agent needs at its start, without an import: for one, Node makes an ES module of the whole thing,
 * and reads every export of it, among them those that load more when they are read (the streams and promises of node:fs, the
 * WebSocket of node:http). That is 10 ms of a start on Node 20, and 5 MB of the exporting thread on Node 24.
 *
 * What is needed later, or not by each application, is asked for where it is used, by `process.getBuiltinModule`: on Bun node:url and
 * node:util are a megabyte. A Node before 20.16 has no such
 * function: nothing here throws when the agent is imported, `requireBuiltins` does later.
 */
const builtin: typeof process.getBuiltinModule = process.getBuiltinModule ?? ((() => ({})) as typeof process.getBuiltinModule);

export const nodeFs = /* @__PURE__ */ builtin('node:fs');
export const nodePath = /* @__PURE__ */ builtin('node:path');
export const diagnosticsChannel = /* @__PURE__ */ builtin('node:diagnostics_channel');

/** Throws where the runtime cannot give them. */
export function requireBuiltins(): void {
  if ((process as Partial<NodeJS.Process>).getBuiltinModule === undefined)
    throw new Error('it needs process.getBuiltinModule, which Node has since 20.16');
}
