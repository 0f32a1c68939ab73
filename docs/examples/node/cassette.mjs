// All that a test in Node needs: a session on a cassette of its own, and its verdict at the end.
// The server runs around the whole test run: toolreel replay --all -- npm test

const server = process.env.TOOLREEL_URL;

async function control(method, path, body) {
  const answer = await fetch(`${server}/@/${path}`, { method, body: body && JSON.stringify(body) });
  const said = await answer.json();
  if (!answer.ok) throw new Error(said.error.message);
  return said;
}

/** A test that is led to a cassette; it fails if it asks for something else, or leaves something out. */
export function onCassette(name, test) {
  return async () => {
    const { session, prefix } = await control("POST", "sessions", { cassettes: [name], strict: true });
    let verdict;
    try {
      await test(`${server}${prefix}/v1`);
    } finally {
      verdict = await control("DELETE", `sessions/${encodeURIComponent(session)}`);
      for (const miss of verdict.misses) console.error(miss.message);
    }
    const unplayed = verdict.unplayed.map(({ method, path }) => `${method} ${path}`);
    if (!verdict.ok) throw new Error(`Never played: ${unplayed.join("; ")}`);
  };
}
