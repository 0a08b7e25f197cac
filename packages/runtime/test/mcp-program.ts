// An MCP server over standard input and output. With CARELESS set it stays when its input ends.
import { serveStdio } from "@modelcontextprotocol/server/stdio";
import { createOrchard } from "./mcp-orchard.ts";

if (process.env.CARELESS) setInterval(() => {}, 60_000);
else process.stdin.on("end", () => process.exit());
serveStdio(createOrchard);
