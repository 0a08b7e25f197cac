// A git repository, and a web server that serves it as others do: by git's own `http-backend`.
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { temporaryFolder } from "../../../test/temporary-folder.ts";
import { startWebServer } from "./web-server.ts";

const author = ["-c", "user.name=Ann", "-c", "user.email=ann@orchard.example"];

/** A repository with one branch, `main`. */
export const createRepository = () => {
  const root = temporaryFolder();
  const folder = path.join(root, "team/handbook.git");
  mkdirSync(folder, { recursive: true });
  const git = (...args: string[]) =>
    execFileSync("git", [...author, ...args], { cwd: folder, encoding: "utf8" }).trim();
  git("init", "--quiet", "--initial-branch=main");
  return {
    root,
    git,
    /** Writes files, and commits all that has changed. */
    commit(files: Readonly<Record<string, string>>) {
      for (const [name, text] of Object.entries(files)) {
        mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
        writeFileSync(path.join(folder, name), text);
      }
      git("add", "--all");
      git("commit", "--quiet", "--message=Change");
      return git("rev-parse", "HEAD");
    },
  };
};

/** Serves the repositories of a folder. */
export const serveRepositories = async (root: string) => {
  const backend = path.join(
    execFileSync("git", ["--exec-path"], { encoding: "utf8" }).trim(),
    "git-http-backend",
  );
  return startWebServer({}, (request, response) => {
    const [place, query = ""] = (request.url ?? "").split("?");
    const child = spawn(backend, {
      env: {
        ...{ GIT_PROJECT_ROOT: root, GIT_HTTP_EXPORT_ALL: "1", PATH_INFO: place, QUERY_STRING: query },
        ...{ REQUEST_METHOD: request.method, CONTENT_TYPE: request.headers["content-type"] ?? "" },
        ...{ HTTP_CONTENT_ENCODING: request.headers["content-encoding"] ?? "", PATH: process.env.PATH },
        GIT_PROTOCOL: String(request.headers["git-protocol"] ?? ""),
      },
    });
    request.pipe(child.stdin);
    const pieces: Buffer[] = [];
    child.stdout.on("data", (piece) => pieces.push(piece));
    child.on("close", () => {
      const output = Buffer.concat(pieces);
      const end = output.indexOf("\r\n\r\n");
      const headers = output
        .toString("latin1", 0, end)
        .split("\r\n")
        .map((line) => line.split(": "));
      const status = headers.find(([name]) => name === "Status")?.[1] ?? "200";
      for (const [name = "", value = ""] of headers) if (name !== "Status") response.setHeader(name, value);
      response.writeHead(Number.parseInt(status, 10)).end(output.subarray(end + 4));
    });
  });
};
