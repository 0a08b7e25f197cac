import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { encryptFernet, loadFormation, newFernetKey, openFormation, openSecrets } from "../src/index.ts";
import { agent, brief, folder, manifest, ref, reportOf, server } from "./folder.ts";

const withSecrets = async (
  files: Record<string, string>,
  secrets: Record<string, string>,
): Promise<string> => {
  const dir = await folder(files);
  const store = await openSecrets(dir);
  for (const [name, value] of Object.entries(secrets)) await store.set(name, value);
  return dir;
};

test("references are filled in at any depth, in manifest and components, but not in keys", async () => {
  const dir = await withSecrets(
    {
      "formation.afs": manifest(`name: "\${{secrets.NAME}} and ${ref("secrets.name")}!"
llm: { api_keys: { openai: "${ref("secrets.OpenAiKey")}" } }
more: { "${ref("secrets.NAME")}": [{ deep: "${ref("secrets.NAME")}" }] }
agents: [a]
mcp: { servers: [s] }
`),
      "agents/a.afs": agent("a", `system_message: "I know ${ref("secrets.name")}"`),
      "mcp/s.afs": server("s", `env: { TOKEN: "${ref("secrets.TOKEN")}" }`),
    },
    { NAME: `Ada $& ${ref("secrets.TOKEN")}`, TOKEN: "t0ken", OPEN_AI_KEY: "sk-1", UNUSED: "x" },
  );
  const formation = await openFormation(dir);
  const name = `Ada $& ${ref("secrets.TOKEN")}`;
  expect(formation.name).toBe(`${name} and ${name}!`);
  expect(formation.manifest.llm.api_keys.openai).toBe("sk-1");
  expect(formation.manifest).toMatchObject({ more: { [ref("secrets.NAME")]: [{ deep: name }] } });
  expect(formation.agents[0]?.system_message).toBe(`I know ${name}`);
  expect(formation.mcpServers[0]).toMatchObject({ env: { TOKEN: "t0ken" } });
  expect(formation.usedSecrets).toEqual(["NAME", "OPEN_AI_KEY", "TOKEN"]);
  expect(formation.secretNames).toEqual(["NAME", "OPEN_AI_KEY", "TOKEN", "UNUSED"]);
});

test("a missing secret is an error that names secret, field and remedy, wherever it is", async () => {
  const { errors } = await reportOf({
    "formation.afs": manifest(`async: { webhook_url: "${ref("secrets.HOOK")}" }`),
    "agents/a.afs": agent("a", `system_message: "${ref("secrets.PERSONA")}"`),
  });
  expect(brief(errors)).toEqual([
    "formation.afs → async.webhook_url: refers to the secret HOOK, which is not set",
    "agents/a.afs → system_message: refers to the secret PERSONA, which is not set",
  ]);
  expect(errors[0]).toMatchObject({ hint: "Run: muxi secrets set HOOK", line: 4 });
});

test("secrets never come from the environment", async () => {
  const dir = await folder({ "formation.afs": manifest(`name: "${ref("secrets.HOME_NAME")}"`) });
  const { report } = await loadFormation(dir, { env: { HOME_NAME: "x" } });
  expect(brief(report.errors)).toEqual([
    "formation.afs → name: refers to the secret HOME_NAME, which is not set",
  ]);
});

test("what is left out of a list needs no secrets", async () => {
  const { errors } = await reportOf({
    "formation.afs": manifest("agents: [a]"),
    "agents/a.afs": agent("a"),
    "agents/b.afs": agent("b", `system_message: "${ref("secrets.MISSING")}"`),
  });
  expect(errors).toEqual([]);
});

test("the environment is filled in where it is allowed", async () => {
  const dir = await folder({ "formation.afs": manifest(`name: "${ref("env.BOT_NAME")}"`) });
  expect((await openFormation(dir, { env: { BOT_NAME: "Eve" } })).name).toBe("Eve");
  expect(brief((await loadFormation(dir, { env: {} })).report.errors)).toEqual([
    "formation.afs → name: refers to the environment variable BOT_NAME, which is not set",
  ]);
  const { report } = await loadFormation(dir, { env: { BOT_NAME: "Eve" }, allowEnv: false });
  expect(report.errors).toMatchObject([
    {
      path: "name",
      message: expect.stringContaining("which a deployed formation cannot read"),
      hint: `Use a secret instead: ${ref("secrets.BOT_NAME")}`,
    },
  ]);
});

