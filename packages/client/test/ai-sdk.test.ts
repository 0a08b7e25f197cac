import {
  AbstractChat,
  type ChatState,
  type ChatTransport,
  lastAssistantMessageIsCompleteWithApprovalResponses,
  lastAssistantMessageIsCompleteWithToolCalls,
  tool,
  type UIMessage,
} from "ai";
import { expect, test, vi } from "vitest";
import * as z from "zod";
import { untilExpected } from "../../../test/until.ts";
import { createChatTransport, type PageTools, type TransportStorage, toUIMessages } from "../src/ai-sdk.ts";
import { FormationClient } from "../src/index.ts";
import { createTestServer, type TestServer } from "../src/testing.ts";
import { citation, done, progress, text } from "./server.ts";

/** The AI SDK's chat, as its hooks make it, without a screen. */
class Chat extends AbstractChat<UIMessage> {
  constructor(
    transport: ChatTransport<UIMessage>,
    messages: UIMessage[] = [],
    onData?: (part: unknown) => void,
    sendAutomaticallyWhen?: (state: { messages: UIMessage[] }) => boolean,
    onToolCall?: (call: { toolCall: { toolCallId: string; input: unknown } }) => void,
  ) {
    const state: ChatState<UIMessage> = {
      status: "ready",
      error: undefined,
      messages,
      pushMessage: (message) => void state.messages.push(message),
      popMessage: () => void state.messages.pop(),
      replaceMessage: (index, message) => void state.messages.splice(index, 1, message),
      snapshot: structuredClone,
    };
    super({
      id: "chat_1",
      transport,
      state,
      ...(onData && { onData }),
      ...(sendAutomaticallyWhen && { sendAutomaticallyWhen }),
      ...(onToolCall && { onToolCall }),
    });
  }
}

const transportOf = ({ fetch }: TestServer, storage?: TransportStorage, tools?: PageTools) => {
  const formation = new FormationClient({ url: "http://test", clientKey: "ck", userId: "u", fetch });
  return createChatTransport({ formation, storage, tools });
};

const storageOf = (values: Map<string, string>): TransportStorage => ({
  getItem: (key) => values.get(key) ?? null,
  setItem: (key, value) => void values.set(key, value),
  removeItem: (key) => void values.delete(key),
});

const partsOf = (chat: Chat) =>
  chat.lastMessage?.parts.map((part) => [part.type, "text" in part ? part.text : undefined]);

/** What the AI SDK shows of the citation. */
const source = {
  type: "source-document",
  sourceId: "cit_1",
  mediaType: "application/pdf",
  title: "Visits",
  filename: "docs/visits.pdf",
  providerMetadata: { muxi: citation },
};

test("an answer becomes a message of the AI SDK, with reasoning, tools, widgets and metadata", async () => {
  const call = { type: "tool_call", id: "call_1", name: "search", arguments: { q: "x" } };
  const events = [
    progress,
    { type: "thinking", content: "Let me " },
    { type: "thinking", content: "see" },
    call,
    { type: "tool_result", id: "call_1", name: "search", content: "found", is_error: false },
    { ...call, id: "call_2" },
    { type: "tool_result", id: "call_2", name: "search", content: "no access", is_error: true },
    text("Hel"),
    text("lo"),
    { type: "ui", ui: [{ type: "options", id: "ui_1" }] },
    { type: "moon_phase", phase: "full" },
    { type: "citation", ...citation },
    { ...done, metadata: { citations: [citation] } },
  ];
  const server = createTestServer().stream(events);
  const data: unknown[] = [];
  const chat = new Chat(transportOf(server), [], (part) => data.push(part));
  const content = { filename: "a.txt", mediaType: "text/plain", url: "data:text/plain;base64,aGk=" };
  await chat.sendMessage(
    { text: "Hi", files: [{ type: "file", ...content }] },
    { body: { agent_id: "hello" }, headers: { traceparent: "00-1" } },
  );

  expect(chat.status).toBe("ready");
  expect(server.requests).toMatchObject([
    {
      method: "POST",
      path: "/v1/chat",
      headers: { traceparent: "00-1" },
      json: {
        message: "Hi",
        session_id: "chat_1",
        agent_id: "hello",
        files: [{ filename: "a.txt", content: "aGk=", content_type: "text/plain" }],
      },
    },
  ]);
  expect(chat.lastMessage).toMatchObject({
    role: "assistant",
    metadata: {
      usage: { total_tokens: 3 },
      model: "builtin/extractive",
      session_id: "sess_1",
      citations: [citation],
    },
    parts: [
      { type: "step-start" },
      { type: "reasoning", text: "Let me see", state: "done" },
      {
        type: "dynamic-tool",
        toolName: "search",
        state: "output-available",
        input: { q: "x" },
        output: "found",
      },
      { type: "dynamic-tool", toolCallId: "call_2", state: "output-error", errorText: "no access" },
      { type: "text", text: "Hello", state: "done" },
      { type: "data-ui", data: [{ type: "options", id: "ui_1" }] },
      source,
    ],
  });
  expect(data).toMatchObject([{ type: "data-progress" }, { type: "data-ui" }, { type: "data-moon_phase" }]);
});

