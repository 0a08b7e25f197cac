import { testRoute } from "./route.ts";

const next = "node_modules/next/dist/bin/next";

testRoute("next", { build: [[next, "build"]], serve: [next, "start", "--hostname", "127.0.0.1"] });
