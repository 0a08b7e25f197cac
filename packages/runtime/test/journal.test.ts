import { expect, onTestFinished, test } from "vitest";
import { untilExpected } from "../../../test/until.ts";
import { untilStatus } from "./harness.ts";
import { type Reply, type ReplyScript, startModelServer } from "./model-server.ts";
import { notingReply, readAsked, startBuilt, startLedger, writeTestFormation } from "./processes.ts";

const ann = { user: "ann" };

test.each([
  ["accepted for the background", { mode: "async" }],
  ["that took too long for its caller", { stream: false, threshold_seconds: 0.5 }],
])(
  "after kill -9 a request %s makes no call again that has ended: the model reads its result",
  async (_, how) => {
    const models = await startModelServer();
    onTestFinished(() => models.close());
    const ledger = await startLedger();
    const dir = await writeTestFormation(models.url, { toolUrl: ledger.url });
    models.defaultReply = notingReply({ text: ["Not ", "yet"], stallAfter: 1 });
    const { api, crash } = await startBuilt(dir);
    const body = { message: "Sow", request_id: "req_1", session_id: "s1", ...how };
    expect((await api.call("POST", "/chat", { ...ann, body })).status).toBe(202);
    await untilExpected("the model is asked twice", () => expect(models.requests).toHaveLength(2));
    await crash();

    models.defaultReply = notingReply({ text: ["Sown"] });
    const again = await startBuilt(dir);
    await untilStatus(again.api, "req_1", "completed");
    expect(ledger.calls).toEqual(["Sow"]);
    expect(models.requests).toHaveLength(3);
    expect(JSON.stringify(models.requests[2]?.body)).toContain("Noted Sow");
    const { body: session } = await again.api.get("/sessions/s1/messages", ann);
    expect(session.data.messages.map(({ content }: { content: string }) => content)).toEqual(["Sow", "Sown"]);
  },
);

const agent = (id: string) => `schema: "1.0.0"
id: ${id}
name: ${id}
description: Has to do with ${id}s
system_message: You are the ${id}.
`;

test("after kill -9 an agent that another one asked makes no call again that has ended", async () => {
  const models = await startModelServer();
  onTestFinished(() => models.close());
  const ledger = await startLedger();
  const dir = await writeTestFormation(models.url, {
    toolUrl: ledger.url,
    files: { "agents/keeper.afs": agent("keeper"), "agents/noter.afs": agent("noter") },
  });
  const asks = { id: "c1", name: "ask_agent", arguments: ['{"agent":"noter","task":"Note: sown"}'] };
  const notes = { id: "c1", name: "ledger__note", arguments: ['{"entry":"sown"}'] };
  const answering =
    (ofNoter: Reply): ReplyScript =>
    (request) => {
      const isNoter = JSON.stringify(request.body).includes("You are the noter.");
      const { isNoted: hasCalled } = readAsked(request);
      if (isNoter) return hasCalled ? ofNoter : { text: [], toolCalls: [notes] };
      return hasCalled ? { text: ["Done."] } : { text: ["I ask."], toolCalls: [asks] };
    };
  models.defaultReply = answering({ text: ["Not ", "yet"], stallAfter: 1 });
  const { api, crash } = await startBuilt(dir);
  const body = { message: "Sow with the keeper", request_id: "req_1", session_id: "s1", mode: "async" };
  expect((await api.call("POST", "/chat", { ...ann, body })).status).toBe(202);
  await untilExpected("the model is asked three times", () => expect(models.requests).toHaveLength(3));
  await crash();

  models.defaultReply = answering({ text: ["Noted."] });
  const again = await startBuilt(dir);
  await untilStatus(again.api, "req_1", "completed");
  expect(ledger.calls).toEqual(["sown"]);
  const asked = models.requests.slice(3).map((request) => JSON.stringify(request.body));
  expect(asked).toHaveLength(2);
  expect(asked[0]).toContain("You are the noter.");
  expect(asked[0]).toContain("Noted sown");
  expect(asked[1]).toContain('"content":"Noted."');
  const { body: session } = await again.api.get("/sessions/s1/messages", ann);
  expect(session.data.messages.at(-1)).toMatchObject({ content: "I ask.\n\nDone.", agent_id: "keeper" });
});
