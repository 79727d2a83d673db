// Calls of a page to its own gateway. Errors come as sentences for people.
export const formSecret = () => JSON.parse(document.body.getAttribute("hx-headers") ?? "{}");

// Answers with the response; throws an Error whose message is what the gateway says.
export async function call(address, { body, headers = {}, method = "POST" } = {}) {
  let answer;
  try {
    // As htmx asks: whoever is not signed in any more is led back here after the sign-in.
    const asked = { "HX-Request": "true", "HX-Current-URL": location.href };
    answer = await fetch(address, { method, body, headers: { ...formSecret(), ...asked, ...headers } });
  } catch {
    throw new Error("The gateway can't be reached. What you made is still here: try again.");
  }
  const elsewhere = answer.headers.get("HX-Redirect");
  if (elsewhere) location.assign(elsewhere);
  if (!answer.ok) throw new Error(sentences(await answer.text()) || `The gateway answered ${answer.status}.`);
  return answer;
}

// A failure comes as a notice of the page.
function sentences(html) {
  return new DOMParser().parseFromString(html, "text/html").body.textContent.trim().replace(/\s+/g, " ");
}

// One key for all tries of one message, so that a second click or a lost answer sends it once.
export function newKey() {
  // crypto.randomUUID is not there on http pages; this is.
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (one) => one.toString(16).padStart(2, "0")).join("");
}
