import { expect, onTestFinished, test, vi } from "vitest";
import { untilExpected } from "../../../test/until.ts";
import { EventLog } from "../src/events/index.ts";
import { type Api, collect, framesOf, startFormation, writeFormation } from "./harness.ts";

/** Which call from now on throws, and how many there were. */
const openFaults = () => {
  const fault = { at: 0, calls: 0 };
  const step = () => {
    fault.calls += 1;
    if (fault.calls === fault.at) throw new RangeError("planned by the test");
  };
  const { stringify } = JSON;
  vi.spyOn(JSON, "stringify").mockImplementation((...args) => {
    step();
    return stringify(...args);
  });
  for (const name of ["append", "appendText", "serialize", "end", "listen"] as const) {
    const { [name]: original } = EventLog.prototype;
    vi.spyOn(EventLog.prototype, name).mockImplementation(function (this: EventLog, ...args: unknown[]) {
      step();
      return Reflect.apply(original, this, args);
    });
  }
  onTestFinished(() => {
    fault.at = 0;
  });
  return fault;
};

/** Does the work while nothing fails, then again for each call on its way, which throws. */
const atEachCall = async (work: (at: number) => Promise<void>) => {
  const fault = openFaults();
  await work(0);
  const { calls } = fault;
  expect(calls).toBeGreaterThan(10);
  for (let at = 1; at <= calls; at++) {
    Object.assign(fault, { at, calls: 0 });
    await work(at);
  }
  fault.at = 0;
};

const ann = { user: "ann" };
const ended = expect.stringMatching(/^(?:completed|failed)$/);
const bodyOf = (message: string, more: string) => `{"message":"${message}",${more}}`;
const json = { "content-type": "application/json" };

const chat = (api: Api, body: string) => api.request("POST", "/chat", { ...ann, body, headers: json });

test("whatever fails on a request's way ends that request, and its reader is told", async () => {
  const api = await startFormation(await writeFormation());
  await atEachCall(async (at) => {
    const response = await chat(api, bodyOf("Hello", '"stream":true'));
    if (!response.ok) return void expect(response.status).toBeGreaterThanOrEqual(500);
    const frames = await collect(framesOf(response));
    expect(frames.at(-1)?.event, `call ${at} throws`).toMatch(/^(?:done|error)$/);
  });
  expect((await api.chat("Hello", ann)).status).toBe(200);
  const { requests } = (await api.get("/requests?limit=100", ann)).body.data;
  expect(requests).toEqual(requests.map(() => expect.objectContaining({ status: ended })));
});

test("whatever fails on the way of a request in the background, it never stays at work", async () => {
  const api = await startFormation(await writeFormation());
  await atEachCall(async (at) => {
    const id = `req_background_${at}`;
    const response = await chat(api, bodyOf("Hello", `"mode":"async","request_id":"${id}"`));
    if (!response.ok) return void expect(response.status).toBeGreaterThanOrEqual(500);
    await untilExpected(`${id} has ended`, async () =>
      expect((await api.get(`/requests/${id}`, ann)).body.data).toMatchObject({ status: ended }),
    );
  });
  expect((await api.chat("Hello", ann)).status).toBe(200);
});
