// @vitest-environment happy-dom
import { createElement, StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { expect, onTestFinished, test, vi } from "vitest";
import { untilExpected } from "../../../test/until.ts";
import { FormationClient, type FormationClientOptions } from "../src/index.ts";
import { type Chat, type UseChatOptions, useChat } from "../src/react.ts";
import { createTestServer, type TestServer } from "../src/testing.ts";
import { citation, done, progress, text } from "./server.ts";

const formationOf = ({ fetch }: TestServer, options: FormationClientOptions = {}) =>
  new FormationClient({ url: "http://test", clientKey: "ck", userId: "u", fetch, ...options });

/** Storage of one page: it outlives a component, and not the test. */
const openStorage = () => {
  onTestFinished(() => sessionStorage.clear());
  return sessionStorage;
};

/** A component with a chat on the screen. */
const render = async (options: UseChatOptions, strict = false) => {
  const container = document.createElement("div");
  let chat: Chat | undefined;
  const Probe = () => {
    chat = useChat(options);
    return chat.messages.map(({ role, text }) => `${role}: ${text}\n`);
  };
  const probe = createElement(Probe);
  const root = createRoot(container);
  root.render(strict ? createElement(StrictMode, null, probe) : probe);
  const screen = {
    get chat(): Chat {
      if (chat === undefined) throw new Error("Nothing was rendered");
      return chat;
    },
    get shown() {
      return container.textContent;
    },
    /** Waits until the screen fulfils an expectation. */
    until: (expectation: () => void) => untilExpected("the screen is as expected", expectation),
    close: () => root.unmount(),
  };
  onTestFinished(screen.close);
  await screen.until(() => expect(chat).toBeDefined());
  return screen;
};

test("messages are sent in one session, and answers grow on the screen", async () => {
  const widgets = { type: "ui", ui: [{ type: "options", id: "ui_1" }] };
  const server = createTestServer()
    .stream([progress, text("Hel"), text("lo"), done])
    .stream([progress, widgets, text("Again"), done]);
  const seen: string[] = [];
  const screen = await render({ formation: formationOf(server), onEvent: ({ type }) => seen.push(type) });
  await screen.chat.send("Hi");
  await screen.until(() => expect(screen.shown).toBe("user: Hi\nassistant: Hello\n"));
  expect(screen.chat).toMatchObject({ status: "ready", error: undefined, sessionId: "sess_1" });

  await screen.chat.send("And?", { agent_id: "hello" });
  await screen.until(() => expect(screen.shown).toContain("Again"));
  expect(screen.chat.messages.at(-1)).toMatchObject({ text: "Again", ui: [{ id: "ui_1" }] });
  expect(server.requests.map(({ json }) => json)).toMatchObject([
    { message: "Hi", session_id: null },
    { message: "And?", session_id: "sess_1", agent_id: "hello" },
  ]);
  expect(seen.slice(0, 4)).toEqual(["progress", "text", "text", "done"]);
});

test("a message has the passages that it rests on, also after a reload", async () => {
  const storage = openStorage();
  const answer = [progress, text("At ten"), { type: "citation", ...citation }];
  const server = createTestServer().stream([...answer, { ...done, metadata: { citations: [citation] } }]);
  const formation = formationOf(server);
  for (const sends of [true, false]) {
    const screen = await render({ formation, storage });
    if (sends) await screen.chat.send("When?");
    await screen.until(() => expect(screen.chat.messages.at(-1)).toMatchObject({ citations: [citation] }));
    screen.close();
  }
});

test("whatever else is told with an answer, a message keeps its text, its role and its id", async () => {
  const metadata = { id: "other", role: "user", text: "Other", citations: [citation] };
  const server = createTestServer().stream([progress, text("At ten"), { ...done, metadata }]);
  const screen = await render({ formation: formationOf(server) });
  await screen.chat.send("When?");
  await screen.until(() => expect(screen.chat.messages.at(-1)).toMatchObject({ citations: [citation] }));
  expect(screen.chat.messages.at(-1)).toEqual({
    id: expect.not.stringMatching("other"),
    role: "assistant",
    text: "At ten",
    citations: [citation],
  });
  screen.close();
});

test("an answer that is stopped stays as far as it came, and is stopped on the server", async () => {
  const server = createTestServer().stream([progress, text("Hel")], { end: "stall" });
  const screen = await render({ formation: formationOf(server) });
  const sent = screen.chat.send("Hi");
  await screen.until(() => expect(screen.shown).toContain("Hel"));
  expect(screen.chat.status).toBe("streaming");
  await screen.chat.send("At once");
  const refused = { status: "streaming", error: { code: "ANSWER_UNDER_WAY" } };
  await screen.until(() => expect(screen.chat).toMatchObject(refused));
  expect(screen.shown).not.toContain("At once");
  await screen.chat.stop();
  await sent;
  await screen.until(() => expect(screen.chat.status).toBe("ready"));
  expect(screen.shown).toContain("assistant: Hel");
  expect(server.requests.at(-1)?.method).toBe("DELETE");
});

test.each([
  ["", false],
  [" in strict mode", true],
])("after a reload the chat is there and its answer goes on%s", async (_, strict) => {
  const storage = openStorage();
  const server = createTestServer().stream([progress, text("Hel")], { end: "stall" });
  const formation = formationOf(server);
  const before = await render({ formation, storage });
  void before.chat.send("Hi");
  await before.until(() => expect(before.shown).toContain("Hel"));
  before.close();
  // It was left, not stopped.
  expect(server.requests).toHaveLength(1);

  server.stream([progress, text("Hel"), text("lo"), done]);
  const after = await render({ formation, storage }, strict);
  await after.until(() => expect(after.shown).toBe("user: Hi\nassistant: Hello\n"));
  await after.until(() => expect(after.chat.status).toBe("ready"));
  expect(server.requests.at(-1)?.path).toBe("/v1/events/sess_1/req_1");

  const again = await render({ formation, storage });
  await again.until(() => expect(again.shown).toBe("user: Hi\nassistant: Hello\n"));
  await again.chat.clear();
  await again.until(() => expect(again.shown).toBe(""));
  expect(storage.getItem("muxi-chat")).toBeNull();
});

/** What the storage has of an answer whose message the server has confirmed. */
const forgotten = { id: "req_1", sessionId: "sess_1", requestId: "req_1" };

test("an answer whose events the server has forgotten is read from the session", async () => {
  const storage = openStorage();
  storage.setItem("mine", JSON.stringify({ messages: [], sessionId: "sess_1", pending: forgotten }));
  const messages = [
    { id: "msg_1", role: "user", content: "Hi" },
    { id: "msg_2", role: "assistant", content: "Hello", metadata: { citations: [citation] } },
  ];
  const server = createTestServer()
    .fail(404, "REQUEST_NOT_FOUND")
    .reply({ session_id: "sess_1", messages, count: 2, has_more: false });
  const screen = await render({ formation: formationOf(server), storage, storageKey: "mine" });
  await screen.until(() => expect(screen.shown).toBe("user: Hi\nassistant: Hello\n"));
  expect(screen.chat.status).toBe("ready");
  expect(screen.chat.messages.at(-1)).toMatchObject({ citations: [citation] });
});

const messageList = (messages: object[]) => ({
  session_id: "sess_1",
  messages,
  count: messages.length,
  has_more: true,
});

/** Turns as they are on the page: questions and answers of the requests from `first` to `last`. */
const turnsShown = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, index) => `req_${first + index}`).flatMap((id) => [
    { id: `${id}:user`, role: "user", text: `Question of ${id}` },
    { id, role: "assistant", text: `Answer of ${id}` },
  ]);

