import { mkdirSync } from "node:fs";
import type { ServerResponse } from "node:http";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { expect, onTestFinished, test, vi } from "vitest";
import { temporaryFolder } from "../../../test/temporary-folder.ts";
import { untilExpected } from "../../../test/until.ts";
import { configureKnowing, openKnowing, syncAgain, writeKnowing } from "./elsewhere.ts";
import { startFormation } from "./harness.ts";
import { emptyDatabase } from "./processes.ts";
import { startWebServer, tagged } from "./web-server.ts";

const html = (body: string) => `<html><body><h1>Cellar</h1>${body}</body></html>`;

test("a page on a web server is found, named by its address, and asked for anew only when it has changed", async () => {
  const web = await startWebServer({ "/key.md": tagged('"1"', "The key hangs behind the door.") });
  const dir = await writeKnowing([`url: "${web.url}/key.md", id: notes`]);
  const opened = await openKnowing(dir);
  expect(await opened.knowledge.search("one", "Where is the key?", { limit: 1 })).toMatchObject([
    { source: `${web.url}/key.md`, text: "The key hangs behind the door." },
  ]);
  expect(await syncAgain(opened)).toEqual({ documents: 1, read: 0, unread: 0, passages: 1, gone: 0 });
  expect(web.requests.map(({ headers }) => headers["if-none-match"])).toEqual([undefined, '"1"']);

  web.pages["/key.md"] = tagged('"2"', "The key lies under the mat.");
  expect(await syncAgain(opened)).toMatchObject({ read: 1, gone: 0 });
  expect(await opened.find("key")).toEqual(["The key lies under the mat."]);
  // Asked to, it fetches what has not changed.
  expect(await syncAgain(opened, ["notes"])).toMatchObject({ read: 1 });
  expect(web.requests.at(-1)?.headers["if-none-match"]).toBeUndefined();
});

test("a server without entity tags is read again, and what is the same is not indexed again", async () => {
  const web = await startWebServer({ "/key.txt": "The key hangs behind the door." });
  const opened = await openKnowing(await writeKnowing([`url: "${web.url}/key.txt"`]));
  expect(await syncAgain(opened)).toMatchObject({ documents: 1, read: 0, passages: 1 });
  expect(web.requests).toHaveLength(2);
});

test("the pages of a sitemap and of the sitemaps that it lists are found, within include and exclude", async () => {
  const list = (kind: string, of: string, addresses: string[]) =>
    `<?xml version="1.0"?><${kind}>${addresses.map((each) => `<${of}><loc>${each}</loc></${of}>`).join("")}</${kind}>`;
  const web = await startWebServer({});
  const pages = ["/guide/attic", "/guide/barn", "/guide/old/shed", "/news/fair"].map(
    (each) => web.url + each,
  );
  Object.assign(web.pages, {
    "/sitemap.xml": list("sitemapindex", "sitemap", [
      `${web.url}/pages.xml.gz`,
      "https://elsewhere.example/s.xml",
    ]),
    "/pages.xml.gz": (_: unknown, response: ServerResponse) =>
      response.end(gzipSync(list("urlset", "url", [...pages, "https://elsewhere.example/x"]))),
    "/guide/attic": (_: unknown, response: ServerResponse) =>
      response.setHeader("content-type", "text/html; charset=utf-8").end(html("<p>The attic is warm.</p>")),
    "/guide/barn": (_: unknown, response: ServerResponse) =>
      response.setHeader("content-type", "text/html").end(html("<p>The barn is red.</p>")),
  });
  const opened = await openKnowing(
    await writeKnowing([`url: "${web.url}/sitemap.xml", include: [guide/**], exclude: [guide/old/*]`]),
  );
  expect(await opened.find("attic")).toEqual([expect.stringContaining("The attic is warm.")]);
  expect(await opened.find("barn")).toEqual([expect.stringContaining("The barn is red.")]);
  expect(web.paths()).toEqual(["/sitemap.xml", "/pages.xml.gz", "/guide/attic", "/guide/barn"]);
});

