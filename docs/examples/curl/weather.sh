#!/bin/sh
# A session with nothing but curl: toolreel replay --all -- sh curl/weather.sh
set -eu
json="content-type: application/json"
ask() { curl --silent --show-error --fail-with-body --header "$json" "$@"; }

# A session of the name curl; it need not play the whole cassette.
ask "$TOOLREEL_URL/@/sessions" --data '{"cassettes": ["weather"], "session": "curl", "strict": false}'
ask "$TOOLREEL_URL/@weather/curl/v1/assistants" --data '{
  "model": "gpt-4o",
  "tools": [{"type": "function", "function": {"name": "get_weather",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}]}'
echo
# What came of it; the session ends.
ask --request DELETE "$TOOLREEL_URL/@/sessions/curl"