test("an answer that the server takes back is replaced", async () => {
  const again = { type: "completed", content: "Right", stream_discontinuity: true };
  const server = createTestServer().stream([progress, text("Wrong"), again, done]);
  const chat = new Chat(transportOf(server));
  await chat.sendMessage({ text: "Hi" });
  expect(partsOf(chat)).toEqual([
    ["step-start", undefined],
    ["text", "Right"],
  ]);
});

test("the transport stops an answer on the server, and the text that has come stays", async () => {
  const server = createTestServer().stream([progress, text("Hel")], { end: "stall" });
  const transport = transportOf(server);
  const chat = new Chat(transport);
  const sent = chat.sendMessage({ text: "Hi" });
  await vi.waitFor(() => expect(partsOf(chat)?.at(-1)).toEqual(["text", "Hel"]));
  await transport.stop("chat_1");
  await sent;
  expect(chat).toMatchObject({ status: "ready", error: undefined });
  expect(partsOf(chat)?.at(-1)).toEqual(["text", "Hel"]);
  expect(server.requests.map(({ method }) => method)).toEqual(["POST", "DELETE"]);
  expect(await transport.reconnectToStream({ chatId: "chat_1" })).toBeNull();
});

test("an answer that was left can be resumed, and stopped without being read", async () => {
  const storage = storageOf(new Map());
  const server = createTestServer().stream([progress, text("Hel")], { end: "stall" });
  const chat = new Chat(transportOf(server, storage));
  void chat.sendMessage({ text: "Hi" });
  await vi.waitFor(() => expect(partsOf(chat)?.at(-1)).toEqual(["text", "Hel"]));
  // As a hook of the AI SDK 7 does when its component unmounts.
  await chat.stop();
  expect(chat.status).toBe("ready");
  expect(server.requests.map(({ method }) => method)).toEqual(["POST"]);

  const later = transportOf(server.stream([progress, text("Hel")], { end: "stall" }), storage);
  const again = new Chat(later, structuredClone(chat.messages));
  void again.resumeStream();
  await vi.waitFor(() => expect(server.requests).toHaveLength(2));
  await vi.waitFor(() => expect(again.status).toBe("streaming"));
  await again.stop();
  expect(server.requests.map(({ method }) => method)).toEqual(["POST", "GET"]);
  await later.stop("chat_1");
  expect(server.requests.at(-1)).toMatchObject({ method: "DELETE", path: "/v1/requests/req_1" });
});

test("a resume that another takes the place of leaves the answer alone", async () => {
  const storage = storageOf(new Map([["muxi-chat-chat_1", "req_1"]]));
  // The first gets no answer: it is aborted while it waits.
  const server = createTestServer()
    .stall()
    .stream([progress, text("Hello"), done]);
  const chat = new Chat(transportOf(server, storage));
  const first = chat.resumeStream();
  await vi.waitFor(() => expect(server.requests).toHaveLength(1));
  await chat.resumeStream();
  await first;
  expect(partsOf(chat)?.at(-1)).toEqual(["text", "Hello"]);
  expect(chat).toMatchObject({ status: "ready", error: undefined });
  expect(server.requests.map(({ method }) => method)).toEqual(["GET", "GET"]);
});

test("a message that is left at once still reaches the server", async () => {
  const storage = storageOf(new Map());
  const server = createTestServer().stream([progress, text("Hello"), done]);
  const transport = transportOf(server, storage);
  const chat = new Chat(transport);
  void chat.sendMessage({ parts: [{ type: "text", text: "Hi" }] });
  await chat.stop();
  await vi.waitFor(() =>
    expect(server.requests).toMatchObject([{ method: "POST", json: { message: "Hi" } }]),
  );
  server.stream([progress, text("Hello"), done]);
  await chat.resumeStream();
  expect(partsOf(chat)?.at(-1)).toEqual(["text", "Hello"]);
});

