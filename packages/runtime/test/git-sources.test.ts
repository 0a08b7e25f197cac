import { execFileSync } from "node:child_process";
import { readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test, vi } from "vitest";
import { temporaryFolder } from "../../../test/temporary-folder.ts";
import { openKnowing, syncAgain, writeKnowing } from "./elsewhere.ts";
import { createRepository, serveRepositories } from "./git-server.ts";

test("documents of a repository are found as its branch has them, and only what changed is indexed anew", async () => {
  const repository = createRepository();
  repository.commit({
    "a.md": "The attic is warm.",
    "docs/b.md": "The barn is red.",
    "docs/deep/c.txt": "The cellar is cold.",
  });
  const web = await serveRepositories(repository.root);
  const opened = await openKnowing(
    await writeKnowing([`url: "git+${web.url}/team/handbook.git/docs/**", id: handbook`]),
  );
  expect(await opened.find("attic")).toEqual([]);
  expect(await opened.find("cellar")).toEqual(["The cellar is cold."]);
  expect(await opened.knowledge.search("one", "barn", { limit: 1 })).toMatchObject([
    { source: `git+${web.url}/team/handbook.git/docs/b.md` },
  ]);

  repository.git("rm", "--quiet", "docs/deep/c.txt");
  repository.commit({ "docs/b.md": "The barn is green." });
  expect(await syncAgain(opened)).toEqual({ documents: 1, read: 1, unread: 0, passages: 1, gone: 1 });
  expect(await opened.find("barn cellar")).toEqual(["The barn is green."]);
  expect(await syncAgain(opened)).toMatchObject({ read: 0, gone: 0 });
});

test("a branch, a tag and a commit are names of what to read; one that is missing leaves what was known", async () => {
  const repository = createRepository();
  const first = repository.commit({ "a.md": "The attic is warm." });
  repository.git("tag", "v1");
  repository.git("config", "uploadpack.allowAnySHA1InWant", "true");
  repository.commit({ "a.md": "The attic is cold." });
  const web = await serveRepositories(repository.root);
  for (const ref of ["v1", first]) {
    const opened = await openKnowing(
      await writeKnowing([`url: "git+${web.url}/team/handbook.git", ref: "${ref}"`]),
    );
    expect(await opened.find("attic")).toEqual(["The attic is warm."]);
  }
  const opened = await openKnowing(await writeKnowing([`url: "git+${web.url}/team/handbook.git", ref: v1`]));
  repository.git("tag", "--delete", "v1");
  expect(await syncAgain(opened)).toMatchObject({
    failure: "git: fatal: couldn't find remote ref v1",
    gone: 0,
  });
  expect(await opened.find("attic")).toEqual(["The attic is warm."]);
});

test("links and names of a repository reach nothing on this machine, and large files are left out by name", async () => {
  const repository = createRepository();
  symlinkSync("/etc/passwd", path.join(repository.root, "team/handbook.git/passwd.md"));
  repository.commit({
    "a\nb.md": "The attic is warm.",
    "large.md": "x".repeat(5_000),
    "plan.bin": "The plan is binary.",
  });
  const web = await serveRepositories(repository.root);
  const opened = await openKnowing(
    await writeKnowing([`url: "git+${web.url}/team/handbook.git", max_file_size: 1000`]),
  );
  expect(await opened.knowledge.search("one", "attic root", { limit: 5 })).toMatchObject([
    { source: `git+${web.url}/team/handbook.git/a%0Ab.md` },
  ]);
  expect(opened.warnings()).toMatchObject([
    { source: `git+${web.url}/team/handbook.git/large.md`, code: "too_large" },
  ]);
});

