// An MCP server that does not keep to any limit. `flood`: asks without reading the answers. `detach`: leaves a child
// that nobody finds, and that holds its output.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

const [, , what] = process.argv;
const say = (message: object) => process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);

const flood = () => {
  process.stdin.pause();
  const more = () => {
    while (say({ id: crypto.randomUUID(), method: "ping" }));
    process.stdout.once("drain", more);
  };
  more();
};

const detach = () => {
  const code = "setTimeout(() => {}, 30_000)";
  const child = spawn(process.execPath, ["-e", code], { detached: true, env: {}, stdio: "inherit" });
  child.unref();
};

const resultOf = (method: string, params: { protocolVersion?: string }) => {
  if (method === "initialize") {
    const serverInfo = { name: "wild", version: "1" };
    return { protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo };
  }
  return method === "tools/list"
    ? { tools: [{ name: "process", inputSchema: { type: "object" } }] }
    : { content: [{ type: "text", text: `${process.pid}` }] };
};

for await (const line of createInterface({ input: process.stdin })) {
  const { id, method, params } = JSON.parse(line);
  if (id === undefined) continue;
  say({ id, result: resultOf(method, params) });
  if (method !== "tools/call") continue;
  if (what === "flood") flood();
  else detach();
}
