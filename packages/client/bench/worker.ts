import { measure } from "./measure.ts";
import { byHand, loadPeers, ours, oursOnNode, parserAlone } from "./subjects.ts";

/** Measures the subject that its first argument names, against the server at its second, and prints the figures. */
const [name, url = ""] = process.argv.slice(2);
const own = [byHand, parserAlone, ours, oursOnNode].find((subject) => subject.name === name);
const subject = own ?? (await loadPeers()).find((peer) => peer.name === name);
if (subject === undefined) throw new Error(`There is no subject '${name}'`);
process.stdout.write(JSON.stringify(await measure(subject, url)), () => process.exit());
