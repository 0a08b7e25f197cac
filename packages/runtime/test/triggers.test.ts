import { describe, expect, test } from "vitest";
import { startFormation, writeFormation } from "./harness.ts";

const files = {
  "triggers/harvest.md": `---
name: Harvest
---
Remember that my harvest of \${{ data.field.name }} is \${{ data.rows.0.weight }} kg
`,
  "triggers/plain.md": "---\nJust dashes, and no closing line",
  "triggers/echo.md": "Remember that my data is ${{ data.all }}",
  "triggers/blank.md": "${{ data.text }}",
  "triggers/odd-key.md": "---\ncolour: red\n---\nHello",
  "triggers/bad-yaml.md": "---\nname: [\n---\nHello",
  "triggers/bad-hook.md": "---\nwebhook: ftp://example.com\n---\nHello",
  "triggers/bad-model.md": "---\nmodel: clever\n---\nHello",
  "triggers/hooked.md": "---\nwebhook: https://ops.example/hook\n---\nHello ${{ data.name }}",
  "triggers/not a name.md": "Hello",
  "triggers/notes.txt": "No trigger",
  "secret.md": "Outside of the folder",
};

const start = async () => startFormation(await writeFormation(files));

const harvest = { field: { name: "North" }, rows: [{ weight: 12 }] };
const said = "I will remember: your harvest of North is 12 kg.";

test("triggers are listed and shown with the data that they use", async () => {
  const api = await start();
  const list = await api.get("/triggers");
  expect(list.body).toMatchObject({ object: "list", type: "list.retrieved" });
  const triggers = [
    "bad-hook",
    "bad-model",
    "bad-yaml",
    "blank",
    "echo",
    "harvest",
    "hooked",
    "odd-key",
    "plain",
  ];
  expect(list.body.data).toEqual({ formation_id: "orchard", triggers, count: triggers.length });
  const one = await api.get("/triggers/harvest");
  expect(one.body).toMatchObject({ object: "trigger", type: "trigger.retrieved" });
  expect(one.body.data).toEqual({
    name: "harvest",
    content: "Remember that my harvest of ${{ data.field.name }} is ${{ data.rows.0.weight }} kg",
    data_fields: ["field.name", "rows.0.weight"],
  });
  expect((await api.get("/triggers/plain")).body.data.content).toContain("Just dashes");
});

test.each([
  ["wrapped", "/triggers/harvest", { data: harvest, use_async: false }],
  ["bare", "/triggers/harvest?async=false", harvest],
  ["wrapped, and the query wins", "/triggers/harvest?async=false", { data: harvest, use_async: true }],
])("fired and waited for: %s", async (_, route, body) => {
  const api = await start();
  const answer = await api.call("POST", route, { user: "ada", body });
  expect(answer.status).toBe(200);
  expect(answer.body).toMatchObject({ object: "request", type: "request.completed" });
  expect(answer.body.data).toMatchObject({ status: "completed", content: said, response: said });
  expect(answer.body.data.request_id).toBe(answer.body.request.id);
  const { session_id } = answer.body.data;
  const messages = await api.get(`/sessions/${session_id}/messages`, { user: "ada" });
  expect(messages.body.data.count).toBe(2);
});

test("a bare body may hold a map called data among others, and a user_id is data too", async () => {
  const api = await start();
  const body = { all: { data: {}, n: 1 }, data: {}, user_id: "mallory" };
  const answer = await api.call("POST", "/triggers/echo?async=false", { body });
  expect(answer.body.data.content).toBe('I will remember: your data is {"data":{},"n":1}.');
  expect((await api.get("/sessions", { user: "mallory" })).body.data.count).toBe(0);
  expect((await api.get("/sessions", { user: "0" })).body.data.count).toBe(1);
});

test.each([
  ["/triggers/harvest", { data: harvest, session_id: "s1" }],
  ["/triggers/harvest?async=true", harvest],
  ["/triggers/hooked", { data: { name: "Ada" }, use_async: false }],
])("in the background, by default and with a webhook: %s", async (route, body) => {
  const api = await start();
  const answer = await api.call("POST", route, { user: "ada", body });
  expect(answer.status).toBe(200);
  expect(answer.body).toMatchObject({ object: "request", type: "request.processing" });
  expect(answer.body.data).toEqual({ status: "processing", request_id: answer.body.request.id });
});

describe("what cannot be fired", () => {
  test.each([
    [
      "a path that the data does not have",
      "harvest",
      { data: { field: {} } },
      400,
      "INVALID_REQUEST",
      "'field.name'",
    ],
    ["no data", "harvest", {}, 422, "INVALID_PARAMS", "data"],
    ["data that is no map", "harvest", { data: [1] }, 422, "INVALID_PARAMS", "data"],
    ["blank text", "blank", { data: { text: "  " } }, 400, "INVALID_REQUEST", "makes an empty message"],
    ["an unknown key", "odd-key", { data: {} }, 400, "INVALID_REQUEST", "unknown field"],
    ["bad YAML", "bad-yaml", { data: {} }, 400, "INVALID_REQUEST", "frontmatter"],
    ["a webhook that is no URL", "bad-hook", { data: {} }, 400, "INVALID_REQUEST", "webhook"],
    ["a model without a provider", "bad-model", { data: {} }, 400, "INVALID_REQUEST", "'clever'"],
    ["an unknown trigger", "missing", { data: {} }, 404, "RESOURCE_NOT_FOUND", "'missing'"],
    ["a path as its name", "..%2Fsecret", { data: {} }, 400, "INVALID_REQUEST", "letters, digits"],
    ["a space in its name", "not%20a%20name", { data: {} }, 400, "INVALID_REQUEST", "letters, digits"],
  ])("%s", async (_, name, body, status, code, words) => {
    const api = await start();
    const answer = await api.call("POST", `/triggers/${name}`, { body });
    expect([answer.status, answer.body.error.code]).toEqual([status, code]);
    expect(answer.body.error.message).toContain(words);
    expect(answer.body.error.message).not.toMatch(/\/tmp|\.md|Error:/);
  });

  test("unknown ones are not shown either, and their names are checked the same way", async () => {
    const api = await start();
    expect((await api.get("/triggers/missing")).body.error.code).toBe("TRIGGER_NOT_FOUND");
    expect((await api.get("/triggers/..%2Fsecret")).body.error.code).toBe("INVALID_REQUEST");
    expect((await api.get("/triggers", { key: "admin" })).status).toBe(401);
  });
});

test.each([true, false])("the same call twice fires once (in the background: %s)", async (use_async) => {
  const api = await start();
  const headers = { "X-Muxi-Idempotency-Key": "k1" };
  const fire = () =>
    api.call("POST", "/triggers/harvest", { user: "ada", headers, body: { data: harvest, use_async } });
  const first = await fire();
  const second = await fire();
  expect(second.body.data).toEqual(first.body.data);
  expect(second.body.request.id).toBe(first.body.request.id);
  expect((await api.get("/sessions", { user: "ada" })).body.data.count).toBe(1);
});
