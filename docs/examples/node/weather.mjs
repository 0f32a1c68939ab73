// The same program as python/weather.py.
import OpenAI from "openai";

const TOOL = {
  type: "function",
  function: {
    name: "get_weather",
    parameters: { type: "object", properties: { city: { type: "string" } } },
  },
};

export const getWeather = (city) => ({ city, temperature: 21, sky: "clear" });

/** What the assistant says in the end. */
export async function answer(question, baseURL, weather = getWeather) {
  const client = new OpenAI({ baseURL, apiKey: process.env.OPENAI_API_KEY });
  const { assistants, threads } = client.beta;
  const assistant = await assistants.create({ model: "gpt-4o", tools: [TOOL] });
  const thread = await threads.create({ messages: [{ role: "user", content: question }] });
  // The cassette was recorded from Python, whose helper says `stream: false`; to say nothing is another request.
  const begin = { assistant_id: assistant.id, stream: false };
  const run = await threads.runs.createAndPoll(thread.id, begin, { pollIntervalMs: 100 });
  const outputs = run.required_action.submit_tool_outputs.tool_calls.map((call) => ({
    tool_call_id: call.id,
    output: JSON.stringify(weather(JSON.parse(call.function.arguments).city)),
  }));
  const stream = threads.runs.submitToolOutputsStream(run.id, { thread_id: thread.id, tool_outputs: outputs });
  let text = "";
  stream.on("textDelta", (delta) => (text += delta.value));
  await stream.finalRun();
  return text;
}
