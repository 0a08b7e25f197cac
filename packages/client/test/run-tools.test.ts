import { expect, expectTypeOf, test } from "vitest";
import * as z from "zod";
import { type ChatEvent, FormationClient } from "../src/index.ts";
import { done, frame, openStream, progress, sendData, sendError, serve, text } from "./server.ts";

const clientOf = (url: string) => new FormationClient({ url, clientKey: "ck" });

const calls = [{ id: "c1", name: "look_up", arguments: { what: "pears" } }];
const interrupt = { id: "int_1", kind: "client_tools", prompt: "Waits", calls, expires_at: 4_000_000_000 };
const stream = (...events: Parameters<typeof frame>[1][]) =>
  events.map((event, index) => frame(index + 1, event)).join("");

/** A server whose agent calls a tool of the caller, and answers with the result. */
const serveCalls = (theirs: object[] = calls, conflicts = false) => {
  const results: unknown[] = [];
  return serve((request, response) => {
    if (request.url === "/v1/chat") {
      openStream(response, { "x-muxi-request-id": "req_1" });
      const asked = { ...interrupt, calls: theirs };
      response.end(
        stream(progress, text("One moment."), { ...done, finish_reason: "tool_calls", interrupt: asked }),
      );
    } else if (request.url.endsWith("/answer")) {
      results.push(...JSON.parse(request.body).results);
      if (conflicts) sendError(response, 409, "CONFLICT");
      else sendData(response, { request_id: "req_1", session_id: "sess_1", status: "pending" }, 202);
    } else {
      openStream(response);
      response.end(stream(progress, text(`Found ${JSON.stringify(results)}`), done));
    }
  });
};

const lookUp = {
  description: "Looks something up",
  parameters: z.object({ what: z.string() }),
  execute: ({ what }: { what: string }) => ({ found: what }) as unknown,
};

const collect = async (events: AsyncIterable<ChatEvent>): Promise<ChatEvent[]> => {
  const all: ChatEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
};

test("a tool with execute is run, and the same stream goes on with its result", async () => {
  const server = await serveCalls();
  const chat = clientOf(server.url).chatStream(
    {
      message: "Look it up",
      tools: {
        look_up: {
          description: "Looks something up",
          parameters: z.object({ what: z.string() }),
          execute(args, { toolCallId }) {
            expectTypeOf(args).toEqualTypeOf<{ what: string }>();
            return { found: args.what, toolCallId };
          },
        },
      },
    },
    { userId: "ann" },
  );
  const events = await collect(chat);
  expect(events.map(({ type }) => type)).toEqual(["progress", "text", "progress", "text", "done"]);
  expect((await chat.final()).text).toContain("pears");
  const [asked, answered, followed] = server.received;
  expect(JSON.parse(asked?.body ?? "").tools).toMatchObject([
    {
      name: "look_up",
      description: "Looks something up",
      parameters: { type: "object", required: ["what"] },
    },
  ]);
  expect([answered?.url, answered?.headers["x-muxi-user-id"]]).toEqual(["/v1/requests/req_1/answer", "ann"]);
  expect(JSON.parse(answered?.body ?? "")).toEqual({
    interrupt_id: "int_1",
    action: "answer",
    results: [{ id: "c1", content: '{"found":"pears","toolCallId":"c1"}' }],
  });
  expect(followed?.url).toBe("/v1/events/sess_1/req_1");
  expect(followed?.headers["last-event-id"]).toBe("0");
});

test.each<[string, object[], string]>([
  ["throws", [{ ...calls[0], arguments: { what: "bad" } }], "Error: No such tree"],
  ["is not there", [{ ...calls[0], name: "toString" }], "Error: There is no tool named toString"],
  ["gets other arguments", [{ ...calls[0], arguments: { what: 1 } }], "Error: "],
])("a tool that %s has a failed result", async (_, theirs, content) => {
  const server = await serveCalls(theirs);
  const execute = () => {
    throw new Error("No such tree");
  };
  await clientOf(server.url)
    .chatStream({ message: "Look", tools: { look_up: { ...lookUp, execute } } })
    .text();
  const [result] = JSON.parse(server.received[1]?.body ?? "").results;
  expect(result).toMatchObject({ id: "c1", is_error: true, content: expect.stringContaining(content) });
});

test("an answer that was given already is no failure", async () => {
  const server = await serveCalls(calls, true);
  const { text } = await clientOf(server.url)
    .chatStream({ message: "Look", tools: { look_up: lookUp } })
    .final();
  expect(text).toContain("Found");
});

test("leaving while a tool runs stops the request, and waits for no tool", async () => {
  const server = await serveCalls();
  const left = new AbortController();
  const execute = () => {
    left.abort();
    return new Promise(() => {});
  };
  const tools = { look_up: { ...lookUp, execute } };
  const chat = clientOf(server.url).chatStream({ message: "Look", tools }, { signal: left.signal });
  await expect(chat.text()).rejects.toMatchObject({ name: "AbortedError" });
  await server.arrival(({ method }) => method === "DELETE");
});

test("tools of a list are left to who reads the stream", async () => {
  const server = await serveCalls();
  const tools = [{ name: "look_up", description: "Looks something up", parameters: { type: "object" } }];
  const answer = await clientOf(server.url).chatStream({ message: "Look", tools }).final();
  expect(answer.interrupt).toMatchObject({ id: "int_1", kind: "client_tools", calls });
  expect(server.received).toHaveLength(1);
});
