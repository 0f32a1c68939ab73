// A client that is not Python: submits tool outputs with fetch, and reads the stream as it comes.
// Usage: node submit.mjs BASE_URL TWO_OUTPUTS; prints one line of JSON an event, and how the stream ended.
const [base, outputs] = process.argv.slice(2);
const response = await fetch(`${base}/threads/thread_1/runs/run_1/submit_tool_outputs`, {
  method: "POST",
  headers: { "content-type": "application/json", authorization: "Bearer sk-test", "openai-beta": "assistants=v2" },
  // Other spelling and key order than Python's.
  body: JSON.stringify({ stream: true, tool_outputs: JSON.parse(outputs) }, null, 1),
});
const print = (value) => console.log(JSON.stringify(value));
print([response.status, response.headers.get("content-type")]);
let text = "";
try {
  for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
    text += piece;
    let end;
    while ((end = text.indexOf("\n\n")) >= 0) {
      const [event, data] = text.slice(0, end).split("\n");
      print([event.slice("event: ".length), data.slice("data: ".length)]);
      text = text.slice(end + 2);
    }
  }
  print(["end", text]);
} catch (error) {
  print(["broken", text]);
}
