import { describe, expect, onTestFinished, test } from "vitest";
import {
  type Api,
  collect,
  hold,
  manifest,
  startFormation,
  textOf,
  untilStatus,
  writeFormation,
} from "./harness.ts";
import {
  type ReceivedRequest,
  type Reply,
  type ReplyScript,
  startModelServer,
  writtenIn,
} from "./model-server.ts";

const ann = { user: "ann" };

const irrigation = `---
type: sop
name: Irrigation check
description: Weekly check of pumps and tanks
tags: [irrigation, pump]
---
Never open a valve by hand.

## Steps
1. Read the pumps [parallel] [agent:technician]
   Note each pressure.
2. Read the tanks [parallel]
3. Compute losses [critical]
   Use the limits in [file:limits.csv], see [the manual](https://example.org).
4. Write the note [model:openai/small]
`;

const agent = (id: string, description: string) => `schema: "1.0.0"
id: ${id}
name: ${id}
description: ${description}
system_message: You are the ${id}.
`;

/** Text of a request of the model: what the system says, what is given for the message, and what was asked. */
const readIn = ({ body }: ReceivedRequest) => {
  // biome-ignore lint/suspicious/noExplicitAny: a test looks wherever it likes into a request
  const { model, messages, tools = [] } = body as any;
  const last = messages.findLast(({ role }: { role: string }) => role === "user");
  return {
    model,
    tools: tools.map((tool: { function: { name: string } }) => tool.function.name),
    system: messages[0].content as string,
    given: last.content as string,
    asked: writtenIn(last.content),
  };
};

const open = async (
  reply: (asked: string, request: ReceivedRequest) => Reply,
  { sop = irrigation, workflow = "retry: { initial_delay: 0 }", overlord = "", files = {} } = {},
) => {
  const models = await startModelServer();
  onTestFinished(() => models.close());
  models.defaultReply = ((request) => reply(readIn(request).asked, request)) satisfies ReplyScript;
  const dir = await writeFormation({
    "formation.afs": `${manifest}
llm:
  settings: { base_url: "${models.url}/v1", max_retries: 0 }
  models: [{ text: openai/test-model, api_key: sk-test }]
overlord: { workflow: { ${workflow} }${overlord} }
`,
    "agents/gardener.afs": agent("gardener", "Knows the garden"),
    "agents/technician.afs": agent("technician", "Knows the machines"),
    "sops/irrigation.md": sop,
    ...files,
    "sops/limits.csv": "pump,limit\nnorth,4\n",
  });
  const start = () => startFormation(dir);
  return { models, start, api: await start() };
};

const chat = async (api: Api, message: string, more: object = {}) =>
  (await api.call("POST", "/chat", { ...ann, body: { message, stream: false, session_id: "s1", ...more } }))
    .body;

const requestFor = (requests: readonly ReceivedRequest[], beginning: string) => {
  const found = requests.map(readIn).filter(({ asked }) => asked.startsWith(beginning));
  expect(found, `model calls for "${beginning}"`).toHaveLength(1);
  return found[0] as (typeof found)[number];
};

const results: Record<string, string> = {
  Read: "north 3 bar",
  Compute: "2 litres lost",
  Write: "Note: 2 litres lost.",
};

const carriedOut = (asked: string): Reply => ({
  text: [results[asked.split(" ")[0] ?? ""] ?? "All is well."],
});

