// The page's stream of what happens. It tells names, and htmx asks anew for whatever waits for one of them by
// `hx-trigger="live:<name> from:body"`. "hello" is told when a stream begins: of what happened between the page
// and its stream nothing else tells.
import { call } from "./post.js";
import { turnTaking } from "./turns.js";

// Several events of a burst make one question.
const GATHER_MS = 150;
const AGAIN_MS = 3000;
// The gateway says something every fifteen seconds. A machine that slept may hold a connection that is long gone.
const SILENT_MS = 40000;
const LOOK_MS = 5000;
// A page that has no stream since others are looked at asks for all of its parts so often.
const ASK_MS = 10000;

export function listen(body) {
  keepWhatIsTheSame(body);
  const address = body.dataset.live;
  if (!address) return;
  let stream = null;
  let last = "";
  let heard = 0;
  let asked = 0;
  let gathered = new Map();
  const turn = turnTaking(close, open);

  function tell() {
    const told = gathered;
    gathered = new Map();
    for (const [name, events] of told) {
      body.dispatchEvent(new CustomEvent(`live:${name}`, { detail: { events } }));
    }
  }

  function hear(event) {
    heard = Date.now();
    if (event.lastEventId) last = event.lastEventId;
    const told = JSON.parse(event.data);
    if (told.name === "beat") return;
    if (gathered.size === 0) setTimeout(tell, GATHER_MS);
    gathered.set(told.name, [...(gathered.get(told.name) ?? []), told]);
  }

  function open() {
    if (stream || document.visibilityState !== "visible") return;
    heard = Date.now();
    turn.taken();
    stream = new EventSource(last ? `${address}?after=${last}` : address);
    stream.onmessage = hear;
    stream.onopen = () => showOffline(false);
    stream.onerror = async () => {
      showOffline(true);
      // A browser gives up on an answer that is an error: the gateway restarts, or somebody signed out.
      if (stream?.readyState !== EventSource.CLOSED) return;
      close();
      // Whoever is not signed in any more is led to the sign-in by this, and back to this page.
      await call("/live/signed-in", { method: "GET" }).catch(() => {});
      setTimeout(open, AGAIN_MS);
    };
  }

  function close() {
    stream?.close();
    stream = null;
    asked = Date.now();
    turn.left();
  }

  // Pages that nobody sees need none.
  document.addEventListener("visibilitychange", () =>
    document.visibilityState === "visible" ? open() : close(),
  );
  window.addEventListener("focus", open);
  window.addEventListener("pagehide", close);
  window.addEventListener("pageshow", (event) => event.persisted && open());
  setInterval(() => {
    const now = Date.now();
    if (stream && now - heard > SILENT_MS) {
      showOffline(true);
      close();
      open();
    } else if (!stream && now - asked > ASK_MS && document.visibilityState === "visible") {
      asked = now;
      body.dispatchEvent(new CustomEvent("live:hello", { detail: { events: [] } }));
    }
  }, LOOK_MS);
  open();
}

// What comes back as it was is left alone: focus stays, and readers are not told again.
function keepWhatIsTheSame(body) {
  const shown = new WeakMap();
  body.addEventListener("htmx:beforeSwap", (event) => {
    const { target, xhr, requestConfig } = event.detail;
    if (requestConfig.verb !== "get" || target.id === "notices") return;
    if (shown.get(target) === xhr.responseText) event.detail.shouldSwap = false;
    shown.set(target, xhr.responseText);
  });
}

function showOffline(is) {
  document.getElementById("offline").hidden = !is;
}
