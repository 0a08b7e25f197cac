import { Miniflare } from "miniflare";

const { MUXI_FORMATION_URL, PORT } = process.env;

const miniflare = new Miniflare({
  host: "127.0.0.1",
  port: Number(PORT),
  compatibilityDate: "2026-07-01",
  modules: true,
  scriptPath: "worker.js",
  bindings: { MUXI_FORMATION_URL },
});
await miniflare.ready;
process.once("SIGTERM", () => miniflare.dispose());
