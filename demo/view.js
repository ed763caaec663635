// What an answer looks like (gr.HTML's js_on_load: element, props, watch and trigger are given).
// Everything that moves is a function of the player's time and of the windows; see answers.py.
const find = (name) => element.querySelector(".v-" + name);
const SVG = "http://www.w3.org/2000/svg";
const COLOURS = ["#e69f00", "#56b4e9", "#009e73", "#cc79a7", "#d55e00", "#4477bb", "#c9b900", "#aa6644"];
const GREY = "#98a2b3";
const LINES = { valence: "#1b9e77", arousal: "#d95f4c", dominance: "#6a7fd0" };
const WIDTH = 1000;
const LONG = 120; // seconds from which times are minutes and seconds
let now = null; // the answer that is shown
let player = null;

function make(name, attributes, parent, text) {
  const drawn = ["svg", "path", "line", "rect", "circle", "text", "polyline", "g"].includes(name);
  const node = drawn ? document.createElementNS(SVG, name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text !== undefined) node.textContent = text;
  if (parent) parent.appendChild(node);
  return node;
}

const percent = (share) => Math.round(100 * share) + "%";
const named = (name) => name.charAt(0).toUpperCase() + name.slice(1);
const middle = (w) => (w.start + w.end) / 2;
const clamp = (x, low, high) => Math.min(Math.max(x, low), high);
const clock = (t) => Math.floor(t / 60) + ":" + String(Math.floor(t % 60)).padStart(2, "0");
const seconds = (t) => (now.seconds < LONG ? t.toFixed(1) + " s" : clock(t) + " min");

function colour(i) {
  if (now.labels[i] === "neutral") return GREY;
  const others = now.labels.filter((name) => name !== "neutral");
  const place = others.indexOf(now.labels[i]);
  if (others.length <= COLOURS.length) return COLOURS[place];
  return "hsl(" + Math.round((360 * place) / others.length) + " 55% 52%)";
}

// ---- The states

function show() {
  const said = props.value || { state: "empty" };
  for (const state of ["work", "fail", "done"]) find(state).hidden = true;
  if (player) player.pause();
  ({ empty() {}, working, failed, done }[said.state])(said);
}

function working(said) {
  if (now !== "working") find("say").textContent = "Working";
  now = "working";
  find("work").hidden = false;
  find("doing").textContent = said.text;
  find("work").querySelector("progress").value = said.share;
}

function failed(said) {
  now = null;
  const box = find("fail");
  box.hidden = false;
  box.querySelector("h2").textContent = said.title;
  box.querySelector("p").textContent = said.text;
  find("say").textContent = "";
  arrive(box.querySelector("h2"));
}

function done(said) {
  now = said;
  find("done").hidden = false;
  find("say").textContent = "Done";
  headline();
  load();
  timeline();
  bars();
  wheel();
  paint();
  arrive(find("title"));
}

function arrive(heading) {
  const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  heading.focus({ preventScroll: true });
  element.scrollIntoView({ behavior: still ? "auto" : "smooth", block: "start" });
}

function headline() {
  const said = now.windows.filter((w) => !w.skipped);
  find("title").textContent = now.file;
  let text = "";
  if (now.emotion) {
    const best = now.mean[now.labels.indexOf(now.emotion)];
    text = named(now.emotion) + " most of all: " + percent(best) + " on average over " + seconds(now.seconds) + ".";
  }
  const sets = said.filter((w) => w.likely).map((w) => w.likely.length);
  if (sets.length) {
    const mean = sets.reduce((a, b) => a + b, 0) / sets.length;
    text += " At a moment it leaves " + mean.toFixed(1) + " of " + now.labels.length + " emotions open.";
  }
  const left = now.windows.length - said.length;
  if (left) text += " Of " + now.windows.length + " moments it says nothing about " + left + ".";
  find("mostly").textContent = text;
  find("notes").hidden = !now.notes.length;
  find("notes").textContent = now.notes.join("; ") + ". Another model answers instead.";
  find("from").textContent = "Said by " + now.run.name + ", which " + now.run.senses + ", trained on " +
    now.run.data + " (step " + now.step + "). A guess at an expression is not what a person feels.";
  find("promise").textContent = now.promise
    ? "Bold: the set that " + now.promise + "."
    : now.together || !now.labels.length ? "" : "Not calibrated: these are the network's own shares; --mode=evaluate fits them.";
  find("interval").textContent = now.interval ? "Shaded: " + now.interval + ". Other people may fall outside more often." : "";
}

