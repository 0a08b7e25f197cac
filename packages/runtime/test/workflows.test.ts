import { describe, expect, onTestFinished, test } from "vitest";
import { untilExpected } from "../../../test/until.ts";
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
import { type ReceivedRequest, type Reply, startModelServer, writtenIn } from "./model-server.ts";
import { startReceiver } from "./receiver.ts";

const ann = { user: "ann" };

/** What the planner is asked: for a plan, a complexity, or what a reply means. */
type Asked = "tasks" | "complexity" | "meaning";

// biome-ignore lint/suspicious/noExplicitAny: a test looks wherever it likes into a request
const bodyOf = ({ body }: ReceivedRequest): any => body;

const askedOf = (request: ReceivedRequest): Asked | undefined => {
  const format = JSON.stringify(bodyOf(request).response_format ?? null);
  return (["tasks", "complexity", "meaning"] as const).find((name) => format.includes(`"${name}"`));
};

const lastOf = (request: ReceivedRequest): string =>
  bodyOf(request).messages.findLast(({ role }: { role: string }) => role === "user").content;

interface Planned {
  id: string;
  description?: string;
  needs?: string[];
  complexity?: number;
  agent?: string;
  capabilities?: string[];
}

const plan = (tasks: readonly Planned[], more: object = {}): Reply => ({
  text: [
    JSON.stringify({
      tasks: tasks.map(({ id, description, needs = [], complexity = 5, agent = "", capabilities = [] }) => ({
        id,
        title: `Title ${id}`,
        description: description ?? `Do ${id}`,
        required_capabilities: capabilities,
        dependencies: needs,
        estimated_complexity: complexity,
        agent_id: agent,
      })),
      introduction: "Here is how.",
      question: "Shall I?",
      wants_approval: false,
      ...more,
    }),
  ],
});

/** `b` and `c` need `a`, and `d` needs both. */
const diamond = plan([
  { id: "a" },
  { id: "b", needs: ["a"] },
  { id: "c", needs: ["a"] },
  { id: "d", needs: ["b", "c"] },
]);

const agent = (id: string, specialties: string) => `schema: "1.0.0"
id: ${id}
name: ${id}
description: Works
specialties: [${specialties}]
system_message: You are ${id}.
`;

interface Script {
  /** Plans, one for each time that one is asked for; the last one repeats. */
  plans: readonly Reply[];
  /** What a task or the answer gets: by the task's text, or the user's message. */
  agents?: (asked: string, request: ReceivedRequest) => Reply;
  /** What a reply means. */
  meaning?: (reply: string) => string;
  complexity?: number;
  workflow?: string;
}

const usual = "plan_approval_threshold: 10, retry: { initial_delay: 0 }";

const open = async ({ plans, agents, meaning, complexity = 9, workflow = usual }: Script) => {
  const models = await startModelServer();
  onTestFinished(() => models.close());
  const planner: ReceivedRequest[] = [];
  const work: string[] = [];
  let plansGiven = 0;
  models.defaultReply = (request) => {
    const asked = askedOf(request);
    if (asked) planner.push(request);
    if (asked === "complexity") return { text: [JSON.stringify({ complexity })] };
    if (asked === "meaning") {
      const { reply } = JSON.parse(lastOf(request));
      return { text: [JSON.stringify({ meaning: meaning?.(reply) ?? "other" })] };
    }
    if (asked === "tasks") return plans[Math.min(plansGiven++, plans.length - 1)] ?? {};
    const text = writtenIn(lastOf(request));
    work.push(text);
    return agents?.(text, request) ?? { text: [`Done: ${text}`] };
  };
  const dir = await writeFormation({
    "formation.afs": `${manifest}
llm:
  settings: { base_url: "${models.url}/v1", max_retries: 0 }
  models: [{ text: openai/test-model, api_key: sk-test }]
overlord: { workflow: { ${workflow} } }
`,
    "agents/gardener.afs": agent("gardener", "pruning, soil"),
    "agents/technician.afs": agent("technician", "pumps"),
  });
  const start = () => startFormation(dir);
  return { models, planner, work, start, api: await start() };
};

