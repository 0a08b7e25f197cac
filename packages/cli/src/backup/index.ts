/** The format of backups: encrypted with a passphrase, in chunks (docs/spec/cli.md "Format of a backup"). */
export { newHeader } from "./header.ts";
export { seal } from "./seal.ts";
export { openSealed, type SealedFile } from "./unseal.ts";