/** The same as the server lists them, with names of its own. */
const turnsStored = (first: number, last: number) =>
  turnsShown(first, last).map(({ id, role, text: content }) => ({
    id: `msg_${id}`,
    role,
    content,
    request_id: id.replace(":user", ""),
  }));

const storedChat = (messages: object[], requestId: string) =>
  JSON.stringify({
    messages,
    sessionId: "sess_1",
    pending: { id: requestId, sessionId: "sess_1", requestId },
  });

test("a long transcript keeps its beginning when the end comes from the server", async () => {
  const storage = openStorage();
  const shown = turnsShown(1, 41).slice(0, -1);
  storage.setItem("muxi-chat", storedChat(shown, "req_41"));
  const server = createTestServer()
    .fail(404, "REQUEST_NOT_FOUND")
    .reply(messageList(turnsStored(17, 42)));
  const screen = await render({ formation: formationOf(server), storage });
  await screen.until(() => expect(screen.chat.messages).toHaveLength(84));
  expect(screen.chat.messages.map((message) => message.text)).toEqual(
    turnsShown(1, 42).map(({ text }) => text),
  );
  expect(screen.chat.status).toBe("ready");
});

test("words that were said before do not stand in for those that are missing", async () => {
  const storage = openStorage();
  const said = (id: string, role: string, text: string) => ({ id, role, text });
  const shown = [
    said("a:user", "user", "More"),
    said("a", "assistant", "OK"),
    said("b:user", "user", "More"),
  ];
  storage.setItem("muxi-chat", storedChat(shown, "b"));
  const turn = [
    { id: "m1", role: "user", content: "More" },
    { id: "m2", role: "assistant", content: "OK" },
  ];
  const server = createTestServer()
    .fail(404, "REQUEST_NOT_FOUND")
    .reply(messageList([...turn, ...turn]));
  const screen = await render({ formation: formationOf(server), storage });
  const turnShown = "user: More\nassistant: OK\n";
  await screen.until(() => expect(screen.shown).toBe(turnShown + turnShown));
});