const chat = async (api: Api, message: string, more: object = {}) =>
  (await api.call("POST", "/chat", { ...ann, body: { message, stream: false, session_id: "s1", ...more } }))
    .body;

const request = "Write a comprehensive report on the orchard";

describe("a message that asks for much work", () => {
  test("is taken apart, and each task begins once those that it needs are done", async () => {
    const { api, work, models } = await open({ plans: [diamond] });
    const { data } = await chat(api, request);
    expect(data.message.content).toBe(`Done: ${request}`);
    expect(data.message.metadata).toMatchObject({
      workflow_id: expect.stringMatching(/^wf_/),
      workflow_status: "completed",
      total_tasks: 4,
      completed_tasks: 4,
    });
    expect(work).toEqual([
      "Do a",
      expect.stringMatching(/Do [bc]/),
      expect.stringMatching(/Do [bc]/),
      "Do d",
      request,
    ]);
    const last = models.requests.find((each) => writtenIn(lastOf(each)) === "Do d");
    expect(last && lastOf(last)).toContain("> Title b\n> \n> Done: Do b");
  });

  test("is told in the stream, from its planning on", async () => {
    const { api } = await open({ plans: [diamond] });
    const frames = await collect(await api.stream({ message: request }, ann));
    const told = frames.flatMap(({ data }) =>
      data.stage === undefined || data.stage === "agent_selected" ? [] : [`${data.type}/${data.stage}`],
    );
    expect(told.slice(0, 3)).toEqual([
      "planning/workflow_decomposition",
      "planning/decomposition_complete",
      "progress/workflow_start",
    ]);
    expect(told.at(-1)).toBe("progress/workflow_synthesis");
    expect(frames.find(({ data }) => data.stage === "workflow_decomposition")?.data.complexity_score).toBe(9);
    expect(frames.at(-1)?.data.workflow).toMatchObject({ workflow_status: "completed", total_tasks: 4 });
  });

  test.each(["Hello", "What is in the last report?", "Tell me about the trees"])(
    "is not %j: no plan is asked for",
    async (message) => {
      const { api, planner, work } = await open({ plans: [diamond] });
      expect((await chat(api, message)).data.message.metadata.total_tasks).toBeUndefined();
      expect([planner.length, work]).toEqual([0, [message]]);
    },
  );

  test("is answered at once when its agent is named, or nothing is taken apart", async () => {
    const { api, planner } = await open({ plans: [diamond] });
    await chat(api, request, { agent_id: "gardener" });
    const off = await open({ plans: [diamond], workflow: "auto_decomposition: false" });
    await chat(off.api, request);
    expect([planner.length, off.planner.length]).toEqual([0, 0]);
  });

  test("is known by the model's score with llm, and by both with hybrid", async () => {
    const message = "Tell me about the trees";
    for (const [method, complexity, isTakenApart] of [
      ["llm", 9, true],
      ["llm", 6, false],
      ["hybrid", 10, true],
      ["hybrid", 8, false],
    ] as const) {
      const { api } = await open({
        plans: [diamond],
        complexity,
        workflow: `${usual}, complexity_method: ${method}`,
      });
      const { data } = await chat(api, message);
      expect([method, complexity, data.message.metadata.total_tasks]).toEqual([
        method,
        complexity,
        isTakenApart ? 4 : undefined,
      ]);
    }
  });
});

describe("a plan of the model", () => {
  test.each([
    ["no JSON", { text: ["I would first look."] }],
    ["a task that needs an unknown one", plan([{ id: "a", needs: ["z"] }])],
    ["an id twice", plan([{ id: "a" }, { id: "a" }])],
    [
      "a circle",
      plan([
        { id: "a", needs: ["b"] },
        { id: "b", needs: ["a"] },
      ]),
    ],
    ["an unknown agent", plan([{ id: "a", agent: "nobody" }])],
    ["more tasks than may be", plan(Array.from({ length: 21 }, (_, index) => ({ id: String(index) })))],
  ])("that is %s is asked for once more", async (_, wrong) => {
    const { api, planner } = await open({ plans: [wrong, diamond] });
    expect((await chat(api, request)).data.message.metadata.completed_tasks).toBe(4);
    expect(lastOf(planner[1] as ReceivedRequest)).toMatch(/^This plan cannot be carried out: /);
  });

  test.each([
    ["wrong twice", plan([{ id: "a", agent: "nobody" }]), 2],
    ["empty", plan([]), 1],
    ["refused", { status: 400 }, 1],
  ])("that is %s gives way to an answer at once", async (_, wrong, times) => {
    const { api, planner, work } = await open({ plans: [wrong] });
    const frames = await collect(await api.stream({ message: request }, ann));
    expect(textOf(frames)).toBe(`Done: ${request}`);
    expect(frames.map(({ data }) => data.stage)).toContain("decomposition_fallback");
    expect([planner.length, work]).toEqual([times, [request]]);
  });
});

