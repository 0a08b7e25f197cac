const clutter: ReadonlySet<string> = new Set([".ds_store", "thumbs.db", "desktop.ini"]);

/** Whether a file manager left this file behind (docs/spec/formation-files.md "The folder"): `.DS_Store`, `._a.md`. */
export const isClutter = (name: string): boolean => name.startsWith("._") || clutter.has(name.toLowerCase());

/**
 * Whether a file is hidden, or in a hidden folder, and so no part of what its folder holds
 * (docs/spec/formation-files.md "The folder").
 *
 * @param path Relative to that folder.
 */
export const isHidden = (path: string): boolean =>
  path.split(/[\\/]/).some((name) => name.startsWith(".") || isClutter(name));