test("messages of earlier turns become messages of the AI SDK, under the ids that they have as they stream", () => {
  const at = "2026-01-01T00:00:00.000Z";
  const stored = (id: string, role: "user" | "assistant", content: string, request_id?: string) => ({
    ...{ id, role, content, text: content, timestamp: at, metadata: { model: "m" } },
    ...(request_id !== undefined && { request_id }),
  });
  const messages = toUIMessages({
    messages: [
      stored("msg_1", "user", "Hi"),
      stored("msg_2", "assistant", "Hello"),
      stored("msg_3", "user", "Book it", "req_1"),
      stored("msg_4", "assistant", "When?", "req_1"),
      stored("msg_5", "user", "Today", "req_1"),
      {
        ...stored("msg_6", "assistant", "Done", "req_1"),
        metadata: { model: "m", citations: [citation] },
      },
    ],
  });
  expect(messages.map(({ id }) => id)).toEqual(["msg_1", "msg_2", "msg_3", "msg_4", "msg_5", "req_1"]);
  expect(messages.at(-1)).toEqual({
    id: "req_1",
    role: "assistant",
    parts: [{ type: "text", text: "Done", state: "done" }, source],
    metadata: { model: "m", citations: [citation], request_id: "req_1" },
  });
});

test("a failure is the chat's error, of the class that the client throws", async () => {
  const chat = new Chat(transportOf(createTestServer().fail(429, "RATE_LIMITED", 7)));
  await chat.sendMessage({ text: "Hi" });
  expect(chat).toMatchObject({ status: "error", error: { name: "RateLimitError", retryAfter: 7 } });
});

test("a file that lies elsewhere is refused before anything is sent", async () => {
  const server = createTestServer();
  const chat = new Chat(transportOf(server));
  const url = "https://example.org/a.png";
  await chat.sendMessage({ text: "Hi", files: [{ type: "file", mediaType: "image/png", url }] });
  expect(chat.error).toMatchObject({ name: "ConfigurationError", option: "files" });
  expect(server.requests).toEqual([]);
});

test("after a reload the answer goes on, once and whole", async () => {
  const values = new Map<string, string>();
  const storage = storageOf(values);
  const server = createTestServer().stream([progress, text("Hel")], { end: "stall" });
  const before = new Chat(transportOf(server, storage));
  void before.sendMessage({ text: "Hi" });
  await vi.waitFor(() => expect(partsOf(before)?.at(-1)).toEqual(["text", "Hel"]));

  server.stream([progress, text("Hel"), text("lo"), done]);
  // As an application finds it in its own store: with the piece that was there.
  const after = new Chat(transportOf(server, storage), structuredClone(before.messages));
  await after.resumeStream();
  expect(after.messages).toHaveLength(2);
  expect(partsOf(after)).toEqual([
    ["step-start", undefined],
    ["text", "Hello"],
  ]);
  expect(server.requests.at(-1)?.path).toBe("/v1/events/chat_1/req_1");
  expect(values.size).toBe(0);
});

test("there is nothing to resume without an answer, or once the server has forgotten it", async () => {
  const values = new Map<string, string>();
  const server = createTestServer().fail(404, "REQUEST_NOT_FOUND");
  const transport = transportOf(server, storageOf(values));
  expect(await transport.reconnectToStream({ chatId: "chat_1" })).toBeNull();
  expect(server.requests).toEqual([]);
  values.set("muxi-chat-chat_1", "req_1");
  expect(await transport.reconnectToStream({ chatId: "chat_1" })).toBeNull();
  expect(values.size).toBe(0);
});

test("a storage that is full or forbidden does not disturb the chat", async () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  const refuse = () => {
    throw new Error("The quota has been exceeded");
  };
  const storage = { getItem: refuse, setItem: refuse, removeItem: refuse };
  const chat = new Chat(transportOf(createTestServer().stream([progress, text("Hello"), done]), storage));
  await chat.sendMessage({ text: "Hi" });
  expect(chat).toMatchObject({ status: "ready", error: undefined });
  expect(partsOf(chat)?.at(-1)).toEqual(["text", "Hello"]);
  expect(warn).toHaveBeenCalled();
});