const tooMany: Reply = { status: 429 };
const refused: Reply = { status: 400 };

describe("a task of a plan that fails", () => {
  test.each([
    ["retry_with_backoff", tooMany, "completed", ["Do a", "Do b", "Do b", "Do c", "Do d"]],
    ["retry_with_backoff", refused, "partial", ["Do a", "Do b", "Do c"]],
    ["retry_with_alternate", tooMany, "completed", ["Do a", "Do b", "Do b", "Do c", "Do d"]],
    ["skip_and_continue", refused, "partial", ["Do a", "Do b", "Do c", "Do d"]],
    ["compensate", refused, "partial", ["Do a", "Do b", "Do c"]],
  ])("with error_recovery %s", async (recovery, failure, status, tasks) => {
    let failures = failure === tooMany ? 1 : 9;
    const { api, work } = await open({
      plans: [diamond],
      agents: (asked) => (asked === "Do b" && failures-- > 0 ? failure : { text: [`${asked} done`] }),
      workflow: `${usual}, error_recovery: ${recovery}`,
    });
    expect((await chat(api, request)).data.message.metadata.workflow_status).toBe(status);
    expect(work.slice(0, -1).toSorted()).toEqual(tasks);
  });

  test("with error_recovery fail_fast ends the request", async () => {
    const { api, work } = await open({
      plans: [plan([{ id: "a" }, { id: "b", needs: ["a"] }, { id: "c", needs: ["b"] }])],
      agents: (asked) => (asked === "Do b" ? tooMany : { text: [`${asked} done`] }),
      workflow: `${usual}, error_recovery: fail_fast`,
    });
    const { error } = await chat(api, request);
    expect(error.code).toBe("TASK_FAILED");
    expect(error.message).toContain("The plan was not carried out. Not done: Title b.");
    expect(work).toEqual(["Do a", "Do b"]);
  });

  test("with error_recovery manual_intervention asks the user, and goes on with the answer", async () => {
    let failures = 1;
    const { api, work } = await open({
      plans: [diamond],
      agents: (asked) => (asked === "Do b" && failures-- > 0 ? refused : { text: [`${asked} done`] }),
      workflow: `${usual}, error_recovery: manual_intervention`,
    });
    expect((await chat(api, request)).data.message.content).toContain("This could not be done: Title b.");
    expect((await chat(api, "Try it again")).data.message.metadata.workflow_status).toBe("completed");
    expect(work.toSorted()).toEqual(["Do a", "Do b", "Do b", "Do c", "Do d", request].toSorted());
  });

  const replanning = (more = "") =>
    `plan_approval_threshold: 10, retry: { max_attempts: 0 }, replanning: { enabled: true${more} }`;
  /** Another way to what `b` was for, which is not there in the plan before. */
  const detour = plan([
    { id: "e", description: "Another way", needs: ["a"] },
    { id: "f", description: "The end", needs: ["e", "c"] },
  ]);

  test("for good gets a new plan, which builds on what is done", async () => {
    const { api, work, planner, models } = await open({
      plans: [diamond, detour],
      agents: (asked) => (asked === "Do b" ? tooMany : { text: [`${asked} done`] }),
      workflow: replanning(),
    });
    const frames = await collect(await api.stream({ message: request }, ann));
    expect(frames.at(-1)?.data.workflow).toMatchObject({
      workflow_status: "completed",
      total_tasks: 4,
      completed_tasks: 4,
      failed_tasks: 0,
    });
    expect(frames.find(({ data }) => data.stage === "replan_started")?.data).toMatchObject({ attempt: 1 });
    expect(work.toSorted()).toEqual(["Another way", "Do a", "Do b", "Do c", "The end", request].toSorted());
    const asked = JSON.parse(lastOf(planner[1] as ReceivedRequest));
    expect(asked.done.map(({ id }: { id: string }) => id)).toEqual(["a", "c"]);
    expect(
      asked.failed_tasks.map(({ id, error }: { id: string; error: string }) => [id, error !== ""]),
    ).toEqual([
      ["b", true],
      ["d", true],
    ]);
    const end = models.requests.find((each) => writtenIn(lastOf(each)) === "The end");
    expect(end && lastOf(end)).toContain("> Title c\n> \n> Do c done");
  });

  test("gets no more new plans than there may be, and none that is the same", async () => {
    const failing = (asked: string): Reply =>
      ["Do a", request].includes(asked) ? { text: ["done"] } : tooMany;
    const ways = [1, 2, 3, 4].map((number) => plan([{ id: `n${number}`, description: `Way ${number}` }]));
    const often = await open({
      plans: [diamond, ...ways],
      agents: failing,
      workflow: replanning(", max_attempts: 2"),
    });
    await chat(often.api, request);
    expect(often.work.filter((text) => text.startsWith("Way"))).toEqual(["Way 1", "Way 2"]);
    const same = plan([
      { id: "x", description: "do B!", needs: ["a"] },
      { id: "y", description: "do c", needs: ["a"] },
      { id: "z", description: "do d", needs: ["x", "y"] },
    ]);
    const again = await open({ plans: [diamond, same], agents: failing, workflow: replanning() });
    await chat(again.api, request);
    expect(again.planner).toHaveLength(2);
    expect(again.work.filter((text) => text.startsWith("do "))).toEqual([]);
  });

  test("gets none of a planner that takes too long", async () => {
    const never = hold();
    onTestFinished(never.release);
    const { api, planner } = await open({
      plans: [diamond, { before: never.held }],
      agents: (asked) => (asked === "Do b" ? tooMany : { text: [`${asked} done`] }),
      workflow: replanning(", replan_timeout_seconds: 0.05"),
    });
    expect((await chat(api, request)).data.message.metadata.workflow_status).toBe("partial");
    expect(planner).toHaveLength(2);
  });

  test("for the want of a permission gets none", async () => {
    const { api, planner } = await open({
      plans: [diamond, detour],
      agents: (asked) => (asked === "Do b" ? { status: 401 } : { text: [`${asked} done`] }),
      workflow: replanning(),
    });
    expect((await chat(api, request)).data.message.metadata.workflow_status).toBe("partial");
    expect(planner).toHaveLength(1);
  });
});

