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

it("adds up the tokens that formations tell of, by model", async () => {
  const server = await startTestServer();
  await devRun(server, await createFormation("thinking"));
  const tell = async (message: object) => {
    const query = encodeURIComponent(JSON.stringify(message));
    expect(await (await fetch(`${server.url}/draft/thinking/tell?${query}`)).text()).toBe("told");
  };
  const usage = { input_tokens: 100, output_tokens: 5, total_tokens: 105 };
  const cached = { ...usage, cached_tokens: 60, cache_write_tokens: 30 };
  await tell({ type: "tokens", models: [{ model: "openai/x", usage: "many" }] });
  await tell({ type: "tokens", models: [{ model: "openai/x", usage }] });
  await tell({
    type: "tokens",
    models: [
      { model: "openai/x", usage: cached },
      { model: 'local/a\\b"c', usage },
    ],
  });
  const of = (model: string, type: string) =>
    `muxi_model_tokens_total{formation="thinking",draft="true",model="${model}",type="${type}"}`;
  const text = async () => (await fetch(`${server.url}/metrics`)).text();
  await untilExpected("all is counted", async () =>
    expect(await text()).toContain(`${of('local/a\\\\b\\"c', "output")} 5\n`),
  );
  const counted = await text();
  expect(counted).toContain(`${of("openai/x", "input")} 200\n`);
  expect(counted).toContain(`${of("openai/x", "output")} 10\n`);
  expect(counted).toContain(`${of("openai/x", "cached")} 60\n`);
  expect(counted).toContain(`${of("openai/x", "cache_write")} 30\n`);
});
