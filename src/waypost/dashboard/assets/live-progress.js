// <live-progress src>: a request on its way, as the gateway tells it under `src`/watch, or when asked under `src`.
//
// A browser has six connections to a host, and a note may not be listened to for long. So a page keeps one stream,
// of what was sent last, and none while nobody sees it; what was sent before is asked for now and then.
import { parsed } from "./bubbles.js";
import { showClocks } from "./clocks.js";
import { call } from "./post.js";

const LOOK_MS = 4000;
let latest = null;

class LiveProgress extends HTMLElement {
  #stream = null;
  #timer = null;
  #over = false;
  #told = "";
  #turn = () => this.follow();

  connectedCallback() {
    const before = latest;
    latest = this;
    before?.follow();
    document.addEventListener("visibilitychange", this.#turn);
    this.addEventListener("htmx:afterSwap", () => this.#again());
    this.follow();
  }

  disconnectedCallback() {
    document.removeEventListener("visibilitychange", this.#turn);
    this.#rest();
    if (latest === this) latest = null;
  }

  follow() {
    this.#rest();
    if (this.#over || document.visibilityState !== "visible") return;
    if (latest !== this) return this.#ask();
    this.#stream = new EventSource(`${this.getAttribute("src")}/watch`);
    this.#stream.onmessage = (event) => this.#show(event.data);
    this.#stream.addEventListener("end", () => ((this.#over = true), this.#rest()));
    // A browser gives up on an answer that is an error; somebody else may have had all the streams there are.
    this.#stream.onerror = () => this.#stream?.readyState === EventSource.CLOSED && this.#ask();
  }

  // Somebody has tried it again: what was told before may be told once more.
  #again() {
    this.#told = "";
    this.#over = false;
    this.follow();
  }

  #ask() {
    this.#rest();
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
  }

  #rest() {
    this.#stream?.close();
    this.#stream = null;
    clearInterval(this.#timer);
  }

  async #look() {
    try {
      this.#show(await (await call(this.getAttribute("src"), { method: "GET" })).text());
      if (this.querySelector(".panel.good")) (this.#over = true), this.#rest();
    } catch {
      // The gateway is away; a later look finds it.
    }
  }

  #show(html) {
    if (html === this.#told) return;
    this.#told = html;
    const fresh = parsed(html);
    const said = this.querySelector("[role=status]");
    // The sentence is changed in place: readers tell what changes in a live region, not a new region.
    if (said && this.querySelector("[data-stage]") && !fresh.querySelector("form") && !this.querySelector("form")) {
      const words = fresh.querySelector("[role=status]");
      this.firstElementChild.className = fresh.firstElementChild.className;
      this.querySelector("ol").replaceWith(fresh.querySelector("ol"));
      if (said.textContent !== words.textContent) said.replaceChildren(...words.childNodes);
    } else {
      this.replaceChildren(...fresh.childNodes);
    }
    showClocks(this);
    window.htmx?.process(this);
  }
}

customElements.define("live-progress", LiveProgress);
