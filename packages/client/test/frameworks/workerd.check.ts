import { testRoute } from "./route.ts";

const bundle = [
  "node_modules/esbuild/bin/esbuild",
  "worker.ts",
  "--bundle",
  "--format=esm",
  "--conditions=workerd,worker,browser",
  "--outfile=worker.js",
];

testRoute("workerd", { build: [["node_modules/typescript/bin/tsc"], bundle], serve: ["serve.js"] });
