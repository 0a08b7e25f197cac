import { testRoute } from "./route.ts";

testRoute("sveltekit", {
  build: [
    ["node_modules/@sveltejs/kit/svelte-kit.js", "sync"],
    ["node_modules/typescript/bin/tsc"],
    ["node_modules/vite/bin/vite.js", "build"],
  ],
  serve: ["build"],
});
