// A form around a <voice-composer>: sends its note, and shows on the page how far it comes.
import { parsed } from "./bubbles.js";
import { showClocks } from "./clocks.js";
import { call, newKey } from "./post.js";

export function offerVoiceForms(root = document) {
  for (const form of root.querySelectorAll("form[data-voice]")) offer(form);
}

function offer(form) {
  const composer = form.querySelector("voice-composer");
  const send = form.querySelector("[data-send]");
  const said = form.querySelector("[data-sent]");
  let key = newKey();
  let busy = false;

  composer.addEventListener("note-changed", () => {
    key = newKey();
    send.disabled = composer.note === null;
    if (composer.note) said.textContent = "";
  });

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (busy || !composer.note) return;
    busy = send.disabled = true;
    said.textContent = "Sending…";
    try {
      const answer = await call(form.action, bodyOf(form, composer.note, key));
      composer.clear();
      said.textContent = "";
      await show(form, answer);
    } catch (error) {
      said.textContent = error.message;
      send.disabled = false;
    } finally {
      busy = false;
    }
  });
}

function bodyOf(form, note, key) {
  if ("raw" in form.dataset) return { body: note, headers: { "Content-Type": "audio/ogg" } };
  const body = new FormData();
  for (const [name, value] of new FormData(form)) {
    if (typeof value === "string" && value.trim()) body.append(name, value.trim());
  }
  body.append("file", note, "note.ogg");
  return { body, headers: { "Idempotency-Key": key } };
}

async function show(form, answer) {
  if (form.dataset.into) {
    const place = document.getElementById(form.dataset.into);
    place.replaceChildren(...parsed(await answer.text()).childNodes);
    showClocks(place);
    window.htmx?.process(place);
    place.dispatchEvent(new CustomEvent("note-sent", { bubbles: true }));
    return;
  }
  const { watch } = await answer.json();
  form.dispatchEvent(new CustomEvent("note-sent", { bubbles: true }));
  const place = document.querySelector("[data-watch]");
  if (!place) return;
  const progress = document.createElement("live-progress");
  progress.setAttribute("src", watch);
  place.prepend(progress);
}
