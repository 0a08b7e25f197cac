#!/usr/bin/env node
import module from "node:module";
import { homedir } from "node:os";
import path from "node:path";

// Plain JavaScript that an old Node can parse too, so that it says what is wrong instead of failing at the syntax.
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 13)) {
  console.error("✗ muxi needs Node.js 22.13 or newer");
  console.error(`  This is Node.js ${process.versions.node}.`);
  console.error("  Install a newer one from https://nodejs.org");
  process.exit(1);
}
// Compiled once, loaded from then on (docs/decisions/compiled-code.md).
module.enableCompileCache(
  process.env.NODE_COMPILE_CACHE || path.join(homedir(), ".muxi", "cache", "compile"),
);
// "#main" of package.json: the built program, or its source under the condition muxi-source.
void import("#main");
