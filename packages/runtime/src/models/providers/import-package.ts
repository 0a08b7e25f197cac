import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { isSystemError } from "@muxi/formation";

/** `import()`, or a stand-in for it. */
export type ImportPackage = (name: string) => Promise<unknown>;

/** Whether what a package exports is a function. */
export const isFunction = (value: unknown): value is (...args: unknown[]) => unknown =>
  typeof value === "function";

/**
 * Loads packages that are installed in a folder or above it, else those that are installed with this program
 * (docs/spec/formation-files.md "Providers").
 *
 * @param dir Formation folder.
 */
export const packagesOf = (dir: string): ImportPackage => {
  const { resolve } = createRequire(path.join(dir, "package.json"));
  return (name) => {
    try {
      return import(pathToFileURL(resolve(name)).href);
    } catch (error) {
      if (!isSystemError(error, "MODULE_NOT_FOUND", "ERR_PACKAGE_PATH_NOT_EXPORTED")) throw error;
      return import(name);
    }
  };
};