test("a transcript stays when the server has forgotten the session, and the last message can be sent again", async () => {
  const storage = openStorage();
  storage.setItem("muxi-chat", storedChat(turnsShown(1, 40).slice(0, -1), "req_40"));
  const server = createTestServer().fail(404, "REQUEST_NOT_FOUND").reply(messageList([]));
  const screen = await render({ formation: formationOf(server), storage });
  await screen.until(() =>
    expect(screen.chat).toMatchObject({ status: "error", error: { statusCode: 404 } }),
  );
  expect(screen.chat.messages).toHaveLength(79);

  server.stream([progress, text("Again"), done]);
  await screen.chat.retry();
  await screen.until(() => expect(screen.chat).toMatchObject({ status: "ready", error: undefined }));
  expect(screen.chat.messages).toHaveLength(80);
  expect(screen.chat.messages.at(-1)?.text).toBe("Again");
  expect(server.requests.at(-1)?.json).toMatchObject({ message: "Question of req_40", session_id: "sess_1" });
});

test("a message that is sent in the moment in which the component goes away still leaves", async () => {
  const storage = openStorage();
  const server = createTestServer().stream([progress, text("Hello"), done]);
  const formation = formationOf(server);
  const before = await render({ formation, storage });
  void before.chat.send("Hi");
  before.close();
  await before.until(() =>
    expect(server.requests).toMatchObject([{ method: "POST", json: { message: "Hi" } }]),
  );

  // Until the server has confirmed the message it is found by its idempotency key, under which it counts once.
  server.stream([progress, text("Hello"), done]);
  const after = await render({ formation, storage });
  await after.until(() => expect(after.shown).toBe("user: Hi\nassistant: Hello\n"));
  const [first, second] = server.requests;
  expect(second?.headers["x-muxi-idempotency-key"]).toBe(first?.headers["x-muxi-idempotency-key"]);
  // To the letter: the server compares the bodies of one key as they are.
  expect(JSON.stringify(second?.json)).toBe(JSON.stringify(first?.json));
  expect(server.requests).toHaveLength(2);
});

