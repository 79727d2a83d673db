// The pages on which voice notes are sent and watched.
import "./note-player.js";
import "./voice-composer.js";
import "./live-progress.js";
import { offerVoiceForms } from "./voice-form.js";

offerVoiceForms();
