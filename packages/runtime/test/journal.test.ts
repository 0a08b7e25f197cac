import { expect, onTestFinished, test } from "vitest";
import { until } from "./harness.ts";
import { startModelServer } from "./model-server.ts";
import { notingReply, startBuilt, startLedger, writeTestFormation } from "./processes.ts";

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
    await until(() => models.requests.length === 2);
    await crash();

    models.defaultReply = notingReply({ text: ["Sown"] });
    const again = await startBuilt(dir);
    await until(async () => (await again.api.get("/requests/req_1", ann)).body.data.status === "completed");
    expect(ledger.calls).toEqual(["Sow"]);
    expect(models.requests).toHaveLength(3);
    expect(JSON.stringify(models.requests[2]?.body)).toContain("Noted Sow");
    const { body: session } = await again.api.get("/sessions/s1/messages", ann);
    expect(session.data.messages.map(({ content }: { content: string }) => content)).toEqual(["Sow", "Sown"]);
  },
);
