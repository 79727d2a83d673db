// What every page does. Pages with a part of their own load it beside this.
import { listen } from "./live.js";
import { showClocks } from "./clocks.js";
import { offerThemes } from "./theme.js";
import { offerCopies } from "./copy.js";

offerThemes();
offerCopies();
showClocks(document);
document.body.addEventListener("htmx:afterSettle", (event) => showClocks(event.detail.elt));
listen(document.body);