test("a message says that it is not confirmed, until it is", async () => {
  const storage = openStorage();
  const server = createTestServer().reset();
  const screen = await render({ formation: formationOf(server), storage });
  await screen.chat.send("Hi", { agent_id: "hello" });
  await screen.until(() =>
    expect(screen.chat).toMatchObject({ status: "error", error: { name: "ConnectionError" } }),
  );
  expect(screen.chat.messages).toMatchObject([{ text: "Hi", unconfirmed: true }]);
  screen.close();

  server.reset().stream([progress, text("Hello"), done]);
  const again = await render({ formation: formationOf(server), storage });
  await again.until(() => expect(again.chat.status).toBe("error"));
  expect(again.chat.messages).toMatchObject([{ text: "Hi", unconfirmed: true }]);
  await again.chat.retry();
  await again.until(() => expect(again.chat.status).toBe("ready"));
  expect(again.shown).toBe("user: Hi\nassistant: Hello\n");
  expect(again.chat.messages[0]).not.toHaveProperty("unconfirmed");
  const keys = server.requests.map(({ headers }) => headers["x-muxi-idempotency-key"]);
  expect(keys).toHaveLength(3);
  expect(new Set(keys).size).toBe(1);
  expect(server.requests.at(-1)?.json).toMatchObject({ message: "Hi", agent_id: "hello" });
});

test("a message that was never confirmed is not sent by itself a day later", async () => {
  const storage = openStorage();
  const payload = { message: "Hi", request_id: "req_1", session_id: null };
  const pending = { id: "req_1", unconfirmed: { payload, sentAt: Date.now() - 25 * 3_600_000 } };
  const messages = [{ id: "req_1:user", role: "user", text: "Hi", unconfirmed: true }];
  storage.setItem("muxi-chat", JSON.stringify({ messages, pending }));
  const server = createTestServer().stream([progress, text("Hello"), done]);
  const screen = await render({ formation: formationOf(server), storage });
  await screen.until(() => expect(screen.chat).toMatchObject({ error: { code: "MESSAGE_UNCONFIRMED" } }));
  expect(server.requests).toEqual([]);
  await screen.chat.retry();
  await screen.until(() => expect(screen.shown).toBe("user: Hi\nassistant: Hello\n"));
});

test("what an answer waits for is shown, over a reload too, and answered where it stands", async () => {
  const storage = openStorage();
  const interrupt = {
    ...{ id: "int_1", kind: "approval", prompt: "May I?", expires_at: 2_000_000_000 },
    tool: { id: "call_1", name: "note", arguments: { entry: "17" } },
  };
  const accepted = { request_id: "req_1", session_id: "sess_1", status: "pending" };
  const server = createTestServer()
    .stream([progress, text("May I?"), { ...done, interrupt }])
    .reply(accepted, 202)
    .stream([progress, text("Noted"), done]);
  const formation = formationOf(server);
  const first = await render({ formation, storage });
  await first.chat.send("Note it");
  await first.until(() => expect(first.chat.interrupt).toMatchObject({ id: "int_1" }));
  first.close();
  const again = await render({ formation, storage });
  await again.until(() => expect(again.chat.interrupt?.tool?.arguments).toEqual({ entry: "17" }));
  await again.chat.answer({ action: "approve", editedArgs: { entry: "18" } });
  await again.until(() => expect(again.shown).toBe("user: Note it\nassistant: May I?\nassistant: Noted\n"));
  expect(again.chat.interrupt).toBeUndefined();
  expect(server.requests[1]).toMatchObject({
    json: { interrupt_id: "int_1", action: "approve", edited_args: { entry: "18" } },
  });
  await again.chat.answer({ action: "approve" });
  expect(again.chat.error).toMatchObject({ code: "NOTHING_TO_ANSWER" });
});

test("another answer takes the place of the last one, which stays when there is none", async () => {
  const server = createTestServer()
    .stream([progress, text("First"), done])
    .fail(429, "RATE_LIMITED")
    .stream([progress, text("Second"), done]);
  const screen = await render({ formation: formationOf(server) });
  await screen.chat.send("Hi", { agent_id: "hello" });
  await screen.chat.regenerate();
  await screen.until(() => expect(screen.chat.status).toBe("error"));
  expect(screen.shown).toBe("user: Hi\nassistant: First\n");
  await screen.chat.regenerate();
  await screen.until(() => expect(screen.shown).toBe("user: Hi\nassistant: Second\n"));
  expect(server.requests.at(-1)?.json).toMatchObject({
    message: "Hi",
    agent_id: "hello",
    session_id: "sess_1",
  });
  // There is nothing to try again.
  await screen.chat.retry();
  expect(server.requests).toHaveLength(3);
});

