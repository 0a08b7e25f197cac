import { expect, it } from "vitest";
import { serverDirectories } from "./directories.ts";

it("keeps a user's files in the home folder and a machine's under /etc and /var", () => {
  expect(serverDirectories({ env: {}, home: "/home/me", system: false })).toEqual({
    config: "/home/me/.muxi/server",
    data: "/home/me/.muxi/server",
    logs: "/home/me/.muxi/server/logs",
  });
  expect(serverDirectories({ env: {}, home: "/root", system: true })).toEqual({
    config: "/etc/muxi/server",
    data: "/var/lib/muxi",
    logs: "/var/log/muxi",
  });
});

it("follows the environment, and keeps logs with the data", () => {
  const env = { MUXI_DATA_DIR: "/data", MUXI_CONFIG_DIR: "/config" };
  expect(serverDirectories({ env, home: "/home/me", system: false })).toEqual({
    config: "/config",
    data: "/data",
    logs: "/data/logs",
  });
  expect(serverDirectories({ env: { MUXI_LOG_DIR: "/logs" }, home: "/h", system: false }).logs).toBe("/logs");
});
