#!/usr/bin/env node
import module from "node:module";
import { homedir } from "node:os";
import path from "node:path";

// Plain JavaScript that any Node can parse, so that an old one gets a sentence and not a syntax error.
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 13)) {
  console.error(`Error: muxi-server needs Node 22.13 or newer; this is Node ${process.versions.node}.`);
  process.exit(1);
}
// Compiled once, loaded from then on (docs/decisions/compiled-code.md).
module.enableCompileCache(
  process.env.NODE_COMPILE_CACHE || path.join(homedir(), ".muxi", "cache", "compile"),
);
// "#main" of package.json: the built program, or its source under the condition muxi-source.
await import("#main");