test("what cannot be sent at all is an error too", async () => {
  const formation = new FormationClient({ url: "http://test", fetch: createTestServer().fetch });
  const screen = await render({ formation });
  await screen.chat.send("Hi");
  await screen.until(() => expect(screen.chat).toMatchObject({ error: { option: "clientKey" } }));
  expect(screen.chat.messages).toMatchObject([{ text: "Hi", unconfirmed: true }]);
});

test("what fails is the error, until the next message", async () => {
  const server = createTestServer()
    .fail(401, "UNAUTHORIZED")
    .stream([progress, text("Hello"), done]);
  const screen = await render({ formation: formationOf(server) });
  await screen.chat.send("Hi");
  const failed = { status: "error", error: { name: "AuthenticationError" } };
  await screen.until(() => expect(screen.chat).toMatchObject(failed));
  await screen.chat.send("Hi");
  await screen.until(() => expect(screen.chat).toMatchObject({ status: "ready", error: undefined }));
});

test("an answer that broke off can be resumed, and is shown once", async () => {
  const server = createTestServer()
    .stream([progress, text("Hel")], { end: "reset" })
    .fail(503, "SYSTEM_OVERLOAD")
    .stream([progress, text("Hello"), done]);
  const screen = await render({ formation: formationOf(server, { resumeTimeout: 1 }) });
  await screen.chat.send("Hi");
  await screen.until(() =>
    expect(screen.chat).toMatchObject({ status: "error", error: { statusCode: 503 } }),
  );
  expect(screen.shown).toContain("assistant: Hel");
  await screen.chat.resume();
  await screen.until(() => expect(screen.shown).toBe("user: Hi\nassistant: Hello\n"));
  expect(screen.chat.status).toBe("ready");
});

test("a storage that is full or forbidden does not disturb the chat", async () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  onTestFinished(() => warn.mockRestore());
  const refuse = () => {
    throw new Error("The quota has been exceeded");
  };
  const storage = { getItem: refuse, setItem: refuse, removeItem: refuse };
  const server = createTestServer().stream([progress, text("Hello"), done]);
  const screen = await render({ formation: formationOf(server), storage });
  await screen.chat.send("Hi");
  await screen.until(() => expect(screen.shown).toContain("Hello"));
  await screen.chat.clear();
  await screen.until(() => expect(screen.shown).toBe(""));
  expect(warn).toHaveBeenCalled();
});

const hi = { id: "a", role: "user", text: "Hi" };

test.each([
  ["not a chat", []],
  ['{"messages":null}', []],
  ['{"messages":[null]}', []],
  ['{"messages":[{"id":"b","role":"ghost","text":"Boo"},{"id":5,"role":"user","text":"x"}]}', []],
  [JSON.stringify({ messages: [hi, null], sessionId: 5, pending: { id: "a", requestId: null } }), [hi]],
  [
    JSON.stringify({ messages: [hi], pending: { id: "a", unconfirmed: { payload: {}, sentAt: "now" } } }),
    [hi],
  ],
  [JSON.stringify({ messages: [{ ...hi, ui: [null, { type: "x" }] }] }), [{ ...hi, ui: [{ type: "x" }] }]],
])("of a storage that holds %s the page takes what it can show", async (stored, messages) => {
  const storage = openStorage();
  storage.setItem("muxi-chat", stored);
  const server = createTestServer().stream([progress, text("Hello"), done]);
  const screen = await render({ formation: formationOf(server), storage });
  const state = { messages, status: "ready", sessionId: undefined };
  await screen.until(() => expect(screen.chat).toMatchObject(state));
  await screen.chat.send("And?");
  await screen.until(() => expect(screen.shown).toContain("assistant: Hello"));
  expect(screen.chat.messages).toHaveLength(messages.length + 2);
});
