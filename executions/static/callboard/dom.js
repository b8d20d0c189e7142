// Building elements, and colouring JSON, without any HTML text: nothing a run says is ever parsed as markup.

import { localMoment, moment } from "./format.js";

export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "class") element.className = value;
    else if (name === "dataset") Object.assign(element.dataset, value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

export function badge(state) {
  return el("span", { class: "cb-badge", dataset: { state } }, state.replaceAll("_", " "));
}

// What somebody else wrote, in whatever direction: it never tears the line that it stands in.
export function foreign(text) {
  return el("bdi", {}, text);
}

const PICTURE = /\.(png|jpe?g|gif|webp|svg|avif)$/i;

export function isPicture(name) {
  return PICTURE.test(name);
}

// A link as this host knows it: behind a proxy the API may call itself by another name.
export function ownAddress(link) {
  const { pathname, search } = new URL(link);
  return pathname + search;
}

export function when(iso) {
  return el("time", { datetime: iso, title: localMoment(iso) }, moment(iso));
}

const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|\b(?:true|false|null)\b|-?\b\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\b/g;
const COLOURED_AT_MOST = 40000; // characters: past that the spans cost more than they help

export function colourJson(pre, text) {
  if (text.length > COLOURED_AT_MOST) {
    pre.textContent = text;
    return pre;
  }
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(TOKEN)) {
    parts.push(text.slice(end, match.index));
    const kind = match[2] ? "k" : match[1] ? "s" : "n";
    parts.push(el("bdi", { class: kind }, match[1] ?? match[0]), match[2] ?? "");
    end = match.index + match[0].length;
  }
  pre.replaceChildren(...parts, text.slice(end));
  return pre;
}

export function jsonBlock(value) {
  return colourJson(el("pre", { class: "cb-json", tabindex: "0" }), JSON.stringify(value, null, 2));
}