test("a pattern finds what pages link to below its base, and nothing beside it", async () => {
  const links = (...targets: string[]) => html(targets.map((each) => `<a href="${each}">x</a>`).join(" "));
  const web = await startWebServer({
    "/n/": links(
      "a.md",
      "b.txt",
      "deep/",
      "?C=N;O=D",
      "../secret.md",
      "//elsewhere.example/n/z.md",
      "/n/%2e%2e/secret.md",
    ),
    "/n/deep/": links("c.md", "/n/", "deeper/"),
    "/n/deep/deeper/": links("d.md"),
    "/n/a.md": "The attic is warm.",
    "/n/b.txt": "The barn is red.",
    "/n/deep/c.md": "The cellar is cold.",
    "/n/deep/deeper/d.md": "The den is dark.",
    "/secret.md": "The treasure is gold.",
  });
  const all = await openKnowing(await writeKnowing([`url: "${web.url}/n/*.md"`]));
  expect(await all.find("attic")).toEqual(["The attic is warm."]);
  expect(await all.find("den")).toEqual(["The den is dark."]);
  expect(await all.find("barn treasure")).toEqual([]);
  const shallow = await openKnowing(
    await writeKnowing([`url: "${web.url}/n/deep/[bc]*"`, `url: "${web.url}/n/*/*.md"`]),
  );
  expect((await shallow.find("cellar")).at(0)).toBe("The cellar is cold.");
  expect(await shallow.find("attic den")).toEqual([]);
});

test("one of many that is gone leaves, one that fails stays as it was, and a source that fails stays whole", async () => {
  const web = await startWebServer({
    "/n/": html('<a href="a.md">a</a><a href="b.md">b</a><a href="c.md">c</a>'),
    "/n/a.md": "The attic is warm.",
    "/n/b.md": "The barn is red.",
    "/n/c.md": "The cellar is cold.",
  });
  const opened = await openKnowing(await writeKnowing([`url: "${web.url}/n/*.md", id: n`]));
  delete web.pages["/n/a.md"];
  web.pages["/n/b.md"] = (_, response) => response.writeHead(500).end();
  web.pages["/n/c.md"] = "The cellar is damp.";
  const failure = `${web.url}/n/b.md: the server answered 500`;
  expect(await syncAgain(opened)).toMatchObject({ read: 1, gone: 1, failure });
  expect(await opened.find("attic")).toEqual([]);
  expect(await opened.find("barn")).toEqual(["The barn is red."]);
  expect(await opened.find("cellar")).toEqual(["The cellar is damp."]);

  web.pages["/n/"] = (_, response) => response.writeHead(403).end();
  const refused = `${web.url}/n/: the server answered 403: check auth of the source`;
  expect(await syncAgain(opened)).toMatchObject({ read: 0, gone: 0, failure: refused });
  web.pages["/n/"] = html("nothing");
  expect(await syncAgain(opened)).toMatchObject({ gone: 0, failure: "nothing is there that it names" });
  expect(await opened.find("barn")).toEqual(["The barn is red."]);
  expect(await opened.knowledge.elsewhere("one")).toMatchObject([
    { source: "n", failure: expect.any(String) },
  ]);
});

test("a source that is taken out of the manifest leaves, also when its id went to another address", async () => {
  const web = await startWebServer({ "/a.md": "The attic is warm.", "/b.md": "The barn is red." });
  const dir = await writeKnowing([`url: "${web.url}/a.md", id: s`]);
  const first = await openKnowing(dir);
  await first.knowledge.close();
  await configureKnowing(dir, [`url: "${web.url}/b.md", id: s`]);
  const second = await openKnowing(dir, { database: first.database });
  await second.knowledge.ready;
  expect(await second.find("attic")).toEqual([]);
  expect(await second.find("barn")).toEqual(["The barn is red."]);
});

test("credentials are sent to the source's own origin and nowhere else, and addresses are shown without secrets", async () => {
  const other = await startWebServer({ "/a.md": "The attic is warm." });
  const web = await startWebServer({
    "/a.md?token=s3cret&page=1": (_, response) =>
      response.writeHead(302, { location: `${other.url}/a.md` }).end(),
  });
  const opened = await openKnowing(
    await writeKnowing([
      `url: "${web.url}/a.md?token=s3cret&page=1", auth: { type: basic, username: ann, password: pw }, headers: { x-team: cider }`,
    ]),
  );
  const { authorization, "x-team": team } = web.requests[0]?.headers ?? {};
  expect({ authorization, team }).toEqual({ authorization: `Basic ${btoa("ann:pw")}`, team: "cider" });
  expect(other.requests[0]?.headers).not.toHaveProperty("authorization");
  expect(other.requests[0]?.headers).not.toHaveProperty("x-team");
  const [found] = await opened.knowledge.search("one", "attic", { limit: 1 });
  expect(found?.source).toBe(`${web.url}/a.md?token=...&page=...`);
  expect(JSON.stringify(opened.lines)).not.toContain("s3cret");
});

