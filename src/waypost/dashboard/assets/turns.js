// A browser has six connections to a host for all of its windows. So of the pages that are to be seen at once, the four
// that were looked at last keep a stream.
const MOST = 4;

// Tells the other pages when this one takes a stream (`taken`) or lets it go (`left`); calls `yieldIt` when as many
// have taken one since, and `takeIt` when there is room again.
export function turnTaking(yieldIt, takeIt) {
  if (!("BroadcastChannel" in window)) return { taken() {}, left() {} };
  const id = `${Date.now()} ${Math.random()}`;
  const channel = new BroadcastChannel("waypost-streams");
  const later = new Set();
  let has = false;
  let gave = false;
  const tell = (what) => channel.postMessage({ id, what });

  channel.onmessage = ({ data }) => {
    if (data.what === "taken") later.add(data.id);
    else later.delete(data.id);
    if (has && later.size >= MOST) {
      gave = true;
      yieldIt();
    } else if (gave && later.size < MOST) {
      takeIt();
    }
  };
  return {
    taken() {
      later.clear();
      has = true;
      gave = false;
      tell("taken");
    },
    left() {
      if (has) tell("left");
      has = false;
    },
  };
}
