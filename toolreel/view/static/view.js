// Folding all of a page, and finding in it. Without this script the pages work too: `details` fold by themselves.
"use strict";

function button(label, pressed) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "plain";
  made.textContent = label;
  made.addEventListener("click", pressed);
  return made;
}

function foldAll(open) {
  for (const one of document.querySelectorAll("main details")) one.open = open;
}

// The smallest pieces of text in which something can be found.
function pieces() {
  return document.querySelectorAll("main .key, main .string, main .number, main .literal, main .flat, main .text, main .said, main dd, main .event-name");
}

function finder(place) {
  const label = document.createElement("label");
  label.textContent = "Find in this page ";
  const input = document.createElement("input");
  input.type = "search";
  input.spellcheck = false;
  label.append(input);
  const status = document.createElement("span");
  status.className = "quiet";
  status.setAttribute("role", "status");
  let found = [];
  let at = -1;

  function clear() {
    for (const one of found) one.classList.remove("hit", "current");
    found = [];
    at = -1;
  }

  function look() {
    clear();
    const wanted = input.value.toLowerCase();
    if (!wanted) {
      status.textContent = "";
      return;
    }
    found = [...pieces()].filter((one) => !one.querySelector(".text") && one.textContent.toLowerCase().includes(wanted));
    for (const one of found) one.classList.add("hit");
    step(1, false);
  }

  function step(by, focus) {
    if (!found.length) {
      status.textContent = "nothing found";
      return;
    }
    if (at >= 0) found[at].classList.remove("current");
    at = (at + by + found.length) % found.length;
    const one = found[at];
    one.classList.add("current");
    for (let outer = one.closest("details"); outer; outer = outer.parentElement.closest("details")) {
      if (!one.closest("summary") || one.closest("summary").parentElement !== outer) outer.open = true;
    }
    one.scrollIntoView({ block: "center" });
    status.textContent = `${at + 1} of ${found.length}`;
    if (focus) input.focus();
  }

  let waiting = 0;
  input.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(look, 120);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      event.preventDefault();
      step(event.shiftKey ? -1 : 1, true);
    }
  });
  place.append(label, status);
}

// What an address points into must be seen.
function openTarget() {
  const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
  if (target) for (let one = target.closest("details"); one; one = one.parentElement.closest("details")) one.open = true;
}

for (const place of document.querySelectorAll(".scripted")) {
  if ("find" in place.dataset) finder(place);
  if ("fold" in place.dataset) {
    place.append(button("Unfold all", () => foldAll(true)), button("Fold all", () => foldAll(false)));
  }
  place.hidden = false;
}
addEventListener("hashchange", openTarget);
openTarget();