test("of a link, only what may be secret is hidden, and addresses that differ in nothing else stay two documents", async () => {
  const list = (names: string[]) => `<urlset>${names.map((name) => `<loc>/${name}</loc>`).join("")}</urlset>`;
  const names = ["a.md?code=1", "a.md?code=2", "b.md?page=1&AWSAccessKeyId=AK1&pwd=s3cret"];
  const web = await startWebServer({
    "/sitemap.xml": list(names),
    "/a.md?code=1": "The attic is warm.",
    "/a.md?code=2": "The attic is cold.",
    [`/${names[2]}`]: "The barn is red.",
  });
  const opened = await openKnowing(await writeKnowing([`url: "${web.url}/sitemap.xml"`]));
  expect((await opened.find("attic")).sort()).toEqual(["The attic is cold.", "The attic is warm."]);
  expect(await opened.knowledge.search("one", "barn", { limit: 1 })).toMatchObject([
    { source: `${web.url}/b.md?page=1&AWSAccessKeyId=...&pwd=...` },
  ]);
  expect(await syncAgain(opened)).toMatchObject({ documents: 3, read: 0, gone: 0 });
});

test("an XML document is read where its address is redirected too", async () => {
  const web = await startWebServer({
    "/plan.xml": (_, response) => response.writeHead(302, { location: "/plans/plan.xml" }).end(),
    "/plans/plan.xml": (_, response) =>
      response
        .setHeader("content-type", "application/xml")
        .end("<plan><room>The attic is warm.</room></plan>"),
  });
  const opened = await openKnowing(await writeKnowing([`url: "${web.url}/plan.xml"`]));
  expect((await opened.find("attic")).join()).toContain("The attic is warm.");
});

test("an address that is too long to be stored is left out, and the others are read", async () => {
  const long = `${"x".repeat(2_100)}.md`;
  const web = await startWebServer({
    "/n/": html(`<a href="a.md">a</a><a href="${long}">b</a>`),
    "/n/a.md": "The attic is warm.",
    [`/n/${long}`]: "The barn is red.",
  });
  const opened = await openKnowing(await writeKnowing([`url: "${web.url}/n/*.md"`]));
  expect(await opened.find("attic barn")).toEqual(["The attic is warm."]);
  expect(opened.warnings()).toMatchObject([
    { code: "unsupported", reason: "its name has more than 2048 bytes" },
  ]);
});

test("what was to be fetched anew and failed is fetched at the next look", async () => {
  const page = tagged('"1"', "The key hangs behind the door.");
  const web = await startWebServer({ "/key.md": page });
  const opened = await openKnowing(await writeKnowing([`url: "${web.url}/key.md", id: notes`]));
  web.pages["/key.md"] = (_, response) => response.writeHead(403).end();
  expect(await syncAgain(opened, ["notes"])).toMatchObject({ read: 0, unread: 0, passages: 1 });
  web.pages["/key.md"] = page;
  expect(await syncAgain(opened)).toMatchObject({ read: 1, gone: 0 });
});

test("addresses that are not public are not reached, neither at once nor by a redirect or a link", async () => {
  const web = await startWebServer({ "/a.md": "The attic is warm." });
  const refusal = "is not a public address: private ones are reached only with async.allow_private_targets";
  const { lines } = await openKnowing(await writeKnowing([`url: "${web.url}/a.md"`]), {
    allowLoopback: false,
  });
  expect(lines).toContainEqual(expect.objectContaining({ reason: `${web.url}/a.md: 127.0.0.1 ${refusal}` }));
  const named = await openKnowing(
    await writeKnowing([`url: "${web.url.replace("127.0.0.1", "localhost")}/a.md"`]),
    {
      allowLoopback: false,
    },
  );
  expect(JSON.stringify(named.lines)).toContain(`localhost ${refusal}`);
  expect(web.requests).toEqual([]);

  web.pages["/b.md"] = (_, response) =>
    response.writeHead(301, { location: "http://169.254.169.254/meta" }).end();
  const redirected = await openKnowing(await writeKnowing([`url: "${web.url}/b.md"`]));
  expect(JSON.stringify(redirected.lines)).toContain(
    `http://169.254.169.254/meta: 169.254.169.254 ${refusal}`,
  );
});

