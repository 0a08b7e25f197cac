// An MCP server over standard input and output that lists its tools, which are its argument. They never answer.
import { createInterface } from "node:readline";

const tools = JSON.parse(process.argv[2]);
for await (const line of createInterface({ input: process.stdin })) {
  const { id, method, params } = JSON.parse(line);
  if (id === undefined || method === "tools/call") continue;
  const { protocolVersion } = params ?? {};
  const result =
    method === "initialize"
      ? { protocolVersion, capabilities: { tools: {} }, serverInfo: { name: "tools", version: "1.0.0" } }
      : { tools };
  process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", id, result })}\n`);
}
