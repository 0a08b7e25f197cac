import { limitsOf, type StreamOptions } from "../http/index.ts";
import { decodeJson, EventStream } from "../stream/index.ts";
import { type Caller, createOpener, type FormationCall, withSearch } from "./caller.ts";

/** A stream of events that goes on until one side leaves, and that nothing has to stop. */
export const follow = <Event>(
  caller: Caller,
  spec: FormationCall,
  options: StreamOptions = {},
): EventStream<Event> => {
  const open = createOpener(caller, withSearch(spec), options);
  return new EventStream<Event>(
    {
      connect: (lifetime) => open(lifetime),
      decode: decodeJson<Event>,
      isLast: () => false,
      endless: true,
      canResume: () => false,
      stop: () => Promise.resolve(),
    },
    { ...limitsOf(options, caller.transport), signal: options.signal, afterKeepAlive: true, after: 0 },
  );
};