test("what is endless, packed, in circles or of no known type ends within the limits, by name, and others are read", async () => {
  const web = await startWebServer({
    "/n/": html(
      '<a href="a.md">a</a><a href="bomb.md">b</a><a href="circle.md">c</a><a href="endless.md">d</a><a href="f.bin">e</a>',
    ),
    "/n/a.md": "The attic is warm.",
    "/n/bomb.md": (_, response) => {
      response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync(Buffer.alloc(50 * 2 ** 20, "x")));
    },
    "/n/circle.md": (_, response) => response.writeHead(302, { location: "circle.md" }).end(),
    "/n/endless.md": (_, response) => {
      const more = () => {
        while (!response.destroyed && response.write("x".repeat(65_536)));
      };
      response.on("drain", more);
      more();
    },
    "/n/f.bin": (_, response) =>
      response.writeHead(200, { "content-type": "application/octet-stream" }).end("\0"),
  });
  const opened = await openKnowing(await writeKnowing([`url: "${web.url}/n/*", max_file_size: 100000`]));
  expect(await opened.find("attic")).toEqual(["The attic is warm."]);
  const told = new Map(opened.warnings().map(({ source, document, reason }) => [document ?? source, reason]));
  const tooLarge = "it is larger than max_file_size of its source (100000 bytes)";
  expect(told.get(`${web.url}/n/bomb.md`)).toBe(tooLarge);
  expect(told.get(`${web.url}/n/endless.md`)).toBe(tooLarge);
  expect(told.get(`${web.url}/n/circle.md`)).toBe(
    `${web.url}/n/circle.md: it is redirected more than 5 times`,
  );
  expect(told.get(`${web.url}/n/f.bin`)).toBe(
    "documents of its type (application/octet-stream) are not read",
  );
});

test("a server that does not answer takes its share of the time, and the others are read", async () => {
  const web = await startWebServer({
    "/n/": html('<a href="a.md">a</a><a href="b.md">b</a>'),
    "/n/a.md": (_, response) => void response.writeHead(200).write("The"),
    "/n/b.md": "The barn is red.",
  });
  const opened = await openKnowing(await writeKnowing([`url: "${web.url}/n/*.md", timeout: 5`]));
  expect(await opened.find("barn")).toEqual(["The barn is red."]);
  expect(opened.warnings()[0]?.reason).toBe(`${web.url}/n/a.md: it was not there within 1 s`);
});

test("limits of a source leave the rest out", async () => {
  const names = ["a", "b", "c", "d"];
  const web = await startWebServer({
    "/n/": html(names.map((name) => `<a href="${name}.md">x</a>`).join("")),
    ...Object.fromEntries(names.map((name) => [`/n/${name}.md`, `The room ${name} is locked.`])),
  });
  const few = await openKnowing(await writeKnowing([`url: "${web.url}/n/*.md", file_limit: 2`]));
  expect((await few.find("room locked")).length).toBe(2);
  expect(few.warnings()).toMatchObject([{ others: 2 }]);
  const small = await openKnowing(await writeKnowing([`url: "${web.url}/n/*.md", max_total_size: 50`]));
  expect((await small.find("room locked")).length).toBe(2);
  expect(small.warnings().map(({ code }) => code)).toEqual(["too_large", "too_large"]);
});

test("a failed sync is tried again after growing waits, and then at its next time, also after a restart", async () => {
  const web = await startWebServer({ "/a.md": (_, response) => response.writeHead(503).end() });
  const dir = await writeKnowing([
    `url: "${web.url}/a.md", schedule: "@hourly", retry: { max_attempts: 3, initial_delay: 0.1, exponential_base: 2 }`,
  ]);
  const opened = await openKnowing(dir);
  await untilExpected("three attempts", async () => expect(web.requests).toHaveLength(3));
  const hour = 3_600_000;
  const next = (Math.floor(Date.now() / hour) + 1) * hour;
  await untilExpected("the last one was noted", async () =>
    expect(await opened.knowledge.elsewhere("one")).toMatchObject([{ dueAt: next, syncedAt: 0 }]),
  );
  await opened.knowledge.close();

  web.pages["/a.md"] = "The attic is warm.";
  const { database } = opened;
  const early = await openKnowing(dir, { database, now: () => next - 1_000 });
  expect(web.requests).toHaveLength(3);
  await early.knowledge.close();
  const late = await openKnowing(dir, { database, now: () => next + 1_000 });
  expect(await late.find("attic")).toEqual(["The attic is warm."]);
  expect(await late.knowledge.elsewhere("one")).toMatchObject([{ failure: null, dueAt: next + hour }]);
});

