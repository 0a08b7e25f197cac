import packageJson from "../../package.json" with { type: "json" };

/** This server's version, as reported by `/health` and `X-Muxi-Server`. */
export const version: string = packageJson.version;
