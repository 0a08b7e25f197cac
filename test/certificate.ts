import { execFile } from "node:child_process";
import { promisify } from "node:util";

/**
 * Writes `cert.pem`, which signs itself and is good for a day, and its `key.pem` into a folder.
 *
 * @param alternatives As in `subjectAltName`: `DNS:localhost,IP:127.0.0.1`.
 */
export const writeCertificate = async (folder: string, name: string, alternatives: string): Promise<void> => {
  const made = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1";
  const files = "-keyout key.pem -out cert.pem";
  const about = `-subj /CN=${name} -addext subjectAltName=${alternatives}`;
  await promisify(execFile)("openssl", `${made} ${files} ${about}`.split(" "), { cwd: folder });
};
