import { afterAll, beforeAll, expect, test } from "vitest";
import { until } from "../../../test/until.ts";
import { createWorld, type World } from "./helpers.ts";
import { openTerminal } from "./pseudo-terminal.ts";

const time = "\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d";
const green = "\u001b[32mINFO \u001b[39m";

let world: World;
beforeAll(async () => {
  world = await createWorld();
  await world.run(["server", "start", "--daemon"]);
  const deployed = await world.run(["deploy", await world.hello()]);
  if (deployed.code !== 0) throw new Error(deployed.stdout + deployed.stderr);
}, 120_000);
afterAll(() => world.close());

const chat = () => world.run(["chat", "-f", "hello", "--user", "ann", "Hello"]);

test("muxi logs shows one line for each event, with its level in colour, until Ctrl+C", async () => {
  const terminal = await openTerminal(world, ["logs", "hello", "--user", "ann"], { columns: 400 });
  await terminal.shows("Waiting for events (Ctrl+C to stop)");
  await chat();
  await terminal.shows(new RegExp(`^${time} INFO  request.completed request=req_\\w+ user=ann `, "m"));
  const events = terminal.lines().filter((line) => line !== "");
  expect(events.length).toBeGreaterThan(1);
  for (const line of events) expect(line).toMatch(new RegExp(`^${time} (DEBUG|INFO ) [a-z.]+ request=req_`));
  expect(terminal.written()).toContain(green);
  expect(terminal.lines().join("\n")).not.toContain("Waiting");
  terminal.type("\u0003");
  expect(await terminal.done).toBe(0);
});

test("muxi logs --json shows the raw form at a terminal too", async () => {
  const terminal = await openTerminal(world, ["logs", "hello", "--user", "ann", "--json"], { columns: 2000 });
  // Events from now on: the question is asked until the first of them is there.
  await until("an event is shown", async () => {
    await chat();
    return terminal.lines().some((line) => line.includes('"event_type":"request.completed"'));
  });
  for (const line of terminal.lines().filter((line) => line !== "")) {
    expect(JSON.parse(line)).toMatchObject({ user_id: "ann", timestamp: expect.any(Number) });
  }
  terminal.type("\u0003");
  expect(await terminal.done).toBe(0);
});

test("muxi remote logs shows what the formation logs as events are, and NO_COLOR takes the colours", async () => {
  const coloured = await openTerminal(world, ["remote", "logs", "hello"], { columns: 400 });
  expect(await coloured.done).toBe(0);
  const shown = coloured.lines().join("\n");
  expect(shown).toMatch(new RegExp(`^${time} INFO  formation is up .*port=\\d+`, "m"));
  expect(coloured.written()).toContain(green);
  const env = { NO_COLOR: "1" };
  const plain = await openTerminal(world, ["remote", "logs", "hello"], { columns: 400, env });
  expect(await plain.done).toBe(0);
  expect(plain.lines()).toEqual(coloured.lines());
  expect(plain.written()).not.toMatch(/\p{Cc}\[[\d;]*m/u);
});

test("muxi requests shows one request, field by field, and its answer as it is", async () => {
  await chat();
  const listed = await world.run(["requests", "list", "-f", "hello", "--user", "ann", "--output", "json"]);
  const [{ request_id: id }] = JSON.parse(listed.stdout).requests;
  const { result } = JSON.parse(
    (await world.run(["requests", id, "-f", "hello", "--output", "json"])).stdout,
  );
  const terminal = await openTerminal(world, ["requests", id, "-f", "hello"], { columns: 400 });
  expect(await terminal.done).toBe(0);
  const shown = terminal.lines().join("\n");
  for (const field of [
    `Request +${id}`,
    "Status +completed",
    "Took +[\\d.]+ m?s",
    "Model +builtin/extractive",
    "Tokens +\\d+ in, \\d+ out",
  ]) {
    expect(shown).toMatch(new RegExp(`^${field}$`, "m"));
  }
  expect(shown).toContain(result.split("\n")[0]);
});
