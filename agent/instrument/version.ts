/** As in package.json, which is not there at run time where an application is bundled. */
export const AGENT_NAME = '@periscope-otel/agent';
export const AGENT_VERSION = '0.1.0';
