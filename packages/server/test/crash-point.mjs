// Loaded into a server before its own code: ends it, as `kill -9` does, at one exact step of its work. A step is the
// moment before or after it changes a file or starts a process; the test says over IPC how many are left.
import childProcess from "node:child_process";
import fs from "node:fs";
import promises from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";

// The formations that the server starts get its flags, and with them this file.
if (/muxi-server/.test(process.argv[1] ?? "")) {
  let left = Number.POSITIVE_INFINITY;
  const step = () => {
    left -= 1;
    if (left === 0) process.kill(process.pid, "SIGKILL");
  };
  const wrapAll = (object, names, wrap) => {
    for (const name of names) object[name] = wrap(object[name]);
  };
  wrapAll(
    promises,
    ["cp", "link", "mkdir", "open", "rename", "rm", "rmdir", "symlink", "writeFile"],
    (original) =>
      async (...args) => {
        step();
        const result = await original(...args);
        step();
        return result;
      },
  );
  const around =
    (original) =>
    (...args) => {
      step();
      const result = original(...args);
      step();
      return result;
    };
  wrapAll(fs, ["mkdir", "mkdirSync", "open", "rename", "unlink", "writeFileSync"], around);
  wrapAll(childProcess, ["spawn"], around);
  syncBuiltinESMExports();
  process.on("message", ({ stepsLeft }) => {
    left = stepsLeft;
    process.send({ known: true });
  });
  process.channel?.unref();
}