describe("a procedure", () => {
  test("has each of its steps carried out by its agent, with its whole text, its files and the results before it", async () => {
    const { api, models } = await open(carriedOut);
    const { data } = await chat(api, "Please do the irrigation check");
    expect(data.message.content).toBe("All is well.");
    expect(data.message.metadata).toMatchObject({
      workflow_id: expect.stringMatching(/^wf_/),
      workflow_status: "completed",
      total_tasks: 4,
      completed_tasks: 4,
      failed_tasks: 0,
    });
    expect(models.requests).toHaveLength(5);
    const pumps = requestFor(models.requests, "Read the pumps");
    expect(pumps.asked).toBe("Read the pumps\n   Note each pressure.");
    expect(pumps.system).toContain("You are the technician.");
    expect(pumps.given).toContain("> Never open a valve by hand.");
    expect(pumps.given).toContain("> Please do the irrigation check");
    const losses = requestFor(models.requests, "Compute losses");
    expect(losses.asked).toContain("Use the limits in limits.csv, see [the manual](https://example.org).");
    expect(losses.given).toContain("> limits.csv\n> \n> pump,limit\n> north,4");
    expect(losses.given).toContain("> Read the pumps\n> \n> north 3 bar");
    expect(losses.given).toContain("> Read the tanks\n> \n> north 3 bar");
    const note = requestFor(models.requests, "Write the note");
    expect(note.model).toBe("small");
    expect(note.given).toContain("> 2 litres lost");
    const answer = requestFor(models.requests, "Please do");
    expect(answer.given).toContain("> Write the note\n> \n> Note: 2 litres lost.");
  });

  test("is told in the stream, task by task", async () => {
    const { api } = await open(carriedOut);
    const frames = await collect(await api.stream({ message: "irrigation check" }, ann));
    const stages = frames.flatMap(({ data }) => (data.type === "progress" && data.stage ? [data.stage] : []));
    expect(stages).toEqual([
      "agent_selected",
      "sop_matched",
      "workflow_start",
      ...["workflow_execution", "workflow_execution", "task_complete", "task_complete"],
      ...["workflow_execution", "task_complete", "workflow_execution", "task_complete"],
      "workflow_synthesis",
    ]);
    expect(frames.findLast(({ data }) => data.stage === "task_complete")?.data).toMatchObject({
      task_id: "4",
      content: "Write the note",
      progress: { total_tasks: 4, completed_tasks: 4, progress_percentage: 100 },
    });
    expect(frames.at(-1)?.data).toMatchObject({ type: "done", workflow: { workflow_status: "completed" } });
    expect(textOf(frames)).toBe("All is well.");
  });

  test("whose steps are marked parallel has them under way at the same time, and the next one waits for them", async () => {
    const both = hold();
    let underWay = 0;
    const { api, models } = await open((asked) => {
      if (!asked.startsWith("Read")) return carriedOut(asked);
      underWay += 1;
      if (underWay === 2) both.release();
      return { text: ["read"], before: both.held };
    });
    await chat(api, "irrigation check");
    expect(models.requests.map((request) => readIn(request).asked.split(" ")[0])).toEqual([
      "Read",
      "Read",
      "Compute",
      "Write",
      "irrigation",
    ]);
  });

  test("without synthesis answers with its last step as it is", async () => {
    const { api, models } = await open(carriedOut, {
      sop: irrigation.replace("tags:", "synthesis: false\ntags:"),
    });
    expect((await chat(api, "irrigation check")).data.message.content).toBe("Note: 2 litres lost.");
    expect(models.requests).toHaveLength(4);
  });

  test.each(["/irrigation now", "Is the pump fine?", "Mach bitte den irrigation-Check"])(
    "is meant by %j",
    async (message) => {
      const { api } = await open(carriedOut);
      expect((await chat(api, message)).data.message.metadata.total_tasks).toBe(4);
    },
  );

  test.each(["Where do I find pumpkins?", "/watering", "Hello"])("is not meant by %j", async (message) => {
    const { api } = await open(carriedOut);
    expect((await chat(api, message)).data.message.metadata.total_tasks).toBeUndefined();
  });
});

const two = (mark = "") => `---
type: sop
name: Two steps
---
## Steps
1. Alpha${mark}
2. Beta
`;

/** The first result of a tool in a request. */
const answeredIn = ({ body }: ReceivedRequest): string | undefined =>
  // biome-ignore lint/suspicious/noExplicitAny: a test looks wherever it likes into a request
  (body as any).messages.find(({ role }: { role: string }) => role === "tool")?.content;

const givesUp: Reply = {
  text: [],
  toolCalls: [{ id: "c1", name: "give_up", arguments: ['{"reason":"It is locked."}'] }],
};

/** A procedure whose second step gives up until it is told more. */
const openGivingUp = (recovery: string) =>
  open(
    (asked, request) => {
      if (asked !== "Beta") return { text: [`${asked} done`] };
      const answer = answeredIn(request);
      return answer === undefined ? givesUp : { text: [`With: ${answer}`] };
    },
    { sop: two(), workflow: `error_recovery: ${recovery}`, overlord: ", clarification: {}" },
  );

const tooMany: Reply = { status: 429 };

