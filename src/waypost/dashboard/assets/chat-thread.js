// <chat-thread>: a chat that grows at its end as things happen, and at its beginning as one scrolls up.
import { merge, parsed } from "./bubbles.js";
import { showClocks } from "./clocks.js";
import { call, newKey } from "./post.js";

const EVENTS = [
  "message.any", "message.ack", "message.reaction", "message.revoked", "poll.vote", "queued_request.finished", "hello",
];
// What is on its way changes without an event.
const PENDING_MS = 700;
const NEAR_PX = 120;

class ChatThread extends HTMLElement {
  #busy = false;
  #again = false;
  #timer = null;
  #before = "";

  connectedCallback() {
    this.list = this.querySelector("[data-messages]");
    this.scroll = this.querySelector("[data-scroll]");
    this.#before = this.list.dataset.before;
    this.#offerOlder();
    this.#toEnd();
    for (const name of EVENTS) document.body.addEventListener(`live:${name}`, () => this.refresh());
    this.addEventListener("note-sent", () => this.refresh());
    this.addEventListener("htmx:afterRequest", () => this.refresh());
    this.addEventListener("click", (event) => this.#reply(event));
    this.querySelector("[data-older]").addEventListener("click", () => this.older());
    this.scroll.addEventListener("scroll", () => this.scroll.scrollTop < NEAR_PX && this.older());
    this.querySelector("form[data-text]") && this.#offerText(this.querySelector("form[data-text]"));
    this.#watchPending();
  }

  disconnectedCallback() {
    clearTimeout(this.#timer);
  }

  async refresh() {
    if (this.#busy) return (this.#again = true);
    this.#busy = true;
    try {
      const atEnd = this.#atEnd();
      const [part, pending] = await Promise.all([this.#get(this.dataset.part), this.#get(this.dataset.pending)]);
      const added = this.#take(part.querySelector("ol"));
      const place = this.querySelector("[data-waiting]");
      const fresh = document.createElement("div");
      fresh.append(...pending.childNodes);
      showClocks(fresh);
      if (place.textContent !== fresh.textContent) {
        place.replaceChildren(...fresh.childNodes);
        window.htmx?.process(place);
      }
      this.#announce(added.filter((one) => one.classList.contains("theirs")));
      if (atEnd) this.#toEnd();
    } catch {
      // The gateway is away; the page says so, and the next event or the return of the stream asks anew.
    } finally {
      this.#busy = false;
    }
    if (this.#again) {
      this.#again = false;
      return this.refresh();
    }
    this.#watchPending();
  }

  // So many may have come at once that they do not reach what is shown: then the chat begins with them.
  #take(fresh) {
    const known = [...fresh.children].some((one) => document.getElementById(one.id));
    if (known || !fresh.children.length) return merge(this.list, fresh);
    this.#before = fresh.dataset.before;
    this.list.replaceChildren();
    this.#offerOlder();
    return merge(this.list, fresh);
  }

  async older() {
    if (!this.#before || this.loading) return;
    this.loading = true;
    try {
      const part = await this.#get(`${this.dataset.part}?before=${encodeURIComponent(this.#before)}`);
      const list = part.querySelector("ol");
      this.#before = list.dataset.before;
      const height = this.scroll.scrollHeight;
      const top = this.scroll.scrollTop;
      this.list.prepend(...list.children);
      // What was read stays where it was on the screen.
      this.scroll.scrollTop = top + this.scroll.scrollHeight - height;
      showClocks(this.list);
      window.htmx?.process(this.list);
    } catch {
      // Asked for again by the button, or by scrolling.
    } finally {
      this.loading = false;
      this.#offerOlder();
    }
  }

  #offerOlder() {
    this.querySelector("[data-older]").hidden = !this.#before;
  }

  async #get(address) {
    return parsed(await (await call(address, { method: "GET" })).text());
  }

  #watchPending() {
    clearTimeout(this.#timer);
    if (this.querySelector("[data-open=yes]")) this.#timer = setTimeout(() => this.refresh(), PENDING_MS);
  }

  #announce(items) {
    if (items.length) this.querySelector("[data-announce]").textContent = items.map(spoken).join(". ");
  }

  #atEnd() {
    return this.scroll.scrollHeight - this.scroll.scrollTop - this.scroll.clientHeight < NEAR_PX;
  }

  #toEnd() {
    this.scroll.scrollTop = this.scroll.scrollHeight;
  }

  #reply(event) {
    const button = event.target.closest("[data-reply], [data-no-reply]");
    if (!button) return;
    this.#quote(button.dataset.reply ?? "", button.closest(".bubble"));
    this.querySelector("textarea")?.focus();
  }

  #quote(id, bubble) {
    for (const field of this.querySelectorAll("input[name=reply_to]")) field.value = id;
    this.querySelector("[data-replying]").hidden = !id;
    this.querySelector("[data-replied]").textContent = id
      ? (bubble.querySelector(".said")?.textContent.slice(0, 80) ?? "the message above") : "";
  }

  #offerText(form) {
    let key = newKey();
    form.elements.text.addEventListener("keydown", (event) => {
      // Enter that ends the input of a syllable is no Enter.
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      form.requestSubmit();
    });
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const notices = document.getElementById("notices");
      try {
        await call(form.action, { body: new URLSearchParams(new FormData(form)), headers: { "Idempotency-Key": key } });
        key = newKey();
        form.elements.text.value = "";
        notices.textContent = "";
        this.#quote("");
        await this.refresh();
        this.#toEnd();
      } catch (error) {
        notices.textContent = error.message;
      }
    });
  }
}

function spoken(item) {
  const who = item.querySelector(".author, .unseen")?.textContent ?? "";
  const what = item.querySelector(".said")?.textContent ?? item.querySelector("voice-note")?.getAttribute("label");
  return `${who} ${what ?? "a message"}`.trim();
}

customElements.define("chat-thread", ChatThread);
