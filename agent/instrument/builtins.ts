/**
 * Modules of the runtime that the agent needs at its start, without an import: for one, Node makes an ES module of the whole thing,
 * and reads every export of it, among them those that load more when they are read (the streams and promises of node:fs, the
 * WebSocket of node:http). That is 10 ms of a start on Node 20, and 5 MB of the exporting thread on Node 24.
 *
 * What is needed later is asked for later, by `process.getBuiltinModule` where it is used.
 */
export const nodeFs = /* @__PURE__ */ process.getBuiltinModule('node:fs');
export const nodePath = /* @__PURE__ */ process.getBuiltinModule('node:path');
export const nodeUrl = /* @__PURE__ */ process.getBuiltinModule('node:url');
export const diagnosticsChannel = /* @__PURE__ */ process.getBuiltinModule('node:diagnostics_channel');
export const nodeOs = /* @__PURE__ */ process.getBuiltinModule('node:os');
export const nodeUtil = /* @__PURE__ */ process.getBuiltinModule('node:util');
