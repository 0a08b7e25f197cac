import type { Way } from "./measure.ts";
import type { Key } from "./scripted.ts";
export const installPeers = (): void => {};
export const openPeers = async (_dir: string, _key: Key): Promise<Way[]> => [];
