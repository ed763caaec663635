// The timeline under the player, and hands on it. Functions alone, of view.js's names.

// Stretches without a skipped window between them, their ends held out: [[time, window], ...].
function stretches() {
  const out = [];
  let run = null;
  for (const w of now.windows) {
    if (w.skipped) { run = null; continue; }
    if (!run) out.push((run = [[w.start, w]]));
    run.push([middle(w), w]);
  }
  for (const one of out) one.push([one[one.length - 1][1].end, one[one.length - 1][1]]);
  return out;
}

function across(t) {
  return (WIDTH * clamp(t / now.seconds, 0, 1)).toFixed(1);
}

function row(name, height) {
  const place = make("div", { class: "v-row v-row-" + name }, find("rows"));
  make("span", { class: "v-row-name", "aria-hidden": "true" }, place, name);
  return make("svg", { viewBox: "0 0 " + WIDTH + " " + height, preserveAspectRatio: "none", "aria-hidden": "true",
    style: "height:" + height + "px" }, place);
}

function timeline() {
  find("rows").replaceChildren();
  find("keys").replaceChildren();
  find("ticks").replaceChildren();
  const runs = stretches(), has = (name) => now.windows.some((w) => w.vad && name in w.vad);
  if (now.labels.length) (now.together ? sharesApart : sharesStacked)(row("emotions", 110), runs, 110);
  if (has("valence") || has("arousal")) dimensions(row("affect", 84), runs, 84, has);
  if (now.outline.length) sound(row("sound", 30), 30);
  const steps = [0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200], long = now.seconds >= LONG;
  const step = steps.find((s) => now.seconds / s <= 7) || 3600;
  for (let t = 0; t <= now.seconds; t += step)
    make("span", { style: "left:" + (100 * t) / now.seconds + "%" }, find("ticks"), long ? clock(t) : t + (t ? "" : " s"));
  find("time").setAttribute("aria-valuemax", now.seconds.toFixed(1));
}

function band(svg, upper, lower, attributes) {
  const way = upper.concat(lower.slice().reverse()).map(([x, y]) => x + " " + y.toFixed(2));
  make("path", { d: "M" + way.join("L") + "Z", ...attributes }, svg);
}

function sharesStacked(svg, runs, height) {
  for (const run of runs) {
    let base = run.map(() => 0);
    for (const i of order()) {
      const top = base.map((b, k) => b + run[k][1].shares[i]);
      const edge = (ys) => ys.map((y, k) => [across(run[k][0]), height * (1 - y)]);
      band(svg, edge(top), edge(base), { fill: colour(i), class: "v-layer" });
      base = top;
    }
  }
}

function line(svg, points, attributes) {
  make("polyline", { points: points.map((p) => p.join(",")).join(" "), ...attributes }, svg);
}

function sharesApart(svg, runs, height) {
  for (const run of runs) for (const i of order())
    line(svg, run.map(([t, w]) => [across(t), height * (1 - w.shares[i])]), { class: "v-line", stroke: colour(i) });
}

function dimensions(svg, runs, height, has) {
  const down = (v) => (height * (1 - v)) / 2;
  make("line", { x1: 0, x2: WIDTH, y1: height / 2, y2: height / 2, class: "v-axis" }, svg);
  for (const [name, stroke] of Object.entries(LINES).filter(([name]) => has(name))) {
    for (const run of runs) {
      const edge = (k) => run.map(([t, w]) => [across(t), down(w.ends[name][k])]);
      if (run[0][1].ends) band(svg, edge(1), edge(0), { fill: stroke, opacity: 0.1 });
      line(svg, run.map(([t, w]) => [across(t), down(w.vad[name])]), { class: "v-line", stroke });
    }
    const key = make("li", {}, find("keys"), name);
    key.style.setProperty("--key", stroke);
  }
}

function sound(svg, height) {
  const top = Math.max(...now.outline.map(([, low, high]) => Math.max(-low, high)), 1e-3);
  const edge = (k) => now.outline.map((o) => [across(o[0]), (height * (1 - o[k] / top)) / 2]);
  band(svg, edge(2), edge(1), { class: "v-wave" });
}

function pointed(event) {
  const place = find("rows").getBoundingClientRect();
  seek((now.seconds * (event.clientX - place.left)) / place.width);
}

function hands() {
  find("time").addEventListener("pointerdown", (event) => {
    event.currentTarget.setPointerCapture(event.pointerId);
    pointed(event);
  });
  find("time").addEventListener("pointermove", (event) => { if (event.buttons) pointed(event); });
  find("time").addEventListener("keydown", (event) => {
    const t = player.currentTime, far = now.seconds / 10;
    const to = { ArrowLeft: t - 0.5, ArrowDown: t - 0.5, ArrowRight: t + 0.5, ArrowUp: t + 0.5,
      PageDown: t - far, PageUp: t + far, Home: 0, End: now.seconds }[event.key];
    if (to !== undefined) seek(to);
    else if (event.key === " ") player.paused ? player.play() : player.pause();
    else return;
    event.preventDefault();
  });
}