test("other references stay as they are", async () => {
  const others = `${ref("data.city")} $\{HOME} ${ref("")}`;
  const formation = await openFormation(await folder({ "formation.afs": manifest(`name: "${others}"`) }));
  expect(formation.name).toBe(others);
});

test("a user's credential stays, and on a server needs the secret that stands in for it at start", async () => {
  const files = {
    "formation.afs": manifest("mcp: { servers: [s] }"),
    "mcp/s.afs": server("s", `env: { TOKEN: "${ref("user.credentials.github")}" }`),
  };
  expect(brief((await reportOf(files)).errors)).toEqual([
    "mcp/s.afs → env.TOKEN: also needs the secret USER_CREDENTIALS_GITHUB, with which the server's tools are listed at start",
  ]);
  const { mcpServers } = await openFormation(await withSecrets(files, { USER_CREDENTIALS_GITHUB: "x" }));
  expect(mcpServers[0]).toMatchObject({ env: { TOKEN: ref("user.credentials.github") } });
});

test("a user's credential needs persistent memory", async () => {
  const { errors } = await reportOf({
    "formation.afs": manifest(`memory: { persistent: false }\nname: "${ref("user.credentials.github")}"`),
  });
  expect(brief(errors)).toEqual([
    "formation.afs → name: needs persistent memory, where users' credentials are stored",
  ]);
});

test("with the wrong key it does not load, and shows no content", async () => {
  const dir = await folder({ "formation.afs": manifest(), ".key": newFernetKey() });
  await writeFile(join(dir, "secrets.enc"), encryptFernet(newFernetKey(), '{"A":"hidden"}'));
  const { formation, report } = await loadFormation(dir);
  expect(formation).toBeUndefined();
  expect(report.errors).toMatchObject([
    { file: "secrets.enc", message: expect.stringContaining("cannot be decrypted with .key") },
  ]);
  expect(JSON.stringify(report)).not.toContain("hidden");
});

test("the document shows references and masks what is hard-coded", async () => {
  const dir = await withSecrets(
    {
      "formation.afs": manifest(`llm:
  api_keys: { openai: "${ref("secrets.KEY")}", groq: gsk_0123456789abcdef }
  models: [{ text: openai/gpt, api_key: short, settings: { max_tokens: 5 } }]
server: { api_keys: { client_key: fmc_0123456789abcdef } }
memory: { persistent: { connection_string: "postgres://user:0123456789abcdefgh@db/x" } }
agents: [a]
mcp: { servers: [s] }
`),
      "agents/a.afs": agent("a", `system_message: "Say ${ref("secrets.KEY")}"`),
      "mcp/s.afs": server(
        "s",
        "env: { LEVEL: debug, PORT: 80 }\nauth: { type: bearer, token: 0123456789abcdefghij, header: X-Key }\nparameters: { page: 2 }",
      ),
    },
    { KEY: "the-real-secret" },
  );
  const { document, agents, mcpServers } = await openFormation(dir);
  expect(document).toMatchObject({
    id: "my-bot",
    llm: {
      api_keys: { openai: ref("secrets.KEY"), groq: "gsk_...cdef" },
      models: [{ text: "openai/gpt", api_key: "...", settings: { max_tokens: 5 } }],
    },
    server: { api_keys: { client_key: "fmc_...cdef" } },
    memory: { persistent: { connection_string: "postgres://user:0123...efgh@db/x" } },
    agents: [{ id: "a", name: "Agent a", system_message: `Say ${ref("secrets.KEY")}` }],
    mcp: {
      servers: [
        {
          id: "s",
          command: "node",
          env: { LEVEL: "...", PORT: "..." },
          auth: { type: "bearer", token: "0123...ghij", header: "X-Key" },
          parameters: { page: 2 },
        },
      ],
    },
  });
  expect(document.agents).toEqual(agents.map((each) => each.document));
  expect(JSON.stringify([document, agents[0]?.document, mcpServers[0]?.document])).not.toContain(
    "the-real-secret",
  );
});
