import { testRoute } from "./route.ts";

/** Node runs these as they are, without their types. */
for (const name of ["express", "fastify", "hono"]) {
  testRoute(name, { build: [["node_modules/typescript/bin/tsc"]], serve: ["main.ts"] });
}