test("a server that asks for a wait of years is asked again after a day, and waits are whole milliseconds", async () => {
  let retryAfter = "99999999999999999999";
  const web = await startWebServer({
    "/a.md": (_, response) => response.writeHead(503, { "retry-after": retryAfter }).end(),
  });
  const dir = await writeKnowing([`url: "${web.url}/a.md", retry: { exponential_base: 1.57 }`]);
  const start = Date.now();
  let now = start;
  const opened = await openKnowing(dir, { now: () => now });
  const day = 86_400_000;
  expect(await opened.knowledge.elsewhere("one")).toMatchObject([{ dueAt: start + day }]);
  retryAfter = "0.0004";
  // Not due yet, so that nobody else asks.
  now += day - 1;
  await syncAgain(opened);
  expect(await opened.knowledge.elsewhere("one")).toMatchObject([{ dueAt: now + 7_850 }]);
});

test("a list with more documents than can be held is refused by name", async () => {
  const links = Array.from({ length: 10_001 }, (_, at) => `<a href="${at}.md">x</a>`);
  const folders = Array.from({ length: 201 }, (_, at) => `<a href="${at}/">x</a>`);
  const web = await startWebServer({ "/n/": html(links.join("")), "/m/": html(folders.join("")) });
  const opened = await openKnowing(
    await writeKnowing([`url: "${web.url}/n/*.md", id: n`, `url: "${web.url}/m/*.md", id: m`]),
  );
  expect(await opened.knowledge.elsewhere("one")).toMatchObject([
    { source: "n", failure: "it lists more than 10000 documents: name a part of them" },
    { source: "m", failure: "it leads to more than 200 lists of documents: name a part of them" },
  ]);
  expect(web.paths().sort()).toEqual(["/m/", "/n/"]);
});

test("what others have in the folder for temporary files stops no source", async () => {
  const temporary = temporaryFolder();
  vi.stubEnv("TMPDIR", temporary);
  mkdirSync(path.join(temporary, "muxi-fetched-%zz"));
  const web = await startWebServer({ "/a.md": "The attic is warm." });
  const opened = await openKnowing(await writeKnowing([`url: "${web.url}/a.md"`]));
  expect(await opened.find("attic")).toEqual(["The attic is warm."]);
});

test("what fails on this side counts as an attempt, and the sources are closed all the same", async () => {
  const temporary = path.join(temporaryFolder(), "later");
  const web = await startWebServer({ "/a.md": "The attic is warm." });
  const dir = await writeKnowing([`url: "${web.url}/a.md"`]);
  const database = await (await emptyDatabase())();
  onTestFinished(() => database.close());
  vi.stubEnv("TMPDIR", temporary);
  const now = Date.now();
  const opened = await openKnowing(dir, { database, now: () => now });
  const failure = "it could not be stored: the log of the formation says why";
  expect(await opened.knowledge.elsewhere("one")).toMatchObject([{ failure, dueAt: now + 5_000 }]);
  mkdirSync(temporary);
  expect(await syncAgain(opened)).toMatchObject({ read: 1 });

  await opened.knowledge.close();
  vi.stubEnv("TMPDIR", path.join(temporary, "gone"));
  const again = await openKnowing(dir, { database, now: () => now + 1 });
  await again.knowledge.close();
});

test("a formation answers from a page, and has it read again when asked to", async () => {
  const web = await startWebServer({ "/key.md": "The key hangs behind the door." });
  const dir = await writeKnowing([`url: "${web.url}/key.md", id: notes, description: Keys`]);
  const api = await startFormation(dir);
  const answer = await api.chat("Where does the key hang?", { user: "ann" });
  expect(JSON.stringify(answer)).toContain("behind the door");
  const { body } = await api.call("POST", "/agents/one/knowledge/sync", {
    key: "admin",
    body: { wait: true },
  });
  expect(body.data.results).toMatchObject([{ source_id: "notes", status: "synced", documents: 1 }]);
  web.pages["/key.md"] = (_, response) => response.writeHead(500).end();
  const failed = await api.call("POST", "/agents/one/knowledge/sync", { key: "admin", body: { wait: true } });
  const error = `${web.url}/key.md: the server answered 500`;
  expect(failed.body.data.results).toMatchObject([{ source_id: "notes", status: "failed", error }]);
  const { agents } = (await api.get("/knowledge", { key: "admin" })).body.data;
  expect(agents[0].elsewhere).toEqual([
    { source_id: "notes", synced_at: expect.any(Number), due_at: expect.any(Number), error },
  ]);
});