// ---- The player

function load() {
  const film = now.shape[0] > 0;
  const video = element.querySelector("video"), audio = element.querySelector("audio");
  for (const one of [video, audio]) { one.removeAttribute("src"); one.load(); }
  find("stage").hidden = !film;
  audio.hidden = film;
  player = film ? video : audio;
  if (film) find("stage").style.setProperty("--ratio", now.shape[0] / now.shape[1]);
  player.src = "copies/" + now.copy;
}

function seek(t) {
  player.currentTime = clamp(t, 0, now.seconds);
  paint();
}

function follow() {
  paint();
  if (player && !player.paused && !player.ended) requestAnimationFrame(follow);
}

for (const one of element.querySelectorAll("video, audio")) {
  one.addEventListener("play", follow);
  for (const name of ["timeupdate", "seeked", "pause", "loadeddata"]) one.addEventListener(name, paint);
}

// ---- What is said at a time

function at(t) {
  const all = now.windows;
  let i = 0;
  for (let k = 1; k < all.length; k++) if (Math.abs(middle(all[k]) - t) < Math.abs(middle(all[i]) - t)) i = k;
  const w = all[i], j = t < middle(w) ? i - 1 : i + 1, other = all[j];
  const mixed = other && !other.skipped && !w.skipped;
  const share = mixed ? clamp(Math.abs(t - middle(w)) / Math.abs(middle(other) - middle(w)), 0, 0.5) : 0;
  const mix = (a, b) => (b === undefined || b === null ? a : a + share * (b - a));
  const each = (x, y) => (x ? Object.fromEntries(Object.entries(x).map(([k, v]) => [k, mix(v, (y || {})[k])])) : {});
  const list = (x, y) => (x ? x.map((v, k) => mix(v, y ? y[k] : null)) : null);
  const o = mixed ? other : {};
  return {
    w,
    shares: list(w.shares, o.shares),
    vad: each(w.vad, o.vad),
    ends: w.ends ? Object.fromEntries(Object.entries(w.ends).map(([k, v]) => [k, list(v, (o.ends || {})[k])])) : null,
    box: list(w.box, o.box),
  };
}

function paint() {
  if (!now || !now.windows || !player) return;
  const t = clamp(player.currentTime || 0, 0, now.seconds);
  const said = at(t);
  find("at").textContent = seconds(t);
  find("head").style.left = (100 * t) / now.seconds + "%";
  paintFace(said);
  const top = said.w.skipped ? "nothing: " + said.w.skipped : said.shares && said.shares.length
    ? now.labels[said.shares.indexOf(Math.max(...said.shares))] : "";
  const slider = find("time");
  slider.setAttribute("aria-valuenow", t.toFixed(1));
  slider.setAttribute("aria-valuetext", seconds(t) + " of " + seconds(now.seconds) + ": " + top);
  find("now").classList.toggle("v-nothing", !!said.w.skipped);
  find("words").textContent = said.w.skipped
    ? "Nothing is said here: " + said.w.skipped + "."
    : said.w.words.set || (top ? named(top) + "." : "");
  paintBars(said);
  paintPoint(t, said);
}

function paintFace(said) {
  const face = find("face"), box = find("box");
  face.hidden = !said.w.face;
  if (said.w.face && face.src !== said.w.face) face.src = said.w.face;
  box.hidden = !said.box || !now.shape[0];
  if (box.hidden) return;
  const [left, top, width, height] = said.box, [w, h] = now.shape;
  const place = { left: left / w, top: top / h, width: width / w, height: height / h };
  for (const [side, share] of Object.entries(place)) box.style[side] = 100 * share + "%";
}