test("credentials go to the server, and into no list of processes; private addresses and redirects are refused", async () => {
  const repository = createRepository();
  repository.commit({ "a.md": "The attic is warm." });
  const web = await serveRepositories(repository.root);
  const told: (string | undefined)[] = [];
  let processes = "";
  web.pages["/team/handbook.git/info/refs?service=git-upload-pack"] = (request, response) => {
    told.push(request.headers.authorization);
    processes += execFileSync("ps", ["-ww", "-eo", "args"], { encoding: "utf8" });
    response.writeHead(302, { location: "/elsewhere.git/info/refs?service=git-upload-pack" }).end();
  };
  const source = `url: "git+${web.url}/team/handbook.git", auth: { type: bearer, token: t0ps3cret }`;
  const opened = await openKnowing(await writeKnowing([source]));
  expect(told).toEqual(["Bearer t0ps3cret"]);
  expect(processes).toContain(`${web.url}/team/handbook.git`);
  expect(processes + JSON.stringify(opened.lines)).not.toContain("t0ps3cret");
  expect(await opened.knowledge.elsewhere("one")).toMatchObject([
    { failure: expect.stringContaining("302") },
  ]);

  const seen = web.requests.length;
  const refused = await openKnowing(await writeKnowing([source]), { allowLoopback: false });
  expect(await refused.knowledge.elsewhere("one")).toMatchObject([
    { failure: expect.stringContaining("is not a public address") },
  ]);
  expect(web.requests).toHaveLength(seen);
});

test("agents that read one repository each have their own branch of it", async () => {
  const repository = createRepository();
  repository.commit({ "a.md": "The attic is warm." });
  repository.git("branch", "old");
  repository.commit({ "a.md": "The attic is cold." });
  const web = await serveRepositories(repository.root);
  const dir = temporaryFolder();
  const agent = (id: string, ref: string) =>
    `  - { id: ${id}, name: N, description: D, knowledge: { sources: [{ url: "git+${web.url}/team/handbook.git", ref: ${ref} }] } }`;
  writeFileSync(
    path.join(dir, "formation.afs"),
    `schema: "1.0.0"\nid: cellar\ndescription: D\nagents:\n${agent("one", "main")}\n${agent("two", "old")}\n`,
  );
  const { knowledge } = await openKnowing(dir);
  expect(await knowledge.search("one", "attic", { limit: 5 })).toMatchObject([
    { text: "The attic is cold." },
  ]);
  expect(await knowledge.search("two", "attic", { limit: 5 })).toMatchObject([
    { text: "The attic is warm." },
  ]);
});

test("a repository that a fetch has left damaged is fetched whole by the next one", async () => {
  vi.stubEnv("TMPDIR", temporaryFolder());
  const repository = createRepository();
  repository.commit({ "a.md": "The attic is warm." });
  const web = await serveRepositories(repository.root);
  const opened = await openKnowing(await writeKnowing([`url: "git+${web.url}/team/handbook.git"`]));
  const fetched = readdirSync(tmpdir()).filter((name) => name.startsWith("muxi-fetched-"));
  const [repositories = ""] = fetched.map((name) => path.join(tmpdir(), name));
  const [kept = ""] = readdirSync(repositories);
  writeFileSync(path.join(repositories, kept, "shallow.lock"), "");
  repository.commit({ "a.md": "The attic is cold." });
  expect(await syncAgain(opened)).toMatchObject({ failure: expect.stringContaining("git: ") });
  expect(await opened.find("attic")).toEqual(["The attic is warm."]);
  expect(await syncAgain(opened)).toMatchObject({ read: 1 });
  expect(await opened.find("attic")).toEqual(["The attic is cold."]);
});

test("a git that cannot be held to the address that was checked reads nothing, and the reason says what to install", async () => {
  const programs = temporaryFolder();
  writeFileSync(path.join(programs, "git"), "#!/bin/sh\necho git version 2.36.1\n", { mode: 0o755 });
  const web = await serveRepositories(createRepository().root);
  vi.stubEnv("PATH", `${programs}:${process.env.PATH}`);
  const opened = await openKnowing(await writeKnowing([`url: "git+${web.url}/team/handbook.git"`]));
  expect(await opened.knowledge.elsewhere("one")).toMatchObject([
    { failure: "git 2.36.1 is too old, by which repositories are read: install 2.37 or newer" },
  ]);
  expect(web.requests).toEqual([]);
});
