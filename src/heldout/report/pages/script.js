// Two conveniences; without them the page says the same: cells open where they are, and sliders move the 2 x 2 table.
"use strict";
document.documentElement.classList.add("js");

// ---- the rows behind a cell ----
const places = [...document.querySelectorAll("svg.confusion a")];
let opened = null, from = null;

function show(target, link) {
  const panel = document.getElementById(target);
  if (!panel) return;
  if (opened) opened.classList.remove("open");
  places.forEach((place) => {
    if (place.getAttribute("href") === "#" + target) place.setAttribute("aria-current", "true");
    else place.removeAttribute("aria-current");
  });
  panel.classList.add("open");
  panel.querySelector("h3").focus({ preventScroll: true });
  panel.scrollIntoView({ block: "nearest" });
  opened = panel;
  from = link;
}

function close() {
  if (!opened) return;
  opened.classList.remove("open");
  places.forEach((place) => place.removeAttribute("aria-current"));
  opened = null;
  if (from) from.focus();
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a");
  if (!link) return;
  const target = link.getAttribute("href").slice(1);
  if (target.startsWith("cell-")) {
    event.preventDefault();
    show(target, link);
  } else if (link.classList.contains("close")) {
    event.preventDefault();
    close();
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") close();
});

// arrows walk over the matrix, and the tab key enters and leaves it once
const at = new Map(places.map((place) => [place.getAttribute("href").slice(6), place]));
function stop(here) {
  places.forEach((place) => place.setAttribute("tabindex", place === here ? "0" : "-1"));
}
const steps = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] };
places.forEach((place) =>
  place.addEventListener("keydown", (event) => {
    const step = steps[event.key];
    if (!step) return;
    event.preventDefault();
    let [row, column] = place.getAttribute("href").slice(6).split("-").map(Number);
    for (let tries = 0; tries < 100; tries++) {
      row += step[0];
      column += step[1];
      const next = at.get(row + "-" + column);
      if (next) {
        stop(next);
        next.focus();
        return;
      }
    }
  }),
);
if (places.length) stop(places[0]);
if (location.hash.startsWith("#cell-")) show(location.hash.slice(1), null);

// ---- threshold and share of positives ----
const source = document.getElementById("decision-data");
if (source) decide(JSON.parse(source.textContent));

function decide(data) {
  const threshold = document.getElementById("threshold"), share = document.getElementById("share");
  const boards = [...document.querySelectorAll(".board")];

  function draw() {
    const place = Number(threshold.value), moved = Number(share.value) !== data.own;
    const used = place === data.used ? " (in use)" : "";
    say(threshold, "threshold-value", number(data.thresholds[place]) + used);
    const stated = percent(data.shares[Number(share.value)]);
    say(share, "share-value", moved ? stated : stated + " (as in these rows)");
    boards.forEach((board, i) => fill(board, data.sets[i], place, moved ? data.shares[Number(share.value)] : null));
  }

  function fill(board, set, place, at) {
    const tp = set.tp[place], fp = set.fp[place], fn = set.positive - tp, tn = set.negative - fp;
    const tpr = part(tp, set.positive), tnr = part(tn, set.negative);
    let cells = { tp, fn, fp, tn };
    if (at !== null) {
      const yes = data.rows * at, no = data.rows * (1 - at), hits = (tpr || 0) * yes, quiet = (tnr || 0) * no;
      cells = { tp: hits, fn: yes - hits, fp: no - quiet, tn: quiet };
    }
    for (const key in cells) {
      board.querySelector(`[data-cell="${key}"]`).textContent = at === null ? count(cells[key]) : expected(cells[key]);
    }
    board.querySelector(".own").hidden = at !== null;
    board.querySelector(".new").hidden = at === null;
    const held = at === null ? set.positive / (set.positive + set.negative) : at;
    const ends = [wilson(tp, set.positive, set), wilson(tn, set.negative, set)];
    const rates = ratesAt(tpr, tnr, held);
    for (const key in rates) {
      const style = key === "f1" || key === "mcc" ? number : percent;
      board.querySelector(`[data-rate="${key}"]`).textContent = style(rates[key]);
      const plain = key === "accuracy" && at === null;
      const range = plain ? wilson(tp + tn, set.positive + set.negative, set) : between(key, rates[key], tpr, tnr, ends, held);
      const low = range && style(range[0]).replace(" %", "");
      board.querySelector(`[data-ends="${key}"]`).textContent = range ? `${low} to ${style(range[1])}` : "";
    }
  }

  threshold.addEventListener("input", draw);
  share.addEventListener("input", draw);
  document.getElementById("as-it-is").addEventListener("click", () => {
    threshold.value = data.used;
    share.value = data.own;
    draw();
  });
  document.querySelector(".sliders").hidden = false;
}

function say(input, output, text) {
  input.setAttribute("aria-valuetext", text);
  document.getElementById(output).textContent = text;
}

function part(some, all) {
  return all ? some / all : null;
}

function ratesAt(tpr, tnr, share) {
  const hit = (tpr || 0) * share, quiet = (tnr || 0) * (1 - share), miss = share - hit, alarm = 1 - share - quiet;
  const spread = share * (1 - share) * (hit + alarm) * (miss + quiet);
  const divide = (above, below) => (below > 1e-12 ? above / below : null);
  return {
    accuracy: hit + quiet,
    tpr,
    tnr,
    ppv: divide(hit, hit + alarm),
    npv: divide(quiet, quiet + miss),
    f1: divide(2 * hit, 2 * hit + alarm + miss),
    mcc: spread > 1e-15 ? (hit * quiet - alarm * miss) / Math.sqrt(spread) : 0,
  };
}

function wilson(some, all, set) {
  if (!all) return [0, 1];
  const n = all * set.weight, k = some * set.weight, z = set.z;
  const middle = (k + (z * z) / 2) / (n + z * z);
  const half = (z / (n + z * z)) * Math.sqrt(Math.max(0, (k * (n - k)) / n) + (z * z) / 4);
  return [Math.max(0, middle - half), Math.min(1, middle + half)];
}

function between(key, value, tpr, tnr, ends, share) {
  if (value === null) return null;
  const [low, high] = [0, 1].map((end) => {
    const moved = [
      ratesAt(tpr === null ? null : ends[0][end], tnr, share)[key],
      ratesAt(tpr, tnr === null ? null : ends[1][end], share)[key],
    ];
    return Math.hypot(...moved.map((other) => (other === null ? 0 : value - other)));
  });
  return [Math.max(key === "mcc" ? -1 : 0, value - low), Math.min(1, value + high)];
}

// numbers as the rest of the page writes them: never rounded up to a perfect 1 or down to 0
function percent(value, digits = 1) {
  if (value === null) return "–";
  if (value === 0 || value === 1) return (value * 100).toFixed(0) + " %";
  const text = (value * 100).toFixed(digits);
  if (0 < Number(text) && Number(text) < 100) return text + " %";
  if (digits < 2) return percent(value, digits + 1);
  return value > 0.5 ? "> 99.99 %" : "< 0.01 %";
}

function number(value, digits = 3) {
  if (value === null) return "–";
  if (value < 1 && Number(value.toFixed(digits)) >= 1) return digits < 5 ? number(value, digits + 1) : "> 0.99999";
  return value.toFixed(digits).replace("-", "−");
}

function count(value) {
  return value.toLocaleString("en-US");
}

function expected(value) {
  return value < 9.95 ? value.toFixed(1) : Math.round(value).toLocaleString("en-US");
}
