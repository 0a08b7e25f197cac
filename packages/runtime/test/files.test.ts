import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { untilExpected } from "../../../test/until.ts";
import { scannedPdf } from "../../documents/test/made.ts";
import { manifest, startFormation, writeFormation } from "./harness.ts";
import { type ModelServer, startModelServer } from "./model-server.ts";

const png = "iVBORw0KGgo=";
const base64 = (text: string) => Buffer.from(text).toString("base64");

const startModels = async () => {
  const models = await startModelServer();
  onTestFinished(() => models.close());
  return models;
};

const startWith = async (models: ModelServer, more = "", files: Record<string, string> = {}) =>
  startFormation(
    await writeFormation({
      ...files,
      "formation.afs": `${manifest}
llm:
  settings: { base_url: "${models.url}/v1", max_retries: 0 }
  models:
    - text: openai/text-model
      api_key: sk-test
${more}`,
    }),
  );

const textFile = { filename: "notes.txt", content: base64("Prune in March"), content_type: "text/plain" };
const image = { filename: "tree.png", content: png, content_type: "image/png" };

test("a document reaches the model, and its session", async () => {
  const models = await startModels();
  const { call, get } = await startWith(models);
  const { status } = await call("POST", "/chat", {
    user: "ann",
    body: { message: "When?", session_id: "s1", stream: false, files: [textFile] },
  });
  expect(status).toBe(200);
  const { body } = await models.request(0);
  expect(JSON.stringify(body)).toContain("When?\\n\\n[Attached file: notes.txt]\\n> Prune in March");
  const { body: session } = await get("/sessions/s1/messages", { user: "ann" });
  expect(session.data.messages[0].content).toContain("Prune in March");
});

test("an image goes to the model that sees", async () => {
  const models = await startModels();
  const { call } = await startWith(models, "    - vision: openai/seeing-model\n      api_key: sk-test\n");
  const { status } = await call("POST", "/chat", {
    user: "ann",
    body: { message: "What is it?", stream: false, files: [image] },
  });
  expect(status).toBe(200);
  expect((await models.request(0)).body).toMatchObject({
    model: "seeing-model",
    messages: expect.arrayContaining([
      {
        role: "user",
        content: [
          { type: "text", text: expect.stringContaining("What is it?") },
          { type: "image_url", image_url: { url: `data:image/png;base64,${png}` } },
        ],
      },
    ]),
  });
});

test("an image without such a model, and a type that nobody reads, are refused in words", async () => {
  const { call } = await startWith(await startModels());
  const send = (file: object) =>
    call("POST", "/chat", { user: "ann", body: { message: "Look", stream: false, files: [file] } });
  const blind = await send(image);
  expect(blind.status).toBe(503);
  expect(blind.body.error.message).toContain("vision");
  const unknown = await send({ ...textFile, filename: "a.exe", content_type: "application/x-dosexec" });
  expect(unknown.status).toBe(415);
  expect(unknown.body.error.message).toContain("pdf, docx");
});

