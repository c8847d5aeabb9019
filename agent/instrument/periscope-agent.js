#!/usr/bin/env node
// What npm links as `periscope-agent`, in a clone, too: there it links before the program behind this is built.
await import('./dist/doctor.js');
