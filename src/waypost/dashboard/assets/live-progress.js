// <live-progress src>: a request on its way, as the gateway tells it.
import { parsed } from "./bubbles.js";
import { showClocks } from "./clocks.js";

class LiveProgress extends HTMLElement {
  #stream = null;

  connectedCallback() {
    this.#stream = new EventSource(this.getAttribute("src"));
    this.#stream.onmessage = (event) => this.#show(event.data);
    this.#stream.addEventListener("end", () => this.#stream.close());
  }

  disconnectedCallback() {
    this.#stream?.close();
  }

  #show(html) {
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
