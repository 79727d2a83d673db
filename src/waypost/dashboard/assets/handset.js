// A contact's phone in the sandbox. It is looked at every second: the sandbox tells nobody by itself.
import "./note-player.js";
import "./voice-composer.js";
import { merge, parsed } from "./bubbles.js";
import { call } from "./post.js";
import { offerVoiceForms } from "./voice-form.js";

const LOOK_MS = 1000;
const held = document.getElementById("held");

async function look() {
  if (document.visibilityState === "visible") {
    const list = held.querySelector("ol");
    try {
      const answer = await call(`${held.dataset.messages}?version=${list.dataset.version}`, { method: "GET" });
      if (answer.status === 200) {
        const fresh = parsed(await answer.text()).querySelector("ol");
        const atEnd = held.scrollHeight - held.scrollTop - held.clientHeight < 120;
        list.querySelector(".empty")?.remove();
        merge(list, fresh);
        list.dataset.version = fresh.dataset.version;
        if (atEnd) held.scrollTop = held.scrollHeight;
      }
    } catch {
      // The sandbox or the gateway is away; a later look finds it.
    }
  }
  setTimeout(look, LOOK_MS);
}

// Who hears a note on this phone has played it, and its sender learns of it as from any phone.
held.addEventListener("note-played", (event) => {
  const seq = event.target.dataset.played;
  const told = held.dataset.messages.replace(/messages$/, "told");
  if (seq) call(told, { body: new URLSearchParams({ seq, told: "played" }) }).catch(() => {});
});
document.body.addEventListener("htmx:afterRequest", (event) => {
  if (event.target.matches?.("form[data-clear]") && event.detail.successful) event.target.reset();
  held.scrollTop = held.scrollHeight;
});
held.addEventListener("note-sent", () => (held.scrollTop = held.scrollHeight));

offerVoiceForms();
held.scrollTop = held.scrollHeight;
setTimeout(look, LOOK_MS);
