// Who looks at a page: somebody signed in, or somebody with an API key that stays in this tab.

import { connect } from "./callboard.js";

const STORED = "callboard.key";
const REFUSALS = {
  unauthenticated: "This key is not accepted.",
  not_found: "There is no such space for these credentials.",
};

function keyOfTab() {
  const handed = new URLSearchParams(location.hash.slice(1)).get("key");
  if (handed) {
    // A key in the fragment never reaches a server; it leaves the address at once.
    sessionStorage.setItem(STORED, handed);
    history.replaceState(null, "", location.pathname + location.search);
  }
  return sessionStorage.getItem(STORED);
}

// Show the sign-in card until a key was given; `start` is called with a client of the space once there is one,
// and with what to call with the error when its credentials do not do.
export function admit(card, { space, isSignedIn }, start) {
  const form = card.querySelector("form");
  const problem = card.querySelector("[data-cb=problem]");
  const begin = (key) => {
    const client = connect({ url: location.origin, key: key ?? undefined, space });
    start(client, (error) => {
      client.close();
      sessionStorage.removeItem(STORED);
      problem.textContent = REFUSALS[error.code] ?? error.message;
      card.hidden = false;
    });
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const key = new FormData(form).get("key").trim();
    if (!key) return;
    sessionStorage.setItem(STORED, key);
    form.reset();
    problem.textContent = "";
    card.hidden = true;
    begin(key);
  });
  const key = keyOfTab();
  card.hidden = Boolean(key) || isSignedIn;
  if (card.hidden) begin(key);
}

// Call `say` with how live a page is: `live`, `lost`, and `over` after the last event.
export function tellConnection(client, following, say) {
  client.on("status", (status) => {
    if (status === "live" || status === "lost") say(status);
  });
  following.on("ended", () => say("over"));
}
