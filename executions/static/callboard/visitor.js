// Who looks at a page: somebody signed in, or somebody with an API key that stays in this tab.

const STORED = "callboard.key";

export class Visitor {
  constructor(isSignedIn) {
    this.isSignedIn = isSignedIn;
    const handed = new URLSearchParams(location.hash.slice(1)).get("key");
    if (handed) {
      // A key in the fragment never reaches a server; it leaves the address at once.
      sessionStorage.setItem(STORED, handed);
      history.replaceState(null, "", location.pathname + location.search);
    }
    this.key = sessionStorage.getItem(STORED);
  }

  get isKnown() {
    return Boolean(this.key) || this.isSignedIn;
  }

  useKey(key) {
    this.key = key;
    sessionStorage.setItem(STORED, key);
  }

  forget() {
    this.key = null;
    this.isSignedIn = false;
    sessionStorage.removeItem(STORED);
  }

  // The `data` (or the whole body, for lists) of an API answer; throws Refused.
  async get(path) {
    const answer = await fetch(path, { headers: this.headers() });
    if (!answer.ok) throw new Refused(answer.status);
    return answer.json();
  }

  // The answer to a change, null for an empty one; `body` is a form or what becomes JSON. Throws Refused.
  async send(method, path, body = null) {
    const isForm = body instanceof FormData;
    const headers = { ...this.headers(), ...(body && !isForm ? { "Content-Type": "application/json" } : {}) };
    const answer = await fetch(path, { method, headers, body: isForm || body === null ? body : JSON.stringify(body) });
    if (!answer.ok) throw new Refused(answer.status, await reason(answer));
    return answer.status === 204 ? null : answer.json();
  }

  // A key cannot travel with a socket's handshake, so a ticket stands for it, once and for a minute.
  async socketUrl() {
    const url = new URL("/v1/ws", location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    if (this.key) {
      const answer = await fetch("/v1/tickets", { method: "POST", headers: this.headers() });
      if (!answer.ok) throw new Refused(answer.status);
      url.searchParams.set("ticket", (await answer.json()).data.ticket);
    }
    return url.href;
  }

  headers() {
    const mark = document.querySelector("[name=csrfmiddlewaretoken]")?.value;
    return this.key ? { Authorization: `Bearer ${this.key}` } : mark ? { "X-CSRFToken": mark } : {};
  }
}

// What an error answer says, in its own words.
async function reason(answer) {
  try {
    const { detail } = await answer.json();
    return typeof detail === "string" ? detail : (detail?.[0]?.msg ?? "");
  } catch {
    return "";
  }
}

export class Refused extends Error {
  constructor(status, why = "") {
    super(why || `The API answered ${status}.`);
    this.status = status;
  }
}

// Show the sign-in card until a key was given; `start` is called with the visitor once there is one.
export function admit(card, isSignedIn, start) {
  const visitor = new Visitor(isSignedIn);
  const form = card.querySelector("form");
  const problem = card.querySelector("[data-cb=problem]");
  const turnAway = (why) => {
    visitor.forget();
    problem.textContent = why;
    card.hidden = false;
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const key = new FormData(form).get("key").trim();
    if (!key) return;
    visitor.useKey(key);
    form.reset();
    problem.textContent = "";
    card.hidden = true;
    start(visitor, turnAway);
  });
  card.hidden = visitor.isKnown;
  if (visitor.isKnown) start(visitor, turnAway);
}
