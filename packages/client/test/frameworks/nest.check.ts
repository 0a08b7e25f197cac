import { testRoute } from "./route.ts";

/** CommonJS, and compiled, since Node knows no decorators. */
testRoute("nest", { build: [["node_modules/typescript/bin/tsc"]], serve: ["dist/main.js"] });