describe("a task that fails", () => {
  test("is tried again, and then the others go on", async () => {
    let failures = 2;
    const { api, models } = await open(
      (asked) => (asked === "Alpha" && failures-- > 0 ? tooMany : { text: ["ok"] }),
      {
        sop: two(),
      },
    );
    const { data } = await chat(api, "two steps");
    expect(data.message.metadata).toMatchObject({ workflow_status: "completed", completed_tasks: 2 });
    expect(models.requests).toHaveLength(5);
  });

  test("keeps from being done what needs it, and the answer says so", async () => {
    const sop = two().replace("1. Alpha", "1. Alpha [parallel]\n2. Gamma [parallel]");
    const { api, models } = await open((asked) => (asked === "Alpha" ? { status: 400 } : { text: ["ok"] }), {
      sop,
    });
    const { data } = await chat(api, "two steps");
    expect(data.message.metadata).toMatchObject({
      workflow_status: "partial",
      completed_tasks: 1,
      failed_tasks: 2,
    });
    const answer = requestFor(models.requests, "two steps");
    expect(answer.given).toContain("> Beta\n> \n> (Not done: Not done, since this failed: Alpha)");
  });

  test("ends the request when nothing was done", async () => {
    const { api } = await open((asked) => (asked === "Alpha" ? { status: 400 } : { text: ["ok"] }), {
      sop: two(),
    });
    const { error } = await chat(api, "two steps");
    expect(error).toMatchObject({ code: "TASK_FAILED" });
    expect(error.message).toContain("Two steps was not carried out. Not done: Alpha.");
  });

  test.each([
    ["fail_fast", 3, 1],
    ["retry_with_backoff", 0, 1],
    ["retry_with_backoff", 2, 3],
  ])("with error_recovery %s and max_attempts %d is tried %d times", async (recovery, most, times) => {
    const { api, models } = await open((asked) => (asked === "Alpha" ? tooMany : { text: ["ok"] }), {
      sop: two(),
      workflow: `error_recovery: ${recovery}, retry: { initial_delay: 0, max_attempts: ${most} }`,
    });
    expect((await chat(api, "two steps")).error.code).toBe("TASK_FAILED");
    expect(models.requests).toHaveLength(times);
  });

  test("because its agent gave up is not tried again, and says why", async () => {
    const { api, models } = await openGivingUp("retry_with_backoff");
    const { data } = await chat(api, "two steps");
    expect(data.message.metadata).toMatchObject({ workflow_status: "partial", failed_tasks: 1 });
    expect(requestFor(models.requests, "two steps").given).toContain("> (Not done: It is locked.)");
    expect(models.requests).toHaveLength(3);
  });

  test("is passed over with skip_and_continue", async () => {
    const { api } = await open((asked) => (asked === "Alpha" ? { status: 400 } : { text: ["ok"] }), {
      sop: two(),
      workflow: "error_recovery: skip_and_continue",
    });
    const { data } = await chat(api, "two steps");
    expect(data.message.metadata).toMatchObject({
      workflow_status: "partial",
      completed_tasks: 1,
      failed_tasks: 1,
    });
  });

  test("is given to another agent with retry_with_alternate", async () => {
    const { api, models } = await open(
      (asked, request) =>
        asked === "Alpha" && readIn(request).system.includes("gardener") ? tooMany : { text: ["ok"] },
      {
        sop: two(" [agent:gardener]"),
        workflow: "retry: { initial_delay: 0 }, error_recovery: retry_with_alternate",
      },
    );
    expect((await chat(api, "two steps")).data.message.metadata.workflow_status).toBe("completed");
    expect(readIn(models.requests[1] as ReceivedRequest).system).toContain("technician");
  });
});

describe("with error_recovery compensate, a task that fails", () => {
  test("is told with what has been done before it", async () => {
    const { api } = await open((asked) => (asked === "Beta" ? { status: 400 } : { text: ["ok"] }), {
      sop: two(),
      workflow: "error_recovery: compensate, retry: { initial_delay: 0 }",
    });
    const frames = await collect(await api.stream({ message: "two steps" }, ann));
    const told = frames.filter(({ data }) => data.stage === "compensation_needed");
    expect(told.map(({ data }) => data.content)).toEqual(["Alpha"]);
    expect(frames.at(-1)?.data).toMatchObject({ workflow: { workflow_status: "partial" } });
  });
});

