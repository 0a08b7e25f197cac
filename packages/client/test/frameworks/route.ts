import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { framesOf, keys, untilStatus } from "../../../runtime/test/harness.ts";
import { openFormation, story } from "./formation.ts";
import { openProject, type Project } from "./project.ts";

/** How a project becomes a server: arguments of Node. */
interface Programs {
  /** Programs that must succeed first: compilers and bundlers. */
  build: readonly (readonly string[])[];
  serve: readonly string[];
}

interface Asking {
  key?: string;
  user?: string;
  message?: unknown;
  signal?: AbortSignal;
}

/** Tests a project whose route `POST /chat` passes the answer of a formation on. */
export const testRoute = (name: string, { build, serve }: Programs): void => {
  describe(name, () => {
    let project: Project;

    beforeAll(async () => {
      project = await openProject(name);
      for (const args of build) await project.run(args);
    });

    const open = async () => {
      const formation = await openFormation();
      const site = await project.start(serve, { MUXI_FORMATION_URL: formation.api.url });
      const ask = ({ key = keys.clientKey, user = "ann", message = "Tell me", signal }: Asking = {}) =>
        fetch(`${site}/chat`, {
          method: "POST",
          headers: { "content-type": "application/json", "x-key": key, "x-user": user },
          body: JSON.stringify({ message }),
          ...(signal && { signal }),
        });
      return { ...formation, ask };
    };

    test("an answer streams through the route", async () => {
      const { ask, tellSlowly } = await open();
      const release = tellSlowly();
      const response = await ask();
      expect(response.status).toBe(200);
      expect(response.headers.get("content-type")).toMatch(/^text\/event-stream/);
      const pieces: string[] = [];
      let last: string | undefined;
      for await (const { event, data } of framesOf(response)) {
        if (event === "text") pieces.push(data.text);
        // The model goes on only when its beginning has come through.
        if (pieces.length === 1) release();
        last = event;
      }
      expect(pieces).toEqual(story);
      expect(last).toBe("done");
    });

    test("a client that leaves stops its answer", async () => {
      const { api, ask, models, tellSlowly } = await open();
      tellSlowly();
      const leaving = new AbortController();
      onTestFinished(() => leaving.abort());
      let requestId: string | undefined;
      for await (const { event, data } of framesOf(await ask({ signal: leaving.signal }))) {
        requestId ??= data.request_id;
        if (event === "text") break;
      }
      leaving.abort();
      if (requestId === undefined) throw new Error("No event has named the request");
      expect(await (await models.request(0)).over).toBe("aborted");
      await untilStatus(api, requestId, "cancelled");
    });

    test("a refusal has its own status", async () => {
      const { ask } = await open();
      const unknown = await ask({ key: "wrong" });
      expect(unknown.status).toBe(401);
      expect((await unknown.json()).error.code).toBe("UNAUTHORIZED");

      const invalid = await ask({ user: "bob", message: 5 });
      expect(invalid.status).toBe(422);
      expect((await invalid.json()).error.code).toBe("INVALID_PARAMS");

      for (const _ of [1, 2, 3]) await (await ask({ user: "eve" })).text();
      const limited = await ask({ user: "eve" });
      expect(limited.status).toBe(429);
      expect((await limited.json()).error.code).toBe("RATE_LIMITED");
      expect(Number(limited.headers.get("retry-after"))).toBeGreaterThan(0);
    });
  });
};
