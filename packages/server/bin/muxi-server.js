#!/usr/bin/env node
// Plain JavaScript that any Node can parse, so that an old one gets a sentence and not a syntax error.
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 13)) {
  console.error(`Error: muxi-server needs Node 22.13 or newer; this is Node ${process.versions.node}.`);
  process.exit(1);
}
await import("../dist/main.js");