const startTranscriber = async (status = 200) => {
  const received: { body: string; type: string | undefined; path: string | undefined }[] = [];
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on("data", (piece) => pieces.push(piece));
    request.on("end", () => {
      const body = Buffer.concat(pieces).toString("latin1");
      received.push({ body, type: request.headers["content-type"], path: request.url });
      response.writeHead(status, { "content-type": "application/json" });
      response.end(
        status === 200 ? '{"text":" When do I prune? "}' : '{"error":{"message":"sk-test is bad"}}',
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, received };
};

const audioOf = (url: string) =>
  `    - audio: openai/whisper-1\n      api_key: sk-test\n      settings: { base_url: "${url}" }\n`;

const recording = { filename: "ask.mp3", content: base64("ID3 sound"), content_type: "audio/mpeg" };

test("a recording becomes the message of a chat", async () => {
  const models = await startModels();
  const transcriber = await startTranscriber();
  const { call, get } = await startWith(models, audioOf(transcriber.url));
  const body = { session_id: "s1", request_id: "req_voice", stream: false, files: [recording] };
  const answer = await call("POST", "/audiochat", { user: "ann", body });
  expect(answer).toMatchObject({
    status: 200,
    body: { object: "message", type: "chat.completed", data: { session_id: "s1", request_id: "req_voice" } },
  });
  expect(transcriber.received[0]).toMatchObject({
    path: "/v1/audio/transcriptions",
    type: expect.stringContaining("multipart/form-data"),
    body: expect.stringMatching(/whisper-1[\s\S]*filename="ask.mp3"[\s\S]*audio\/mpeg[\s\S]*ID3 sound/),
  });
  const { body: session } = await get("/sessions/s1/messages", { user: "ann" });
  expect(session.data.messages[0].content).toBe("When do I prune?");
});

test("speech that cannot be taken is refused in words", async () => {
  const models = await startModels();
  const { call } = await startWith(models);
  const send = (files: unknown) =>
    call("POST", "/audiochat", { user: "ann", body: { files, stream: false } });
  expect((await send([])).body.error).toMatchObject({ code: "VALIDATION_ERROR" });
  expect((await send([textFile])).body.error).toMatchObject({ code: "VALIDATION_ERROR" });
  expect((await send([{ ...recording, content: "*" }])).status).toBe(422);
  const none = await send([recording]);
  expect(none.status).toBe(503);
  expect(none.body.error.message).toContain("audio: openai/whisper-1");

  const refusing = await startTranscriber(401);
  const other = await startWith(models, audioOf(refusing.url));
  const refused = await other.call("POST", "/audiochat", { body: { files: [recording], stream: false } });
  expect([refused.status, refused.body.error.code]).toEqual([424, "LLM_NOT_CONFIGURED"]);
  expect(refused.body.error.message).not.toMatch(/sk-test|whisper/);
});

const scan = {
  filename: "plan.pdf",
  content: scannedPdf([{}]).toString("base64"),
  content_type: "application/pdf",
};

test("a scanned page and a recording among the files of a message are understood by their models", async () => {
  const models = await startModels();
  models.reply({ text: ["# The plan\n\nPrune the russets in week nine."] });
  const transcriber = await startTranscriber();
  const seeing = "    - vision: openai/seeing-model\n      api_key: sk-test\n";
  const { call } = await startWith(models, seeing + audioOf(transcriber.url));
  const body = { message: "When?", stream: false, files: [scan, recording] };
  expect(await call("POST", "/chat", { user: "ann", body })).toMatchObject({ status: 200 });
  const looked = (await models.request(0)).body;
  expect(looked).toMatchObject({ model: "seeing-model" });
  expect(JSON.stringify(looked)).toMatch(/all text in this picture.*data:image\/png;base64,iVBOR/);
  const asked = (await models.request(1)).body;
  expect(asked).toMatchObject({ model: "text-model" });
  expect(JSON.stringify(asked)).toContain(
    "[Attached file: plan.pdf]\\n> [Page 1]\\n> \\n> # The plan\\n> \\n> Prune the russets in week nine.",
  );
  expect(JSON.stringify(asked)).toContain("[Attached file: ask.mp3]\\n> When do I prune?");

  models.reply({ status: 503 });
  const away = await call("POST", "/chat", { user: "ann", body });
  expect([away.status, away.body.error]).toMatchObject([
    503,
    {
      code: "SERVICE_UNAVAILABLE",
      message: "plan.pdf cannot be read: the model that understands it does not answer",
    },
  ]);
});

test("a scan and a recording that nobody understands are refused with what is missing", async () => {
  const { call } = await startWith(await startModels());
  const refusalOf = async (file: object) => {
    const { body } = await call("POST", "/chat", { body: { message: "?", stream: false, files: [file] } });
    return body.error;
  };
  const missing = /vision in llm\.models, or install tesseract\.js and @tesseract\.js-data\/eng/;
  expect(await refusalOf(scan)).toMatchObject({
    code: "INVALID_PARAMS",
    message: expect.stringMatching(missing),
  });
  expect(await refusalOf(recording)).toMatchObject({
    code: "INVALID_PARAMS",
    message: "ask.mp3 cannot be read: it is a recording: name a model for audio in llm.models",
  });
});

test("scans and recordings of an agent's knowledge are found, and read again when their model was away", async () => {
  const models = await startModels();
  const transcriber = await startTranscriber();
  models.reply({ status: 503 }, { text: ["The cellar key hangs behind the door."] });
  const folder = await writeFormation({
    "formation.afs": `${manifest}
llm:
  settings: { base_url: "${models.url}/v1", max_retries: 0 }
  models:
    - text: builtin/extractive
    - vision: openai/seeing-model
      api_key: sk-test
${audioOf(transcriber.url)}agents:
  - id: keeper
    name: Keeper
    description: Knows the cellar
    knowledge: { sources: [{ path: docs, description: All }] }
`,
    "docs/key.pdf": scannedPdf([{}]).toString("latin1"),
    "docs/note.mp3": "ID3 sound",
  });
  const ask = async ({ call }: Awaited<ReturnType<typeof startFormation>>, message: string) => {
    const { body } = await call("POST", "/chat", { body: { message, stream: false } });
    return JSON.stringify(body.data);
  };
  const first = await startFormation(folder);
  await untilExpected("the recording is found", async () =>
    expect(await ask(first, "When do I prune?")).toContain("note.mp3"),
  );
  await first.runtime.close(0);
  const second = await startFormation(folder);
  await untilExpected("the scan is found", async () =>
    expect(await ask(second, "Where does the cellar key hang?")).toContain("behind the door"),
  );
  expect(transcriber.received).toHaveLength(1);
});

/** A stand-in for `tesseract.js`, which tells what it was started with in the text that it recognises. */
const recogniser = `
const { readdirSync } = require("node:fs");
exports.createWorker = async (languages, mode, { langPath, gzip, cacheMethod }) => {
  const data = readdirSync(langPath).join();
  const text = \`Recognised in \${languages} with \${data}, \${mode} \${gzip} \${cacheMethod}\`;
  return { recognize: async (picture) => ({ data: { text: \`\${text}: \${picture.length > 7}\` } }) };
};`;

test("without a model that sees, letters are recognised by what the formation has installed, without a download", async () => {
  const models = await startModels();
  const data = "node_modules/@tesseract.js-data";
  const { call } = await startWith(models, "", {
    "node_modules/tesseract.js/index.js": recogniser,
    [`${data}/deu/4.0.0_best_int/deu.traineddata.gz`]: "data",
    [`${data}/eng/4.0.0/eng.traineddata.gz`]: "data",
  });
  const body = { message: "When?", stream: false, files: [scan, image] };
  expect(await call("POST", "/chat", { user: "ann", body })).toMatchObject({ status: 200 });
  const asked = JSON.stringify((await models.request(0)).body);
  const text = "Recognised in deu+eng with deu.traineddata.gz,eng.traineddata.gz, 1 true none: true";
  expect(asked).toContain(`[Attached file: plan.pdf]\\n> [Page 1]\\n> \\n> ${text}`);
  expect(asked).toContain(`[Attached file: tree.png]\\n> ${text}`);
});
