// Brings a list of messages to what the gateway shows now, touching what changed alone: a note that plays goes
// on, focus stays, and readers hear of what is new.
import { showClocks } from "./clocks.js";

// `list` and `fresh` are <ol>s of <li id data-version>. Answers with the messages that were added at the end.
export function merge(list, fresh) {
  const added = [];
  let before = null;
  for (const item of [...fresh.children]) {
    const known = item.id && document.getElementById(item.id);
    if (!known) {
      if (before) before.after(item);
      else list.prepend(item);
      if (!item.nextElementSibling) added.push(item);
      before = item;
    } else if (known.dataset.version && known.dataset.version === item.dataset.version) {
      before = known;
    } else {
      keepNote(known, item);
      const focused = known.contains(document.activeElement);
      known.replaceWith(item);
      if (focused) item.querySelector("button, a")?.focus();
      before = item;
    }
  }
  showClocks(list);
  window.htmx?.process(list);
  return added;
}

export function parsed(html) {
  return new DOMParser().parseFromString(html, "text/html").body;
}

function keepNote(old, fresh) {
  const playing = old.querySelector("voice-note");
  const same = fresh.querySelector("voice-note");
  if (playing && same && playing.getAttribute("src") === same.getAttribute("src")) same.replaceWith(playing);
}
