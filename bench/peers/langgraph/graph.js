// LangGraph.js: the prebuilt agent without tools. Threads and checkpoints are those of its own server.
import { createReactAgent } from "@langchain/langgraph/prebuilt";
import { ChatOpenAI } from "@langchain/openai";

export const graph = createReactAgent({
  llm: new ChatOpenAI({
    model: "fake",
    apiKey: "none",
    streaming: true,
    maxRetries: 0,
    configuration: { baseURL: `http://127.0.0.1:${process.env.MODEL_PORT}/v1` },
  }),
  tools: [],
  prompt: "You are a helper.",
});
