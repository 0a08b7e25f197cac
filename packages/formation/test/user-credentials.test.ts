import { expect, test } from "vitest";
import {
  credentialServices,
  type McpServerDefinition,
  openFormation,
  openSecrets,
  withCredentials,
} from "../src/index.ts";
import { folder, manifest, ref, server } from "./folder.ts";

/** A server of a formation that has the credentials with which the tools are listed. */
const load = async (text: string): Promise<McpServerDefinition> => {
  const dir = await folder({ "formation.afs": manifest("mcp: { servers: [s] }"), "mcp/s.afs": text });
  const secrets = await openSecrets(dir);
  for (const service of ["GITHUB", "JIRA", "GIT_LAB"]) {
    await secrets.set(`USER_CREDENTIALS_${service}`, `of the formation for ${service}`);
  }
  const [definition] = (await openFormation(dir)).mcpServers;
  if (!definition) throw new Error("the server was not loaded");
  return definition;
};

const http = (more: string): string =>
  `schema: "1.0.0"\nid: s\ndescription: Serves\ntype: http\nendpoint: https://tools.example/mcp\n${more}`;

test("a server needs the services that it refers to, each once and in lower case", async () => {
  const definition = await load(
    http(`headers:
  X-One: "${ref("user.credentials.GitHub")}"
  X-Two: "Token ${ref(" user.credentials.jira ")}"
auth: { type: bearer, token: "${ref("user.credentials.github")}" }
`),
  );
  expect(credentialServices(definition)).toEqual(["github", "jira"]);
});

test("a server without such references needs none", async () => {
  expect(credentialServices(await load(server("s", "env: { TOKEN: plain }")))).toEqual([]);
});

test("each reference gets the user's value, wherever it stands", async () => {
  const definition = await load(
    server(
      "s",
      `args: ["--token=${ref("user.credentials.GitHub")}", plain]
env: { JIRA: "${ref("user.credentials.jira")}", BOTH: "${ref("user.credentials.github")}:${ref("user.credentials.jira")}" }
`,
    ),
  );
  expect(withCredentials(definition, { github: "gh-1", jira: "j-2" })).toMatchObject({
    type: "command",
    args: ["--token=gh-1", "plain"],
    env: { JIRA: "j-2", BOTH: "gh-1:j-2" },
  });
});

test.each(['with "quotes" and \\', "two\nlines", "$& and $1", ref("user.credentials.jira"), "ünï 🦊"])(
  "the value %j arrives as it is",
  async (value) => {
    const definition = await load(server("s", `env: { TOKEN: "${ref("user.credentials.github")}" }`));
    expect(withCredentials(definition, { github: value })).toMatchObject({ env: { TOKEN: value } });
  },
);

test("a service without a value stays as written", async () => {
  const written = ref("user.credentials.git_lab");
  const definition = await load(server("s", `env: { TOKEN: "${written}" }`));
  for (const values of [{}, { jira: "x" }]) {
    expect(withCredentials(definition, values)).toMatchObject({ env: { TOKEN: written } });
  }
  // A name of every object's own is no value.
  const odd = { ...definition, description: ref("user.credentials.constructor") };
  expect(withCredentials(odd, {}).description).toBe(ref("user.credentials.constructor"));
});

test("the shown document and the source stay, and the definition that was given is not changed", async () => {
  const definition = await load(http(`auth: { type: bearer, token: "${ref("user.credentials.github")}" }`));
  const before = structuredClone(definition);
  const filled = withCredentials(definition, { github: "gh-1" });
  expect(filled).toMatchObject({ auth: { type: "bearer", token: "gh-1" }, source: "mcp/s.afs" });
  expect(filled.document).toEqual(definition.document);
  expect(JSON.stringify(filled.document)).not.toContain("gh-1");
  expect(definition).toEqual(before);

  const { source: _, ...inline } = definition;
  expect(withCredentials(inline, { github: "gh-1" })).not.toHaveProperty("source");
});
