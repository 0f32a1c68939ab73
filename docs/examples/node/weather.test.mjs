import assert from "node:assert/strict";
import { test } from "node:test";

import { onCassette } from "./cassette.mjs";
import { answer } from "./weather.mjs";

test("the weather in two cities", onCassette("weather", async (baseURL) => {
  assert.match(await answer("What is the weather in Paris and Tokyo?", baseURL), /^In Paris it is 21°/);
}));