describe("the agent of a task", () => {
  const capable = plan([
    { id: "a", capabilities: ["pumps"] },
    { id: "b", capabilities: ["tree pruning"], needs: ["a"] },
    { id: "c", agent: "technician", capabilities: ["pruning"], needs: ["b"] },
    { id: "d", capabilities: ["painting"], needs: ["c"] },
  ]);

  test.each([
    ["capability_based", ["technician", "gardener", "technician", "gardener"]],
    ["specialized", ["technician", "gardener", "technician", "gardener"]],
    ["round_robin", ["technician", "gardener", "technician", "gardener"]],
  ])("is chosen by %s", async (strategy, agents) => {
    const chosen: string[] = [];
    const { api } = await open({
      plans: [capable],
      agents: (asked, received) => {
        const [system] = bodyOf(received).messages;
        if (asked.startsWith("Do")) chosen.push(/You are (\w+)\./.exec(system.content)?.[1] ?? "");
        return { text: ["done"] };
      },
      workflow: `${usual}, routing_strategy: ${strategy}`,
    });
    await chat(api, request);
    expect(chosen).toEqual(agents);
  });

  test("is one with least to do, by load_balanced", async () => {
    const both = hold();
    const chosen = new Set<string>();
    const { api } = await open({
      plans: [plan([{ id: "a" }, { id: "b" }])],
      agents: (asked, received) => {
        if (!asked.startsWith("Do")) return { text: ["done"] };
        chosen.add(/You are (\w+)\./.exec(bodyOf(received).messages[0].content)?.[1] ?? "");
        if (chosen.size === 2) both.release();
        return { text: ["done"], before: both.held };
      },
      workflow: `${usual}, routing_strategy: load_balanced`,
    });
    await chat(api, request);
    expect([...chosen].toSorted()).toEqual(["gardener", "technician"]);
  });
});