// ---- Bars

function order() {
  return now.labels.map((_, i) => i).sort((a, b) => now.mean[b] - now.mean[a]);
}

function bars() {
  const place = find("bars");
  place.replaceChildren();
  for (const i of order()) {
    const row = make("div", { class: "v-bar", role: "listitem", "data-i": i }, place);
    make("span", { class: "v-name" }, row, now.labels[i]);
    const track = make("span", { class: "v-track" }, row);
    make("i", { style: "background:" + colour(i) }, track);
    make("span", { class: "v-number" }, row);
  }
}

function paintBars(said) {
  for (const row of find("bars").children) {
    const i = +row.dataset.i, share = said.shares ? said.shares[i] : 0;
    row.querySelector("i").style.width = 100 * share + "%";
    row.querySelector(".v-number").textContent = said.shares ? percent(share) : "";
    row.classList.toggle("v-likely", !!said.w.likely && said.w.likely.includes(now.labels[i]));
  }
}

// ---- The circumplex: valence to the right, arousal upwards

let point = null, area = null, trail = null;

function wheel() {
  const has = now.windows.some((w) => w.vad && "valence" in w.vad);
  find("affect").hidden = !has;
  if (!has) return;
  const svg = find("wheel");
  svg.replaceChildren();
  make("circle", { r: 1, class: "v-disc" }, svg);
  make("line", { x1: -1, x2: 1, class: "v-axis" }, svg);
  make("line", { y1: -1, y2: 1, class: "v-axis" }, svg);
  const both = now.windows.some((w) => w.vad && "arousal" in w.vad);
  for (const [x, y, anchor, text] of [
    [0, -1.1, "middle", both ? "excited" : ""], [0, 1.22, "middle", both ? "calm" : ""],
    [-1.07, 0.05, "end", "unpleasant"], [1.07, 0.05, "start", "pleasant"],
  ]) make("text", { x, y, "text-anchor": anchor }, svg, text);
  area = make("rect", { class: "v-area", rx: 0.06 }, svg);
  trail = make("polyline", { class: "v-trail" }, svg);
  point = make("circle", { r: 0.075, class: "v-point" }, svg);
  const list = find("vad");
  list.replaceChildren();
  for (const name of Object.keys(LINES)) {
    const row = make("div", { "data-name": name }, list);
    make("dt", {}, row, name);
    make("dd", {}, row);
  }
}

function paintPoint(t, said) {
  if (find("affect").hidden) return;
  const here = !said.w.skipped && "valence" in said.vad;
  for (const node of [point, area, trail]) node.style.display = here ? "" : "none";
  for (const row of find("vad").children) {
    const words = here ? said.w.words[row.dataset.name] : "";
    row.hidden = !words;
    row.querySelector("dd").textContent = words || "";
  }
  if (!here) return find("wheel").setAttribute("aria-label", "Valence and arousal: nothing is said");
  const x = said.vad.valence, y = "arousal" in said.vad ? said.vad.arousal : 0;
  point.setAttribute("cx", x);
  point.setAttribute("cy", -y);
  const past = now.windows.filter((w) => !w.skipped && middle(w) > t - 8 && middle(w) < t);
  const way = past.map((w) => w.vad.valence + "," + -(w.vad.arousal || 0)).concat(x + "," + -y);
  trail.setAttribute("points", way.join(" "));
  if (said.ends && said.ends.arousal) {
    const [left, right] = said.ends.valence, [low, high] = said.ends.arousal;
    for (const [k, v] of Object.entries({ x: left, y: -high, width: right - left, height: high - low }))
      area.setAttribute(k, v);
  } else area.style.display = "none";
  find("wheel").setAttribute("aria-label",
    "Valence " + x.toFixed(2) + ", arousal " + y.toFixed(2) + ", each from -1 to 1");
}

hands();
find("halt").addEventListener("click", () => trigger("halt"));
watch("value", show);
show();
