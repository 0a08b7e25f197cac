import { AbstractChat, type ChatState, type ChatTransport, type UIMessage } from "ai";
import { expect, test, vi } from "vitest";
import { createChatTransport, type TransportStorage } from "../src/ai-sdk.ts";
import { FormationClient } from "../src/index.ts";
import { createTestServer, type TestServer } from "../src/testing.ts";
import { done, progress, text } from "./server.ts";

/** The AI SDK's chat, as its hooks make it, without a screen. */
class Chat extends AbstractChat<UIMessage> {
  constructor(
    transport: ChatTransport<UIMessage>,
    messages: UIMessage[] = [],
    onData?: (part: unknown) => void,
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
    super({ id: "chat_1", transport, state, ...(onData && { onData }) });
  }
}

const transportOf = ({ fetch }: TestServer, storage?: TransportStorage) => {
  const formation = new FormationClient({ url: "http://test", clientKey: "ck", userId: "u", fetch });
  return createChatTransport({ formation, storage });
};

const storageOf = (values: Map<string, string>): TransportStorage => ({
  getItem: (key) => values.get(key) ?? null,
  setItem: (key, value) => void values.set(key, value),
  removeItem: (key) => void values.delete(key),
});

const partsOf = (chat: Chat) =>
  chat.lastMessage?.parts.map((part) => [part.type, "text" in part ? part.text : undefined]);

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
    done,
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
    metadata: { usage: { total_tokens: 3 }, model: "builtin/extractive", session_id: "sess_1" },
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

test("stop stops the answer on the server", async () => {
  const server = createTestServer().stream([progress, text("Hel")], { end: "stall" });
  const chat = new Chat(transportOf(server));
  const sent = chat.sendMessage({ text: "Hi" });
  await vi.waitFor(() => expect(chat.status).toBe("streaming"));
  await chat.stop();
  await sent;
  expect(chat.status).toBe("ready");
  await vi.waitFor(() => expect(server.requests.at(-1)?.method).toBe("DELETE"));
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
  expect(server.requests.at(-1)?.path).toMatch(/^\/v1\/events\/chat_1\/req_\w{21}$/);
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