describe("with error_recovery manual_intervention, a task that fails", () => {
  const manual = { sop: two(), workflow: "error_recovery: manual_intervention, retry: { max_attempts: 0 }" };
  const question = /^This could not be done: Beta\. .* What should be done about it\?$/;

  test("asks the user, and is tried again with the answer; what is done is not done again", async () => {
    let failures = 1;
    const { api, models } = await open(
      (asked) => (asked === "Beta" && failures-- > 0 ? { status: 400 } : { text: [`${asked} done`] }),
      manual,
    );
    const first = (await chat(api, "two steps")).data;
    expect(first.message.content).toMatch(question);
    expect(first.message.metadata).toMatchObject({
      workflow_status: "waiting",
      interrupt: { kind: "question" },
    });
    const second = (await chat(api, "Use the other pump")).data;
    expect(second.message.metadata).toMatchObject({ workflow_status: "completed", completed_tasks: 2 });
    const asked = models.requests.map(readIn);
    expect(asked.map((request) => request.asked)).toEqual(["Alpha", "Beta", "Beta", "two steps"]);
    expect(asked[2]?.given).toContain("> Use the other pump");
  });

  test("because its agent gave up goes on in the agent's conversation with the answer", async () => {
    const { api, models } = await openGivingUp("manual_intervention");
    expect((await chat(api, "two steps")).data.message.content).toMatch(/Beta\. It is locked/);
    const { data } = await chat(api, "The key is under the mat");
    expect(data.message.metadata).toMatchObject({ workflow_status: "completed" });
    expect(readIn(models.requests[3] as ReceivedRequest).given).toContain("> With: The key is under the mat");
  });

  test("has failed when the user has been asked often enough", async () => {
    const { api } = await open((asked) => (asked === "Beta" ? { status: 400 } : { text: ["ok"] }), {
      ...manual,
      overlord: ", clarification: { max_rounds: { direct: 1 } }",
    });
    await chat(api, "two steps");
    expect((await chat(api, "Try again")).data.message.metadata).toMatchObject({
      workflow_status: "partial",
      failed_tasks: 1,
    });
  });
});

describe("a step that asks the user", () => {
  const asks: Reply = {
    text: [],
    toolCalls: [{ id: "c1", name: "ask_user", arguments: ['{"question":"Which field?"}'] }],
  };
  const openAsking = (rounds = 3) =>
    open(
      (asked, request) => {
        if (asked !== "Beta") return { text: [`${asked} done`] };
        const answer = answeredIn(request);
        return answer === undefined ? asks : { text: [`Beta in ${answer}`] };
      },
      { sop: two(), overlord: `, clarification: { max_rounds: { direct: ${rounds} } }` },
    );

  test("goes on with the answer, and what was done before is not done again", async () => {
    const { api, models } = await openAsking();
    const first = (await chat(api, "two steps")).data;
    expect(first.message.content).toBe("Which field?");
    expect(first.message.metadata).toMatchObject({
      workflow_status: "waiting",
      clarification: { question: "Which field?", round: 1 },
    });
    const second = (await chat(api, "the north one")).data;
    expect(second.request_id).toBe(first.request_id);
    expect(second.message.metadata).toMatchObject({ workflow_status: "completed", completed_tasks: 2 });
    expect(models.requests.map((request) => readIn(request).asked)).toEqual([
      "Alpha",
      "Beta",
      "Beta",
      "two steps",
    ]);
    expect(readIn(models.requests[3] as ReceivedRequest).given).toContain("> Beta in the north one");
  });

  test("reads the last answer that it may ask for", async () => {
    const { api, models } = await openAsking(1);
    await chat(api, "two steps");
    expect((await chat(api, "the north one")).data.message.metadata).toMatchObject({ completed_tasks: 2 });
    expect(readIn(models.requests[3] as ReceivedRequest).given).toContain("> Beta in the north one");
  });

  test("goes on with it after a restart, in a stream", async () => {
    const { api, start } = await openAsking();
    const { data } = await chat(api, "two steps");
    await api.runtime.close(0);
    const again = await start();
    const frames = await collect(await again.stream({ message: "the north one", session_id: "s1" }, ann));
    expect(frames.at(-1)?.data).toMatchObject({ type: "done", request_id: data.request_id });
    expect(frames.map(({ data }) => data.stage)).not.toContain("restarted");
    expect((await again.get(`/requests/${data.request_id}`, ann)).body.data.status).toBe("completed");
  });
});

test("the tasks of a request in the foreground go on after a restart", async () => {
  const stuck = hold();
  let isFirst = true;
  const { api, models, start } = await open(
    (asked) => {
      if (asked !== "Beta" || !isFirst) return { text: [`${asked} done`] };
      isFirst = false;
      return { before: stuck.held };
    },
    { sop: two() },
  );
  const streamed = api.stream({ message: "two steps", session_id: "s1", request_id: "req_two" }, ann);
  await models.request(1);
  await api.runtime.close(0);
  await streamed.catch(() => {});
  stuck.release();
  const again = await start();
  await untilStatus(again, "req_two", "completed");
  expect(models.requests.map((request) => readIn(request).asked)).toEqual([
    "Alpha",
    "Beta",
    "Beta",
    "two steps",
  ]);
});
