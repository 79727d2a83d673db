// A conversation. What it is made of is there before it looks at its messages.
import "./note-player.js";
import "./voice-composer.js";
import "./chat-thread.js";
import { offerVoiceForms } from "./voice-form.js";

offerVoiceForms();