describe("a plan that waits for a yes", () => {
  const asking = "plan_approval_threshold: 7, retry: { initial_delay: 0 }";
  const table = plan([{ id: "a" }, { id: "t", description: "Make a table", needs: ["a"] }]);

  test("is shown, changed, shown again and carried out, each time with what was said", async () => {
    const { api, planner, work } = await open({
      plans: [diamond, table],
      workflow: asking,
      meaning: (reply) => (reply.startsWith("now") ? "change" : "other"),
    });
    const first = (await chat(api, request)).data;
    expect(first.message.content).toBe(
      "Here is how.\n\n1. Title a (2–5 min)\n2. Title b (← 1; 2–5 min)\n3. Title c (← 1; 2–5 min)\n4. Title d (← 2, 3; 2–5 min)\n\nShall I?",
    );
    expect(first.message.metadata).toMatchObject({
      workflow_status: "waiting",
      approval_required: true,
      requires_user_response: true,
      interrupt: {
        kind: "plan_approval",
        plan: { tasks: [{ id: "a" }, { id: "b" }, { id: "c" }, { id: "d", dependencies: ["b", "c"] }] },
      },
    });
    expect(work).toEqual([]);
    const second = (await chat(api, "now make a table of it, but not in red")).data;
    expect(second.request_id).toBe(first.request_id);
    expect(second.message.metadata.interrupt.plan.tasks[1].description).toBe("Make a table");
    expect(second.message.metadata.workflow_id).not.toBe(first.message.metadata.workflow_id);
    expect(JSON.parse(lastOf(planner.at(-1) as ReceivedRequest))).toMatchObject({
      changes: ["now make a table of it, but not in red"],
      shown_tasks: [{ id: "a" }, { id: "b" }, { id: "c" }, { id: "d" }],
    });
    const third = (await chat(api, "Yes, please!")).data;
    expect(third.message.metadata).toMatchObject({ workflow_status: "completed", total_tasks: 2 });
    expect(work).toEqual(["Do a", "Make a table", request]);
  });

  test("counts the tokens of planning also when a task asks after the yes", async () => {
    const usage = { input: 10, output: 1 };
    let failures = 1;
    const { api, models } = await open({
      plans: [{ ...plan([{ id: "a" }]), usage }],
      workflow: `${asking}, error_recovery: manual_intervention`,
      agents: (asked) => (asked === "Do a" && failures-- > 0 ? refused : { text: ["Done."], usage }),
    });
    const { request_id: id } = (await chat(api, request)).data;
    expect((await chat(api, "Yes, please!")).data.message.content).toContain("could not be done: Title a.");
    await chat(api, "Try it again");
    const answered = models.requests.length - 1;
    expect((await api.get(`/requests/${id}`, ann)).body.data.usage).toMatchObject({
      input_tokens: 10 * answered,
      output_tokens: answered,
    });
  });

  test("is shown again after a reply that is neither, and not carried out after a no", async () => {
    const { api, work } = await open({ plans: [diamond], workflow: asking });
    const first = (await chat(api, request)).data;
    const again = (await chat(api, "How long does it take?")).data;
    expect(again.message.content).toBe(first.message.content);
    const { data } = await chat(api, "No, thanks.");
    expect(data.message.metadata).toMatchObject({
      workflow_status: "cancelled",
      workflow_cancelled: true,
      total_tasks: 4,
      completed_tasks: 0,
    });
    expect(work).toEqual([request]);
    expect((await chat(api, "yes")).data.request_id).not.toBe(data.request_id);
  });

  test.each(["ja bitte", "Oui, d'accord", "sí, adelante", "va bene", "Looks good", "ok"])(
    "is approved with %j, without a model",
    async (reply) => {
      const { api, planner } = await open({ plans: [diamond], workflow: asking });
      await chat(api, request);
      expect((await chat(api, reply)).data.message.metadata.workflow_status).toBe("completed");
      expect(planner).toHaveLength(1);
    },
  );

  test.each(["Nein danke", "non merci", "não", "cancela por favor"])("is rejected with %j", async (reply) => {
    const { api, planner } = await open({ plans: [diamond], workflow: asking });
    await chat(api, request);
    expect((await chat(api, reply)).data.message.metadata.workflow_cancelled).toBe(true);
    expect(planner).toHaveLength(1);
  });

  test.each([
    ["approve", undefined, "completed"],
    ["deny", undefined, "cancelled"],
    ["answer", "yes", "completed"],
  ])("is answered by its id with %s", async (action, value, status) => {
    const { api } = await open({ plans: [diamond], workflow: asking });
    const { data } = await chat(api, request);
    const body = { interrupt_id: data.message.metadata.interrupt.id, action, ...(value && { value }) };
    expect((await api.call("POST", `/requests/${data.request_id}/answer`, { ...ann, body })).status).toBe(
      202,
    );
    await untilStatus(api, data.request_id, "completed");
    const { messages } = (await api.get("/sessions/s1/messages", ann)).body.data;
    expect(messages.at(-1).metadata.workflow_status).toBe(status);
  });

  test("is asked for by the webhook of a request in the background, and goes on after a restart", async () => {
    const { api, start, work } = await open({ plans: [diamond], workflow: asking });
    const receiver = await startReceiver();
    await chat(api, request, { mode: "async", webhook_url: receiver.url, request_id: "req_plan" });
    await untilExpected("the webhook tells of the plan", () => expect(receiver.received).toHaveLength(1));
    expect(JSON.parse(receiver.received[0]?.body ?? "")).toMatchObject({
      status: "awaiting_clarification",
      interrupt: { kind: "plan_approval", plan: { tasks: expect.any(Array) } },
    });
    await api.runtime.close(0);
    const again = await start();
    const frames = await collect(await again.stream({ message: "go ahead", session_id: "s1" }, ann));
    expect(frames.at(-1)?.data).toMatchObject({ type: "done", request_id: "req_plan" });
    expect(textOf(frames)).toBe(`Done: ${request}`);
    expect(work.toSorted()).toEqual(["Do a", "Do b", "Do c", "Do d", request]);
    await untilExpected("the webhook tells of the end", () => expect(receiver.received).toHaveLength(2));
    expect(JSON.parse(receiver.received[1]?.body ?? "").status).toBe("completed");
  });

  test("is not asked for by a message below the threshold, unless its user wants to see one", async () => {
    const above = { workflow: "plan_approval_threshold: 9.5" };
    const { api } = await open({ plans: [diamond], ...above });
    expect((await chat(api, request)).data.message.metadata.workflow_status).toBe("completed");
    const wanted = await open({ plans: [plan([{ id: "a" }], { wants_approval: true })], ...above });
    expect((await chat(wanted.api, request)).data.message.metadata.approval_required).toBe(true);
  });
});

test("the tasks of a plan go on after a restart, and none that is done is done again", async () => {
  const stuck = hold();
  let isFirst = true;
  const { api, models, start, work, planner } = await open({
    plans: [diamond],
    agents: (asked) => {
      if (asked !== "Do d" || !isFirst) return { text: [`${asked} done`] };
      isFirst = false;
      return { before: stuck.held };
    },
  });
  const streamed = api.stream({ message: request, session_id: "s1", request_id: "req_flow" }, ann);
  await models.request(4);
  await api.runtime.close(0);
  await streamed.catch(() => {});
  stuck.release();
  const again = await start();
  await untilStatus(again, "req_flow", "completed");
  expect(work.filter((text) => text !== "Do d").toSorted()).toEqual(
    ["Do a", "Do b", "Do c", request].toSorted(),
  );
  expect(planner).toHaveLength(1);
});
