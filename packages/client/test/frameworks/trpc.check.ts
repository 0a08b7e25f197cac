import { testRoute } from "./route.ts";

testRoute("trpc", { build: [["node_modules/typescript/bin/tsc"]], serve: ["main.ts"] });
