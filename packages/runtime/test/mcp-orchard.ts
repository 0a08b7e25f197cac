import { spawn } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { McpServer } from "@modelcontextprotocol/server";
import * as z from "zod";

/** A PNG of one pixel. */
export const applePicture =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/** The tools of the MCP servers of tests. */
export const createOrchard = (): McpServer => {
  const server = new McpServer({ name: "orchard", version: "1.0.0" });
  const text = (content: string) => ({ content: [{ type: "text" as const, text: content }] });

  server.registerTool(
    "count_trees",
    {
      description: "Counts the trees of a kind",
      inputSchema: z.object({ kind: z.string(), unit: z.string().optional() }),
    },
    async ({ kind, unit }) => text(`12 ${kind} ${unit ?? "trees"}`),
  );
  server.registerTool("process_id", { description: "Tells the server's process" }, async () =>
    text(`${process.pid}`),
  );
  server.registerTool("environment", { description: "Tells its environment" }, async () =>
    text(JSON.stringify(process.env)),
  );
  server.registerTool("picture", { description: "Shows a tree" }, async () => ({
    content: [
      { type: "image", mimeType: "image/png", data: "aGVsbG8=" },
      { type: "resource", resource: { uri: "orchard://note", text: "An old tree" } },
    ],
  }));
  server.registerTool("photo", { description: "Shows an apple" }, async () => ({
    content: [
      { type: "text", text: "An apple:" },
      { type: "image", mimeType: "image/png", data: applePicture },
    ],
  }));
  server.registerTool("fell_tree", { description: "Fells a tree" }, async () => ({
    ...text("The saw is broken"),
    isError: true,
  }));
  server.registerTool("ripen", { description: "Takes for ever" }, async () => {
    await delay(600_000, undefined, { ref: false });
    return text("ripe");
  });
  server.registerTool("almanac", { description: "Says very much" }, async () => text("é".repeat(2_000)));
  server.registerTool("hire", { description: "Starts a process in a session of its own" }, async () => {
    const { pid } = spawn("sleep", ["600"], { detached: true, stdio: ["ignore", "inherit", "inherit"] });
    return text(`${pid}`);
  });
  server.registerTool("plant", { description: "Makes another tool" }, async () => {
    server.registerTool("harvest", { description: "Came later" }, async () => text("Three baskets"));
    return text("planted");
  });
  return server;
};
