// Markdown that grows: complete blocks are drawn by the server, what is being written stands as plain text.

const drawn = new Map(); // HTML by text
const MOST_KEPT = 2000;
let waiting = new Map(); // those who wait, by text
let asking = null;

// Blocks of a text, and the rest that is still being written. A blank line ends a block, but not inside of a
// fence, nor where a list or a quotation may go on.
export function blocksOf(text, isFinal) {
  const blocks = [];
  let fence = null;
  let block = [];
  for (const line of text.split("\n")) {
    const mark = line.match(/^ {0,3}(`{3,}|~{3,})/)?.[1];
    if (mark && (fence === null || (mark[0] === fence[0] && mark.length >= fence.length))) fence = fence === null ? mark : null;
    const isLoose = block.length > 0 && block.at(-1) === "" && /^( {2,}|\t|[-*+] |\d+[.)] |>)/.test(line) && /^([-*+] |\d+[.)] |>)/.test(block[0]);
    if (block.length > 0 && block.at(-1) === "" && line !== "" && fence === null && !isLoose) {
      blocks.push(block.join("\n"));
      block = [];
    }
    if (line !== "" || block.length > 0 || fence !== null) block.push(line);
  }
  const rest = block.join("\n");
  return isFinal ? { blocks: rest.trim() ? [...blocks, rest] : blocks, rest: "" } : { blocks, rest };
}

// The HTML of a text, in one request with all that is asked for in the same moment.
function htmlOf(text, send) {
  if (drawn.has(text)) return Promise.resolve(drawn.get(text));
  return new Promise((resolve, reject) => {
    waiting.set(text, [...(waiting.get(text) ?? []), { resolve, reject }]);
    asking ??= setTimeout(() => ask(send), 0);
  });
}

async function ask(send) {
  const asked = waiting;
  waiting = new Map();
  asking = null;
  const texts = [...asked.keys()];
  try {
    for (let start = 0; start < texts.length; start += 100) {
      const some = texts.slice(start, start + 100);
      const { data } = await send("POST", "/v1/markdown", { texts: some });
      some.forEach((text, place) => {
        if (drawn.size > MOST_KEPT) drawn.delete(drawn.keys().next().value);
        drawn.set(text, data.html[place]);
        for (const { resolve } of asked.get(text)) resolve(data.html[place]);
      });
    }
  } catch (error) {
    for (const waiters of asked.values()) for (const { reject } of waiters) reject(error);
  }
}

export class MarkdownView {
  constructor(send) {
    this.send = send;
    this.element = document.createElement("div");
    this.element.className = "md";
    this.element.dir = "auto";
    this.tail = document.createElement("p");
    this.tail.className = "md-tail";
    this.shown = []; // the texts of the blocks that stand in `element`, each in a place of its own
  }

  show(text, isFinal) {
    const { blocks, rest } = blocksOf(text, isFinal);
    const same = this.shown.findIndex((block, place) => block !== blocks[place]);
    const kept = same < 0 ? Math.min(this.shown.length, blocks.length) : same;
    while (this.shown.length > kept) {
      this.shown.pop();
      this.element.children[this.shown.length].remove();
    }
    for (const block of blocks.slice(kept)) {
      this.shown.push(block);
      this.element.insertBefore(this.place(block), this.tail.parentElement ? this.tail : null);
    }
    this.tail.textContent = rest;
    if (rest) this.element.append(this.tail);
    else this.tail.remove();
  }

  // A block's place: its plain text until its HTML is there.
  place(block) {
    const place = document.createElement("div");
    const known = drawn.get(block);
    if (known !== undefined) {
      place.innerHTML = known; // from our own server, which lets no markup of others through
      return withCopying(place);
    }
    place.className = "md-tail";
    place.textContent = block;
    htmlOf(block, this.send).then(
      (html) => {
        place.className = "";
        place.innerHTML = html;
        withCopying(place);
      },
      () => {}, // it stays as it was written
    );
    return place;
  }
}

function withCopying(place) {
  for (const pre of place.querySelectorAll("pre")) {
    pre.tabIndex = 0;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "chat-copy";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(pre.querySelector("code")?.textContent ?? pre.textContent);
      button.textContent = "Copied";
      setTimeout(() => (button.textContent = "Copy"), 1500);
    });
    const frame = document.createElement("div");
    frame.className = "md-code";
    pre.replaceWith(frame);
    frame.append(pre, button);
  }
  for (const table of place.querySelectorAll("table")) {
    const frame = document.createElement("div");
    frame.className = "md-table";
    frame.tabIndex = 0;
    table.replaceWith(frame);
    frame.append(table);
  }
  return place;
}
