// @vitest-environment happy-dom
import { createElement, StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { expect, onTestFinished, test, vi } from "vitest";
import { untilExpected } from "../../../test/until.ts";
import { FormationClient, type FormationClientOptions } from "../src/index.ts";
import { type Chat, type UseChatOptions, useChat } from "../src/react.ts";
import { createTestServer, type TestServer } from "../src/testing.ts";
import { done, progress, text } from "./server.ts";

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

test("an answer that is stopped stays as far as it came, and is stopped on the server", async () => {
  const server = createTestServer().stream([progress, text("Hel")], { end: "stall" });
  const screen = await render({ formation: formationOf(server) });
  const sent = screen.chat.send("Hi");
  await screen.until(() => expect(screen.shown).toContain("Hel"));
  expect(screen.chat.status).toBe("streaming");
  await expect(screen.chat.send("At once")).rejects.toThrow("under way");
  await screen.chat.stop();
  await sent;
  await screen.until(() => expect(screen.chat.status).toBe("ready"));
  expect(screen.shown).toContain("assistant: Hel");
  expect(server.requests.at(-1)?.method).toBe("DELETE");
});

test.each([
  ["", 1],
  [" in strict mode", 2],
])("after a reload the chat is there and its answer goes on%s", async (mode, mounts) => {
  const storage = openStorage();
  const server = createTestServer().stream([progress, text("Hel")], { end: "stall" });
  const formation = formationOf(server);
  const before = await render({ formation, storage });
  void before.chat.send("Hi");
  await before.until(() => expect(before.shown).toContain("Hel"));
  before.close();
  // It was left, not stopped.
  expect(server.requests).toHaveLength(1);

  for (let mount = 0; mount < mounts; mount++) server.stream([progress, text("Hel"), text("lo"), done]);
  const after = await render({ formation, storage }, mode !== "");
  await after.until(() => expect(after.shown).toBe("user: Hi\nassistant: Hello\n"));
  await after.until(() => expect(after.chat.status).toBe("ready"));
  expect(server.requests.at(-1)?.path).toBe("/v1/events/sess_1/req_1");

  const again = await render({ formation, storage });
  await again.until(() => expect(again.shown).toBe("user: Hi\nassistant: Hello\n"));
  await again.chat.clear();
  await again.until(() => expect(again.shown).toBe(""));
  expect(storage.getItem("muxi-chat")).toBeNull();
});

test("an answer whose events the server has forgotten is read from the session", async () => {
  const storage = openStorage();
  const pending = { sessionId: "sess_1", requestId: "req_1", after: 0 };
  storage.setItem("mine", JSON.stringify({ messages: [], sessionId: "sess_1", pending }));
  const messages = [
    { id: "msg_1", role: "user", content: "Hi" },
    { id: "msg_2", role: "assistant", content: "Hello" },
  ];
  const server = createTestServer()
    .fail(404, "REQUEST_NOT_FOUND")
    .reply({ session_id: "sess_1", messages, count: 2, has_more: false });
  const screen = await render({ formation: formationOf(server), storage, storageKey: "mine" });
  await screen.until(() => expect(screen.shown).toBe("user: Hi\nassistant: Hello\n"));
  expect(screen.chat.status).toBe("ready");
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

test("a storage that is full, or holds something else, does not disturb the chat", async () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  onTestFinished(() => warn.mockRestore());
  const storage = {
    getItem: () => "not a chat",
    setItem: () => {
      throw new Error("The quota has been exceeded");
    },
    removeItem: () => {},
  };
  const server = createTestServer().stream([progress, text("Hello"), done]);
  const screen = await render({ formation: formationOf(server), storage });
  await screen.chat.send("Hi");
  await screen.until(() => expect(screen.shown).toContain("Hello"));
  expect(warn).toHaveBeenCalled();
});
