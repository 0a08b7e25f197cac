import { readFile } from "node:fs/promises";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { until, untilExpected } from "../../../test/until.ts";
import { hold, manifest, startFormation, untilStatus, writeFormation } from "./harness.ts";
import { startModelServer } from "./model-server.ts";
import { notingReply, startLedger } from "./processes.ts";

const ann = { user: "ann" };

const frost = `---
type: sop
name: Frost watch
description: What to do before a night of frost
tags: [frost]
---
## Steps
1. Read the thermometer
2. Cover the peaches
`;

const open = async (approval = "never") => {
  const models = await startModelServer();
  onTestFinished(() => models.close());
  const { held, release } = hold();
  const ledger = await startLedger(() => held);
  models.defaultReply = notingReply({ text: ["Noted."] });
  const dir = await writeFormation({
    "formation.afs": `${manifest}
llm:
  settings: { base_url: "${models.url}/v1", max_retries: 0 }
  models: [{ text: openai/test-model, api_key: sk-test }]
logging:
  conversation:
    enabled: true
    streams:
      - transport: file
        level: info
        destination: events.jsonl
        events: ["sop.*", "workflow.*", "overlord.*", "clarification.*", "request.*"]
`,
    "sops/frost.md": frost,
    "mcp/ledger.afs": `id: ledger
description: The ledger
type: http
endpoint: ${ledger.url}
tools: { approval: ${approval} }
`,
  });
  const api = await startFormation(dir);
  /** The events so far, without what was measured, once there is one of that name. */
  const eventsUntil = async (name: string) => {
    const read = async () => {
      const text = await readFile(path.join(dir, "events.jsonl"), "utf8").catch(() => "");
      return text
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line));
    };
    await untilExpected(`there is ${name}`, async () =>
      expect((await read()).map(({ event }) => event)).toContain(name),
    );
    return read();
  };
  return { api, models, ledger, release, eventsUntil };
};

const namesOf = (events: readonly { event: string }[]) => events.map(({ event }) => event);

test("a procedure is told of from its match to its end, task by task, without what was said", async () => {
  const { api, models, eventsUntil } = await open();
  models.defaultReply = { text: ["Two degrees, says the wildebeest."] };
  const { body } = await api.chat("Frost watch, wildebeest", { ...ann, session: "s" });
  const { workflow_id } = body.data.message.metadata;
  const events = await eventsUntil("request.completed");
  expect(namesOf(events)).toEqual([
    "sop.matched",
    "workflow.execution.started",
    "workflow.task.assigned",
    "workflow.task.completed",
    "workflow.task.assigned",
    "workflow.task.completed",
    "workflow.execution.completed",
    "sop.executed",
    "request.completed",
  ]);
  const dataOf = (name: string) => events.find(({ event }) => event === name).data;
  expect(dataOf("sop.matched")).toEqual({
    sop_id: "frost",
    sop_name: "Frost watch",
    request_id: body.data.request_id,
    workflow_id,
  });
  expect(dataOf("workflow.task.completed")).toMatchObject({
    workflow_id,
    task_id: expect.any(String),
    agent_id: expect.any(String),
    status: "completed",
    success: true,
    duration_ms: expect.any(Number),
  });
  expect(dataOf("workflow.execution.completed")).toMatchObject({ status: "completed", total_tasks: 2 });
  expect(JSON.stringify(events)).not.toContain("wildebeest");
});

test("a procedure that fails says why, and one that is stopped that it was", async () => {
  const { api, models, eventsUntil } = await open();
  models.reply({ status: 400, body: "{}" });
  await api.chat("Frost watch", { ...ann, session: "s" });
  const failed = (await eventsUntil("workflow.execution.failed")).find(
    ({ event }) => event === "workflow.execution.failed",
  );
  expect(failed.data).toMatchObject({ failure_reason: "TASK_FAILED", total_tasks: 2 });

  models.reply({ stallAfter: 1 });
  const asked = models.requests.length;
  const body = { message: "Frost watch", request_id: "req_stopped", stream: false };
  const stopped = api.call("POST", "/chat", { ...ann, body });
  await until("a task is under way", () => models.requests[asked]);
  await api.call("DELETE", "/requests/req_stopped", ann);
  await stopped;
  const cancelled = (await eventsUntil("overlord.workflow.cancelled")).at(-1);
  expect(["overlord.workflow.cancelled", "request.cancelled"]).toContain(cancelled.event);
});

test("a call that waits for a yes is told of when it is asked for and when it is answered", async () => {
  const { api, release, eventsUntil } = await open("always");
  release();
  const { body } = await api.chat("Sow", { ...ann, session: "s" });
  const { interrupt } = body.data.message.metadata;
  await api.call("POST", `/requests/${body.data.request_id}/answer`, {
    ...ann,
    body: { interrupt_id: interrupt.id, action: "approve" },
  });
  await untilStatus(api, body.data.request_id, "completed");
  const events = await eventsUntil("clarification.response.received");
  const about = { interrupt_id: interrupt.id, kind: "approval", tool: "ledger__note", server: "ledger" };
  const dataOf = (name: string) => events.find(({ event }) => event === name).data;
  expect(dataOf("clarification.request.sent")).toMatchObject({ ...about, expires_at: interrupt.expires_at });
  expect(dataOf("clarification.response.received")).toEqual({ ...about, action: "approve" });
});

test("a message that waits, and one that steers, are told of", async () => {
  const { api, ledger, release, eventsUntil } = await open();
  const answer = api.chat("Sow", { ...ann, session: "s" });
  await until("it is at work", () => ledger.calls[0]);
  const body = {
    message: "in rows",
    session_id: "s",
    request_id: "req_rows",
    on_busy: "steer",
    mode: "async",
  };
  await api.call("POST", "/chat", { ...ann, body });
  release();
  const { request_id } = (await answer).body.data;
  const events = await eventsUntil("request.steered");
  const dataOf = (name: string) => events.find(({ event }) => event === name);
  expect(dataOf("request.queued.async")).toMatchObject({
    request: { id: "req_rows" },
    data: { on_busy: "steer", is_behind: true },
  });
  expect(dataOf("request.steered")).toMatchObject({
    request: { id: "req_rows" },
    data: { answered_by: request_id },
  });
});

test("a message that is taken apart is told of with its plan, or that there is none", async () => {
  const { api, models, eventsUntil } = await open();
  const task = { id: "1", title: "Look", description: "Look around" };
  models.reply({ text: [JSON.stringify({ tasks: [task] })] });
  const { body } = await api.chat("Write a comprehensive report", { ...ann, session: "s" });
  const made = (await eventsUntil("workflow.decomposition.completed")).find(
    ({ event }) => event === "workflow.decomposition.completed",
  );
  const { workflow_id } = body.data.message.metadata;
  expect(made.data).toMatchObject({ workflow_id, task_count: 1, requires_approval: true });
  models.defaultReply = { text: ["I would rather not."] };
  await api.chat("Write a comprehensive report", { ...ann, session: "s2" });
  await eventsUntil("workflow.decomposition.failed");
});
