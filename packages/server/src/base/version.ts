import packageJson from "../../package.json" with { type: "json" };

/** Version of this server, as `/health` and `X-Muxi-Server` give it. */
export const version: string = packageJson.version;
