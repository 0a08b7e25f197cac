import assert from "node:assert/strict";
import { AuthenticationError, FormationClient, MuxiError } from "muxi-client";
import { createTestServer } from "muxi-client/testing";
import { receive, sign, WebhookVerificationError } from "muxi-client/webhook";

const told = (formation: FormationClient) =>
  formation.chatStream({ message: "Tell me" }, { userId: "ann" }).text();

/** The tests of a program that uses the SDK. Every runner runs them. */
export const suite: Record<string, () => Promise<void>> = {
  async "an in-memory server tells a story"() {
    const server = createTestServer().stream([
      { type: "progress", request_id: "req_1", session_id: "sess_1" },
      { type: "text", text: "Once upon a time" },
      { type: "done" },
    ]);
    const formation = new FormationClient({ url: "http://test", clientKey: "test", fetch: server.fetch });
    assert.equal(await told(formation), "Once upon a time");
    assert.equal(server.requests[0]?.path, "/v1/chat");
  },

  async "a formation tells a story"() {
    const { MUXI_FORMATION_URL: url, MUXI_CLIENT_KEY: clientKey } = process.env;
    assert.equal(await told(new FormationClient({ url, clientKey })), "Once upon a time");
  },

  async "a refusal has its class"() {
    const formation = new FormationClient({ url: process.env.MUXI_FORMATION_URL, clientKey: "wrong" });
    const error = await told(formation).catch((reason: unknown) => reason);
    assert(error instanceof AuthenticationError);
    assert(error instanceof MuxiError);
    assert(error instanceof Error);
    assert.equal(error.statusCode, 401);
  },

  async "a webhook is received, and a forged one is not"() {
    const body = JSON.stringify({ id: "req_1", status: "completed", response: [] });
    const deliver = async (signature: string) =>
      receive(
        new Request("http://test/hook", { method: "POST", body, headers: { "x-muxi-signature": signature } }),
        { secret: "secret" },
      );
    assert.equal((await deliver(await sign(body, "secret"))).status, "completed");
    const error = await deliver(await sign(body, "guess")).catch((reason: unknown) => reason);
    assert(error instanceof WebhookVerificationError);
    assert(error instanceof MuxiError);
  },
};