test("a call that waits for a yes is one that the AI SDK answers, and its message goes on", async () => {
  const interrupt = {
    ...{ id: "int_1", kind: "approval", prompt: "May I?", expires_at: 2_000_000_000 },
    tool: { id: "call_1", name: "note", arguments: { entry: "17" } },
  };
  const accepted = { request_id: "req_1", session_id: "chat_1", status: "pending" };
  const call = { type: "tool_call", id: "call_1", name: "note", arguments: { entry: "17" } };
  const result = { type: "tool_result", id: "call_1", name: "note", content: "Noted 17", is_error: false };
  const server = createTestServer()
    .stream([progress, text("May I?"), { ...done, interrupt }])
    .reply(accepted, 202)
    .stream([progress, call, result, text("Done"), done]);
  const chat = new Chat(
    transportOf(server),
    [],
    undefined,
    lastAssistantMessageIsCompleteWithApprovalResponses,
  );
  await chat.sendMessage({ text: "Note it" });
  const tool = () => chat.lastMessage?.parts.find(({ type }) => type === "dynamic-tool");
  expect(tool()).toMatchObject({ state: "approval-requested", toolName: "note", input: { entry: "17" } });
  expect(chat.lastMessage?.parts).toContainEqual({ type: "data-interrupt", data: interrupt });
  await chat.addToolApprovalResponse({ id: "int_1", approved: true });
  await untilExpected("the answer goes on", () => expect(partsOf(chat)?.at(-1)).toEqual(["text", "Done"]));
  expect(tool()).toMatchObject({ state: "output-available", output: "Noted 17" });
  expect(server.requests[1]).toMatchObject({ json: { interrupt_id: "int_1", action: "approve" } });
});

test("calls of the page's own tools reach onToolCall, and the message goes on with their results", async () => {
  const calls = [
    { id: "c1", name: "look_up", arguments: { what: "pears" } },
    { id: "c2", name: "look_up", arguments: { what: "plums" } },
  ];
  const interrupt = { id: "int_1", kind: "client_tools", prompt: "Waits", calls, expires_at: 4_000_000_000 };
  const accepted = { request_id: "req_1", session_id: "chat_1", status: "pending" };
  const told = calls.map((call) => ({ type: "tool_call", origin: "client", ...call }));
  const result = { type: "tool_result", id: "c1", name: "look_up", content: "12 pears", is_error: false };
  const server = createTestServer()
    .stream([progress, text("One moment."), ...told, { ...done, finish_reason: "tool_calls", interrupt }])
    .reply(accepted, 202)
    .stream([progress, result, text("There are 12"), done]);
  const look_up = tool({ description: "Looks up", inputSchema: z.object({ what: z.string() }) });
  const seen: unknown[] = [];
  const chat = new Chat(
    transportOf(server, undefined, { look_up }),
    [],
    undefined,
    lastAssistantMessageIsCompleteWithToolCalls,
    ({ toolCall: { toolCallId, input } }) => {
      seen.push(input);
      void chat.addToolOutput(
        toolCallId === "c1"
          ? { tool: "look_up", toolCallId, output: { found: 12 } }
          : { tool: "look_up", toolCallId, state: "output-error", errorText: "No plums" },
      );
    },
  );
  await chat.sendMessage({ text: "Look it up" });
  await untilExpected("the answer goes on", () =>
    expect(partsOf(chat)?.at(-1)).toEqual(["text", "There are 12"]),
  );
  expect(seen).toEqual([{ what: "pears" }, { what: "plums" }]);
  expect(chat.messages).toHaveLength(2);
  const states = (chat.lastMessage?.parts ?? []).flatMap((part) => ("state" in part ? [part.state] : []));
  expect(states).toEqual(["done", "output-available", "output-error", "done"]);
  const [asked, answered, followed, ...more] = server.requests;
  expect(asked?.json).toMatchObject({
    tools: [{ name: "look_up", description: "Looks up", parameters: { type: "object", required: ["what"] } }],
  });
  expect(answered?.json).toEqual({
    interrupt_id: "int_1",
    action: "answer",
    results: [
      { id: "c1", content: '{"found":12}', is_error: false },
      { id: "c2", content: "No plums", is_error: true },
    ],
  });
  expect(followed?.path).toBe("/v1/events/chat_1/req_1");
  expect(more).toEqual([]);
});

test("a value that fits a schema grows as a part of the message", async () => {
  const schema = { type: "object", properties: { pears: { type: "number" } } };
  const part = (delta: string, replace?: true) => ({ type: "object", delta, ...(replace && { replace }) });
  const parts = [part('{"pea', true), part('{"pears": 1', true), part("2}")];
  const server = createTestServer().stream([
    progress,
    ...parts,
    text('{"pears":12}'),
    { ...done, object: { pears: 12 } },
  ]);
  const chat = new Chat(transportOf(server));
  await chat.sendMessage(
    { text: "Count" },
    { body: { responseFormat: { type: "json", schema, name: "count" } } },
  );
  expect(server.requests[0]?.json).toMatchObject({ format: { type: "json", schema } });
  expect(server.requests[0]?.json).not.toHaveProperty("responseFormat");
  expect(chat.lastMessage?.parts.filter(({ type }) => type === "data-object")).toEqual([
    { type: "data-object", id: "object", data: { pears: 12 } },
  ]);
});
