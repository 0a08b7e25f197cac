import { expect, it } from "vitest";
import { untilExpected } from "../../../test/until.ts";
import { createFormation, devRun, startTestServer } from "./helpers.ts";

/** The samples of Prometheus's text format; throws at a line that is none. */
const parse = (text: string): Map<string, number> => {
  const samples = new Map<string, number>();
  for (const line of text.split("\n")) {
    if (line === "" || /^# (HELP|TYPE) \w+ \S/.test(line)) continue;
    const [, name, value] = /^(\w+(?:\{(?:\w+="[^"]*",?)*\})?) (\S+)$/.exec(line) ?? [];
    if (name === undefined || !Number.isFinite(Number(value))) throw new Error(`not a sample: ${line}`);
    samples.set(name, Number(value));
  }
  return samples;
};

const metricsOf = async (url: string): Promise<Map<string, number>> => {
  const response = await fetch(`${url}/metrics`);
  expect(response.headers.get("content-type")).toMatch(/^text\/plain; version=0\.0\.4/);
  return parse(await response.text());
};

it("tells requests, errors, times, open streams and memory of each formation", async () => {
  const server = await startTestServer({ config: { metrics: { host: "127.0.0.1", port: 0 } } });
  const { body } = await devRun(server, await createFormation("measured"));
  const draft = `${server.url}/draft/measured`;
  await (await fetch(`${draft}/v1/health`)).text();
  await (await fetch(`${server.url}/draft/nobody/v1/health`)).text();

  const leave = new AbortController();
  const stream = await fetch(`${draft}/stream`, { signal: leave.signal });
  const open = 'muxi_open_streams{formation="measured",way="draft"}';
  expect((await metricsOf(server.url)).get(open)).toBe(1);
  leave.abort();
  await stream.text().catch(() => undefined); // It was left, and may say so.
  await untilExpected("the stream is closed", async () =>
    expect((await metricsOf(server.url)).get(open)).toBe(0),
  );

  const impatient = new AbortController();
  const hanging = fetch(`${draft}/hang`, { signal: impatient.signal });
  await untilExpected("the formation has it", async () =>
    expect(await (await fetch(`http://127.0.0.1:${body.port}/open`)).text()).toBe("1"),
  );
  impatient.abort();
  await expect(hanging).rejects.toThrow();
  const left = 'muxi_requests_total{formation="measured",way="draft",status="4xx"}';
  await untilExpected("it counts as left", async () =>
    expect((await metricsOf(server.url)).get(left)).toBe(1),
  );

  await expect(fetch(`${draft}/half`).then((response) => response.text())).rejects.toThrow();

  const metrics = await metricsOf(`http://127.0.0.1:${server.metricsPort}`);
  expect(metrics.get('muxi_requests_total{formation="measured",way="draft",status="2xx"}')).toBe(3);
  expect(metrics.get('muxi_request_errors_total{formation="measured",way="draft"}')).toBe(1);
  expect(metrics.get('muxi_request_duration_seconds_count{formation="measured",way="draft"}')).toBe(4);
  expect(metrics.get('muxi_response_start_seconds_bucket{le="+Inf",formation="measured",way="draft"}')).toBe(
    3,
  );
  expect(metrics.get('muxi_formation_up{formation="measured",draft="true"}')).toBe(1);
  expect(metrics.get('muxi_formation_restarts_total{formation="measured",draft="true"}')).toBe(0);
  if (process.platform === "linux") {
    expect(metrics.get('muxi_formation_memory_bytes{formation="measured",draft="true"}')).toBeGreaterThan(
      1e6,
    );
  }
  expect([...metrics.keys()].join()).not.toContain("nobody");
});

it("are not for everybody: the port of the server asks for a signature", async () => {
  const credentials = { key: "k", secret: "s", toleranceSeconds: 300 };
  const server = await startTestServer({ config: { credentials } });
  expect((await fetch(`${server.url}/metrics`)).status).toBe(401);
});
